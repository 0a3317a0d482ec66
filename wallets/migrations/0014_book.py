from django.db import migrations

# Called by wallets/ledger.py alone. A round trip per balance would keep each locked for as long as the others take.
# plpgsql remembers the plans of its statements.
BOOK = """
CREATE FUNCTION wallets_book(
    -- balances, in the order in which they are to be locked, and how each changes
    owners varchar[], held_in varchar[], changes numeric[],
    -- entries
    transactions bigint[], wallets varchar[], currencies varchar[], amounts numeric[], booked_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    leg record;
BEGIN
    FOR leg IN SELECT * FROM unnest(owners, held_in, changes) AS leg (owner, currency, change) LOOP
        IF leg.change < 0 THEN
            UPDATE wallets_balance SET amount = amount + leg.change
            WHERE wallet_id = leg.owner AND currency_id = leg.currency AND amount >= -leg.change;
            IF NOT FOUND THEN
                RETURN false;
            END IF;
        ELSE
            INSERT INTO wallets_balance AS balance (wallet_id, currency_id, amount)
            VALUES (leg.owner, leg.currency, leg.change)
            ON CONFLICT (wallet_id, currency_id) DO UPDATE SET amount = balance.amount + excluded.amount;
        END IF;
    END LOOP;
    INSERT INTO wallets_entry (transaction_id, wallet_id, currency_id, amount, created_at)
    SELECT leg_of, owner, currency, change, booked_at
    FROM unnest(transactions, wallets, currencies, amounts) AS entry (leg_of, owner, currency, change);
    RETURN true;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0013_ledger_checkpoints"),
    ]

    operations = [
        migrations.RunSQL(
            BOOK,
            "DROP FUNCTION wallets_book(varchar[], varchar[], numeric[], bigint[], varchar[], varchar[], numeric[], timestamptz)",
        ),
    ]
