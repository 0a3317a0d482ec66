"""The one place where money moves.

Clients' balances change together with the entries that explain them, in the caller's database transaction. Each balance
is changed by one conditional statement, in the order of wallet and currency: so two payments never wait for each other
in a circle, and none takes a balance below zero. House wallets have entries only.

What is booked is decided here. `wallets_book`, a function of the database (migration 0016), writes it down in one round
trip, or in none of its own; tests/wallets/plain_ledger.py says in Django's words what it does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum

from sandbox.prepared import Prepared
from wallets import refusals
from wallets.models import Transaction, Wallet
from wallets.money import CENT, ZERO

# Rows of one INSERT: more would only make the statement longer. For those who save many transactions at once.
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


def post_along(transaction: Transaction, legs: Sequence[Leg], *, now: datetime) -> None:
    """`post` with the caller's next statement; who comes around his transaction is told of a refusal.

    When that is the end of the transaction, no balance stays locked for longer than the server takes.
    """
    changes, entries = _settled([(transaction, legs)])
    _write_along(changes, entries, now)


def post_many(bookings: Iterable[tuple[Transaction, Sequence[Leg]]], *, now: datetime) -> None:
    """Book many transactions at once: each has its own entries, each balance changes once, by what they come to.

    Whether there is enough money is asked of the sums. Raises InsufficientFunds; then the caller rolls back.
    """
    changes, entries = _settled(bookings)
    _write(changes, entries, now)


def undo(transaction: Transaction, *, now: datetime) -> None:
    """Book the opposite of all that the transaction has booked so far."""
    booked = transaction.entries.values("wallet", "currency").annotate(sum=Sum("amount"))
    wallets = Wallet.objects.in_bulk([row["wallet"] for row in booked])
    post(transaction, [Leg(wallets[row["wallet"]], row["currency"], -row["sum"]) for row in booked], now=now)


_Entries = list[tuple[Transaction, Leg]]


def _settled(bookings: Iterable[tuple[Transaction, Sequence[Leg]]]) -> tuple[list[Leg], _Entries]:
    """How balances change, in this order, and the entries."""
    assert connection.in_atomic_block, "money moves within a database transaction"
    merged = [(transaction, _merged(legs)) for transaction, legs in bookings]
    for _transaction, legs in merged:
        _assert_balanced(legs)
    changes = [leg for leg in _merged(leg for _, legs in merged for leg in legs) if not leg.wallet.is_house]
    return changes, [(transaction, leg) for transaction, legs in merged for leg in legs]


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


_book = Prepared("wallets_book", "SELECT wallets_book($1, $2, $3, $4, $5, $6, $7, $8)")


def _write(changes: Sequence[Leg], entries: _Entries, now: datetime) -> None:
    with refusals.told(), connection.cursor() as cursor:
        _book.execute(cursor, _values(changes, entries, now))


def _write_along(changes: Sequence[Leg], entries: _Entries, now: datetime) -> None:
    _book.send_along(_values(changes, entries, now))


def _values(changes: Sequence[Leg], entries: _Entries, now: datetime) -> list[Any]:
    booked_for = [transaction.id for transaction, _ in entries]
    return [*_columns(changes), booked_for, *_columns([leg for _, leg in entries]), now]


def _columns(legs: Sequence[Leg]) -> tuple[list[str], list[str], list[Decimal]]:
    return [leg.wallet.id for leg in legs], [leg.currency for leg in legs], [leg.amount for leg in legs]
