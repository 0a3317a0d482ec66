"""What it means to write a booking down, balance by balance: the function `wallets_book` must do the same."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from django.db import connection
from django.db.models import F

from wallets import ledger
from wallets.errors import InsufficientFunds
from wallets.ledger import Leg
from wallets.models import Balance, Entry, Transaction


def replace_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_write", write)
    monkeypatch.setattr(ledger, "_write_along", write)


def write(changes: Sequence[Leg], entries: Sequence[tuple[Transaction, Leg]], now: datetime) -> None:
    if not all(map(_change_balance, changes)):
        raise InsufficientFunds
    Entry.objects.bulk_create(
        Entry(transaction=transaction, wallet=leg.wallet, currency_id=leg.currency, amount=leg.amount, created_at=now)
        for transaction, leg in entries
    )


def _change_balance(leg: Leg) -> bool:
    if leg.amount < 0:
        enough = Balance.objects.filter(wallet=leg.wallet, currency_id=leg.currency, amount__gte=-leg.amount)
        return bool(enough.update(amount=F("amount") + leg.amount))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO wallets_balance (wallet_id, currency_id, amount) VALUES (%s, %s, %s)"
            " ON CONFLICT (wallet_id, currency_id) DO UPDATE SET amount = wallets_balance.amount + excluded.amount",
            [leg.wallet.id, leg.currency, leg.amount],
        )
    return True
