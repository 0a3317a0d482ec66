"""Sandboxes as wholes, and a payment in full books beside one in empty books. In-process, all middleware included."""

import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from django.db import connection
from django.test import Client

from okpay_gateway.worlds import births, snapshots
from sandbox import clock
from sandbox.models import Sandbox
from tests.bench import requests, table
from tests.bench.clients import PASSWORD, open_client
from wallets import deposits, payments
from wallets.models import Wallet

ROUNDS = 30
SAVED, SINCE = 1000, 100  # payments in a snapshot, and made after it
FEW, MANY = 100, 100_000
CALLS = 200
PAYER, RECEIVER = 600000001, 600000002


def run(var: Path, scale: float) -> list[table.Row]:
    rounds = max(3, int(ROUNDS * scale))
    return [
        table.within("Create a sandbox", _median(lambda: _post("sandboxes/", 201), rounds), "ms", goal=100),
        table.within("Reset of the demo cast, its store included", _reset(rounds), "ms", goal=50),
        table.within(
            f"Restore: {SAVED:,} payments, {SINCE} since",
            _restore(max(10, int(SAVED * scale)), max(3, rounds // 3)),
            "ms",
            goal=300,
        ),
        _payment_in_full_books(scale),
    ]


def _reset(rounds: int) -> float:
    _post("reset/")  # draws the pictures and hashes the passwords, once per process
    return _median(lambda: _post("reset/"), rounds)


def _restore(saved: int, rounds: int) -> float:
    newborn = births.create()
    name = newborn.sandbox.id
    payer = Wallet.objects.select_related("account__sandbox").get(id=newborn.people["buyer"].wallet)
    _pay(payer, newborn.people["merchant"].wallet, saved)
    snapshots.take(newborn.sandbox, "saved", now=clock.now(newborn.sandbox))

    def restore() -> float:
        _pay(payer, newborn.people["merchant"].wallet, SINCE)
        return _post(f"sandboxes/{name}/restore/")

    return statistics.median(restore() for _round in range(rounds))


def _payment_in_full_books(scale: float) -> table.Row:
    """Send_Money with few payments in the books, then with many: the same two wallets pay and are paid."""
    many = max(1000, int(MANY * scale))
    sandbox = clock.default_sandbox()
    now = clock.now(sandbox)
    payer, receiver = (open_client(number) for number in (PAYER, RECEIVER))
    deposits.deposit(payer, currency="EUR", amount=Decimal("1000000"), now=now)
    _pay(payer, receiver.id, FEW, currency="EUR")
    calls = max(20, int(CALLS * scale))
    few = _send_money(calls)
    for start in range(FEW, many, 10_000):
        _pay(payer, receiver.id, min(10_000, many - start), currency="EUR")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as the server itself does after a while
    what = f"Send_Money at {many:,} transactions / at {FEW}"
    return table.at_most(what, _send_money(calls), few, "ms", goal=1.3, places=2)


def _send_money(calls: int) -> float:
    def send() -> float:
        body = requests.soap(
            "Send_Money",
            WalletID=f"OK{PAYER}",
            SecurityToken=requests.token(PASSWORD),
            Receiver=f"OK{RECEIVER}",
            Currency="EUR",
            Amount="0.10",
            Comment="Bench",
            IsReceiverPaysFees="false",
            Invoice="",
        )
        started = time.perf_counter()
        requests.call(body)
        return (time.perf_counter() - started) * 1000

    for _warm_up in range(5):
        send()
    return statistics.median(send() for _call in range(calls))


def _pay(payer: Wallet, receiver: str, count: int, *, currency: str = "USD") -> None:
    payments.send_many(
        [payments.Sending(receiver, Decimal("0.10"), "", "") for _payment in range(count)],
        payer=payer,
        currency=currency,
        now=clock.now(Sandbox.objects.get(id=payer.account.sandbox_id)),
    )


def _median(act: Callable[[], float], rounds: int) -> float:
    act()
    return statistics.median(act() for _round in range(rounds))


def _post(path: str, expected: int = 200) -> float:
    """Milliseconds."""
    client = Client()
    started = time.perf_counter()
    answer = client.post(f"/api/v1/{path}", "{}", "application/json", headers={"Authorization": "Bearer sandbox"})
    took = time.perf_counter() - started
    assert answer.status_code == expected, answer.content
    return took * 1000
