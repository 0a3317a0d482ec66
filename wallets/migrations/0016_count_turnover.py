from django.db import migrations

# Called by wallets/limits.py alone. It refuses by an error, so nobody has to wait for its answer to know.
COUNT = """
CREATE FUNCTION wallets_count_turnover(of_account varchar, of_month date, euros numeric, at_most numeric)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO wallets_monthlyturnover AS turnover (account_id, month, amount)
    SELECT of_account, of_month, euros WHERE euros <= at_most
    ON CONFLICT (account_id, month) DO UPDATE SET amount = turnover.amount + excluded.amount
    WHERE turnover.amount + excluded.amount <= at_most;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'limits exceeded' USING ERRCODE = 'OKLIM';
    END IF;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0015_changed_transactions"),
    ]

    operations = [
        migrations.RunSQL(COUNT, "DROP FUNCTION wallets_count_turnover(varchar, date, numeric, numeric)"),
    ]
