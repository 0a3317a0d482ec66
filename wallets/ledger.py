"""The one place where money moves.

Clients' balances change together with the entries that explain them, in the caller's database transaction. Each balance
is changed by one conditional statement, in the order of wallet and currency: so two payments never wait for each other
in a circle, and none takes a balance below zero. House wallets have entries only.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F, Sum

from wallets.errors import InsufficientFunds
from wallets.models import Balance, Entry, Transaction, Wallet
from wallets.money import CENT, ZERO

# Rows of one INSERT: more would only make the statement longer.
BATCH = 2000


@dataclass(frozen=True)
class Leg:
    """An amount into a wallet, or out of it when negative."""

    wallet: Wallet
    currency: str
    amount: Decimal


def post(transaction: Transaction, legs: Sequence[Leg], *, now: datetime) -> None:
    """Book the legs of a transaction. Raises InsufficientFunds; then the caller rolls back."""
    post_many([(transaction, legs)], now=now)


def post_many(bookings: Iterable[tuple[Transaction, Sequence[Leg]]], *, now: datetime) -> None:
    """Book many transactions at once: each has its own entries, each balance changes once, by what they come to.

    Whether there is enough money is asked of the sums. Raises InsufficientFunds; then the caller rolls back.
    """
    assert connection.in_atomic_block, "money moves within a database transaction"
    merged = [(transaction, _merged(legs)) for transaction, legs in bookings]
    for _transaction, legs in merged:
        _assert_balanced(legs)
    for leg in _merged(leg for _transaction, legs in merged for leg in legs):
        if not leg.wallet.is_house:
            _change_balance(leg)
    Entry.objects.bulk_create(
        (
            Entry(
                transaction=transaction,
                wallet=leg.wallet,
                currency_id=leg.currency,
                amount=leg.amount,
                created_at=now,
            )
            for transaction, legs in merged
            for leg in legs
        ),
        batch_size=BATCH,
    )


def undo(transaction: Transaction, *, now: datetime) -> None:
    """Book the opposite of all that the transaction has booked so far."""
    booked = transaction.entries.values("wallet", "currency").annotate(sum=Sum("amount"))
    wallets = Wallet.objects.in_bulk([row["wallet"] for row in booked])
    post(transaction, [Leg(wallets[row["wallet"]], row["currency"], -row["sum"]) for row in booked], now=now)


def _merged(legs: Iterable[Leg]) -> list[Leg]:
    """One leg per wallet and currency, none of zero, in the order in which balances are locked."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    wallets = {}
    for leg in legs:
        sums[leg.wallet.id, leg.currency] += leg.amount
        wallets[leg.wallet.id] = leg.wallet
    return [Leg(wallets[key[0]], key[1], amount) for key, amount in sorted(sums.items()) if amount]


def _assert_balanced(legs: Sequence[Leg]) -> None:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        assert leg.amount == leg.amount.quantize(CENT), f"{leg.amount} is not whole cents"
        sums[leg.currency] += leg.amount
    assert not any(sums.values()), f"entries must sum to zero in each currency: {dict(sums)}"


def _change_balance(leg: Leg) -> None:
    if leg.amount < 0:
        taken = Balance.objects.filter(wallet=leg.wallet, currency_id=leg.currency, amount__gte=-leg.amount).update(
            amount=F("amount") + leg.amount
        )
        if not taken:
            raise InsufficientFunds
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_balance (wallet_id, currency_id, amount) VALUES (%s, %s, %s)"
            " ON CONFLICT (wallet_id, currency_id) DO UPDATE SET amount = wallets_balance.amount + excluded.amount",
            [leg.wallet.id, leg.currency, leg.amount],
        )
