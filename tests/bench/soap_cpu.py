"""Processor time of a SOAP call beside that of a static Django view, in one process, turn and turn about."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import connection

from sandbox import clock, journal
from sandbox.compiled import Compiled
from soapapi import authentication
from tests.bench import requests, table
from wallets import payments
from wallets.models import Transaction, Wallet

ROUNDS, CALLS = 25, 200
PAYER, PASSWORD, RECEIVER = "OK100000001", "BuyerPass", "OK702746927"


def run(var: Path, scale: float) -> list[table.Row]:
    calls = max(5, int(CALLS * scale))
    static, dated = _side_by_side([lambda: requests.get("/static-view"), get_date_time], calls)
    rows = [table.at_most("CPU of Get_Date_Time / static view", dated, static, "us", goal=3)]
    with without_database() as queries:
        static, sent = _side_by_side([lambda: requests.get("/static-view"), send_money], calls)
    # Staff's switches are looked up once a second; nothing else may have reached the database.
    assert len(queries) < ROUNDS * calls / 10, queries[:5]
    rows.append(table.at_most("CPU of Send_Money without database / static view", sent, static, "us", goal=4))
    static, sent = _side_by_side([lambda: requests.get("/static-view"), send_money], max(2, calls // 10))
    rows.append(table.compared("CPU of Send_Money with database / static view", sent, static, "us"))
    return rows


def get_date_time() -> None:
    requests.call(requests.soap("Get_Date_Time"))


def send_money() -> None:
    requests.call(
        requests.soap(
            "Send_Money",
            WalletID=PAYER,
            SecurityToken=requests.token(PASSWORD),
            Receiver=RECEIVER,
            Currency="EUR",
            Amount="0.01",
            Comment="For the tea, &lt;thank you&gt;",
            IsReceiverPaysFees="false",
            Invoice="2012-0042",
        )
    )


def _side_by_side(acts: list[Callable[[], Any]], calls: int) -> list[float]:
    """Microseconds of processor time per call: the median of rounds, in each of which all have their turn."""
    for act in acts:
        act()
    rounds = [[_cpu(act, calls) for act in acts] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def _cpu(act: Callable[[], Any], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        act()
    return (time.process_time() - started) / calls * 1e6


@contextmanager
def without_database() -> Iterator[list[str]]:
    """Send_Money as it is, but the caller's wallet is at hand and so is the payment. Yields the queries made.

    What the journal keeps is masked and put together as ever; only the row is not written.
    """
    wallet = Wallet.objects.select_related("account__sandbox").get(id=PAYER)
    payment = _payment(wallet)
    queries: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    with (
        patch.object(authentication, "asked_ahead", lambda *_: nullcontext()),
        patch.object(Compiled, "first", lambda *_: wallet),
        patch.object(payments, "send_money", lambda **_: payment),
        patch.object(journal, "keep", lambda row: None),
        connection.execute_wrapper(note),
    ):
        yield queries


def _payment(payer: Wallet) -> Transaction:
    now = clock.now(payer.account.sandbox)
    return payments.send_money(payer=payer, receiver=RECEIVER, currency="EUR", amount=Decimal("0.01"), now=now)
