"""Transaction_History of a wallet with a million transactions beside one with a thousand, turn and turn about."""

import statistics
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection

from sandbox import clock
from tests.bench import requests, table
from tests.bench.clients import PASSWORD, open_client
from wallets import payments
from wallets.models import Transaction, Wallet

MANY, FEW = 1_000_000, 1_000
PAGE = 50
ROUNDS = 100
WHOSE_MANY, WHOSE_FEW = "OK500000001", "OK500000002"
PAYER = "OK702746927"


def run(var: Path, scale: float) -> list[table.Row]:
    many = max(FEW, int(MANY * scale))
    now = clock.now(clock.default_sandbox()).replace(microsecond=0)
    # Of their own: whose history begins with payments of another time has segments that must be counted each time.
    for wallet_id, count in ((WHOSE_MANY, many), (WHOSE_FEW, FEW)):
        open_client(int(wallet_id.removeprefix("OK")))
        _fill(wallet_id, count, until=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE wallets_transaction")  # as the server itself does after a while
    pages = {
        "first page": lambda count: {"PageNumber": 1},
        "middle page": lambda count: {"PageNumber": count // PAGE // 2},
        "first page of half the time": lambda count: {
            "From": _text(now - timedelta(seconds=count // 2)),
            "Till": _text(now),
        },
    }
    rows = []
    for name, which in pages.items():
        long, short = _side_by_side(which(many), which(FEW), max(5, int(ROUNDS * scale)))
        what = f"History, {name}, {many:,} / {FEW:,}"
        rows.append(table.at_most(what, long, short, "ms", goal=1.3, places=2))
    return rows


def _fill(wallet_id: str, count: int, *, until: datetime) -> None:
    """A payment a second, the last one at `until`: one real payment, copied in the database."""
    payer = Wallet.objects.select_related("account__sandbox").get(id=PAYER)
    pattern = payments.send_money(
        payer=payer, receiver=wallet_id, currency="USD", amount=Decimal("0.10"), now=until - timedelta(seconds=count)
    )
    columns = {field.column: f'"{field.column}"' for field in Transaction._meta.concrete_fields}
    del columns["id"]
    values = columns | dict.fromkeys(("created_at", "updated_at"), "%(until)s - interval '1 s' * (%(count)s - number)")
    with connection.cursor() as cursor:
        # Checking foreign keys row by row would take longer than all the rest.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO wallets_transaction ({', '.join(columns.values())}) SELECT {', '.join(values.values())}"
            " FROM wallets_transaction, generate_series(2, %(count)s) number WHERE id = %(pattern)s ORDER BY number",
            {"until": until, "count": count, "pattern": pattern.id},
        )
        cursor.execute("SET session_replication_role = origin")


def _side_by_side(of_many: dict[str, object], of_few: dict[str, object], rounds: int) -> tuple[float, float]:
    """Milliseconds of a call: the medians."""
    for _ in range(3):
        _page(WHOSE_MANY, of_many), _page(WHOSE_FEW, of_few)
    times = [(_page(WHOSE_MANY, of_many), _page(WHOSE_FEW, of_few)) for _ in range(rounds)]
    return statistics.median(long for long, _ in times), statistics.median(short for _, short in times)


def _page(wallet_id: str, which: dict[str, object]) -> float:
    parameters = {"From": "", "Till": "", "PageSize": PAGE, "PageNumber": 1} | which
    body = requests.soap(
        "Transaction_History", WalletID=wallet_id, SecurityToken=requests.token(PASSWORD), **parameters
    )
    started = time.perf_counter()
    answer = requests.call(body)
    took = time.perf_counter() - started
    assert answer.count(b"</a:TransactionInfo>") + answer.count(b"</b:TransactionInfo>") == PAGE, answer[:500]
    return took * 1000


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
