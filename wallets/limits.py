"""How much an account may pay out of its balances in a calendar month."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from sandbox.prepared import Prepared
from wallets import exchange, refusals
from wallets.models import Account, Currency
from wallets.money import D

# In euros; other currencies count at the rate of the day. docs/decisions.md: the official text names EUR and USD only.
MONTHLY_LIMIT_UNVERIFIED = D("300.00")
MONTHLY_LIMIT_VERIFIED = D("100000.00")


def limit_of(account: Account) -> Decimal:
    return MONTHLY_LIMIT_VERIFIED if account.is_verified else MONTHLY_LIMIT_UNVERIFIED


def count(account: Account, amount: Decimal, currency: Currency, *, now: datetime) -> None:
    """Count a payment against the month. Raises LimitsExceeded; then the caller rolls back.

    Call it before any balance is locked.
    """
    with refusals.told(), connection.cursor() as cursor:
        _count.execute(cursor, _counted(account, amount, currency, now))


def count_along(account: Account, amount: Decimal, currency: Currency, *, now: datetime) -> None:
    """`count` with the caller's next statement; who comes around his transaction is told of a refusal."""
    _count.send_along(_counted(account, amount, currency, now))


_count = Prepared("wallets_count_turnover", "SELECT wallets_count_turnover($1, $2, $3, $4)")


def _counted(account: Account, amount: Decimal, currency: Currency, now: datetime) -> list[Any]:
    return [account.id, _month(now), exchange.in_euros(amount, currency), limit_of(account)]


def give_back(account: Account, amount: Decimal, currency: Currency, *, paid_at: datetime) -> None:
    """A canceled or reversed payment does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_monthlyturnover SET amount = greatest(0, amount - %s) WHERE account_id = %s AND month = %s",
            [exchange.in_euros(amount, currency), account.id, _month(paid_at)],
        )


def _month(moment: datetime) -> date:
    return moment.date().replace(day=1)
