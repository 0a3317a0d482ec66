"""How much an account may pay out of its balances in a calendar month."""

from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from sandbox.prepared import Prepared
from wallets import exchange
from wallets.errors import LimitsExceeded
from wallets.models import Account, Currency
from wallets.money import D

# In euros; other currencies count at the rate of the day. docs/decisions.md: the official text names EUR and USD only.
MONTHLY_LIMIT_UNVERIFIED = D("300.00")
MONTHLY_LIMIT_VERIFIED = D("100000.00")


def limit_of(account: Account) -> Decimal:
    return MONTHLY_LIMIT_VERIFIED if account.is_verified else MONTHLY_LIMIT_UNVERIFIED


def count(account: Account, amount: Decimal, currency: Currency, *, now: datetime) -> None:
    """Count a payment against the month. Raises LimitsExceeded. Call it before any balance is locked."""
    limit = limit_of(account)
    euros = exchange.in_euros(amount, currency)
    with connection.cursor() as cursor:
        _count.execute(cursor, [account.id, _month(now), euros, limit])
        if not cursor.rowcount:
            raise LimitsExceeded(limit)


_count = Prepared(
    "wallets_monthlyturnover_count",
    "INSERT INTO wallets_monthlyturnover AS t (account_id, month, amount)"
    " SELECT $1, $2::date, $3::numeric WHERE $3 <= $4::numeric"
    " ON CONFLICT (account_id, month) DO UPDATE SET amount = t.amount + excluded.amount"
    " WHERE t.amount + excluded.amount <= $4",
)


def give_back(account: Account, amount: Decimal, currency: Currency, *, paid_at: datetime) -> None:
    """A canceled or reversed payment does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_monthlyturnover SET amount = greatest(0, amount - %s) WHERE account_id = %s AND month = %s",
            [exchange.in_euros(amount, currency), account.id, _month(paid_at)],
        )


def _month(moment: datetime) -> date:
    return moment.date().replace(day=1)
