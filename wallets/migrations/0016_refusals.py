from importlib import import_module

from django.db import migrations

# Functions that refuse by errors (wallets/refusals.py): so nobody has to wait for their answers to know. That of
# migration 0014 answered whether there was enough money.
# Called by wallets/limits.py alone.
COUNT = """
CREATE FUNCTION wallets_count_turnover(of_account varchar, of_month date, euros numeric, at_most numeric)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallets_monthlyturnover AS turnover (account_id, month, amount)
    SELECT of_account, of_month, euros WHERE euros <= at_most
    ON CONFLICT (account_id, month) DO UPDATE SET amount = turnover.amount + excluded.amount
    WHERE turnover.amount + excluded.amount <= at_most;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'limits exceeded' USING ERRCODE = 'OKLIM', DETAIL = at_most;
    END IF;
END
$$;
"""
# Called by wallets/ledger.py alone.
BOOK = """
CREATE FUNCTION wallets_book(
    -- balances, in the order in which they are to be locked, and how each changes
    owners varchar[], held_in varchar[], changes numeric[],
    -- entries
    transactions bigint[], wallets varchar[], currencies varchar[], amounts numeric[], booked_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    leg record;
BEGIN
    FOR leg IN SELECT * FROM unnest(owners, held_in, changes) AS leg (owner, currency, change) LOOP
        IF leg.change < 0 THEN
            UPDATE wallets_balance SET amount = amount + leg.change
            WHERE wallet_id = leg.owner AND currency_id = leg.currency AND amount >= -leg.change;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'insufficient funds' USING ERRCODE = 'OKFUN';
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
END
$$;
"""
DROP = "DROP FUNCTION wallets_book(varchar[], varchar[], numeric[], bigint[], varchar[], varchar[], numeric[], timestamptz)"
BOOK_THAT_ANSWERS = import_module("wallets.migrations.0014_book").BOOK


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0015_changed_transactions"),
    ]

    operations = [
        migrations.RunSQL(COUNT, "DROP FUNCTION wallets_count_turnover(varchar, date, numeric, numeric)"),
        migrations.RunSQL(DROP, BOOK_THAT_ANSWERS),
        migrations.RunSQL(BOOK, DROP),
    ]
