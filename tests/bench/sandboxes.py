"""Sandboxes as wholes, and a payment in full books beside one in empty books. In-process, all middleware included."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
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
WARM_UP, CALLS = 10, 200
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
    """Send_Money with many payments in the books beside few: the same two wallets in two databases, turn about."""
    many = max(1000, int(MANY * scale))
    now = clock.now(clock.default_sandbox())
    payer, receiver = (open_client(number) for number in (PAYER, RECEIVER))
    deposits.deposit(payer, currency="EUR", amount=Decimal("1000000"), now=now)
    _pay(payer, receiver.id, FEW, currency="EUR")
    with _copied() as copy:
        for start in range(FEW, many, 10_000):
            _pay(payer, receiver.id, min(10_000, many - start), currency="EUR")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as the server itself does after a while
        full = connections[DEFAULT_DB_ALIAS]
        times: dict[bool, list[float]] = {True: [], False: []}
        for call in range(WARM_UP + max(20, int(CALLS * scale))):
            for is_full in times:
                connections[DEFAULT_DB_ALIAS] = full if is_full else copy
                took = _send_money()
                if call >= WARM_UP:
                    times[is_full].append(took)
        connections[DEFAULT_DB_ALIAS] = full
    what = f"Send_Money at {many:,} transactions / at {FEW}"
    return table.at_most(
        what, statistics.median(times[True]), statistics.median(times[False]), "ms", goal=1.3, places=2
    )


@contextmanager
def _copied() -> Iterator[BaseDatabaseWrapper]:
    """A connection to a copy of the database as it is now."""
    name = connection.settings_dict["NAME"]
    copy, maker = connection.copy(), connection.copy()
    copy.settings_dict["NAME"], maker.settings_dict["NAME"] = f"{name}_copy", "template1"
    connection.close()  # Nobody may be in what is copied.
    with maker.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"')
    maker.close()
    try:
        yield copy
    finally:
        copy.close()


def _send_money() -> float:
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
