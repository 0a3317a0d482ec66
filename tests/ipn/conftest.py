"""What the tests of notifications share: a sandbox, messages in it, and processes of ours on the test's database."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from ipn import delivery
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from tests.programs import ROOT

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
PAIRS = [
    ("ok_charset", "utf-8"),
    ("ok_receiver", "OK702746927"),
    ("ok_txn_id", "1234567"),
    ("ok_txn_kind", "payment_link"),
    ("ok_txn_gross", "25.00"),
    ("ok_txn_datetime", "2026-01-05 12:00:00"),
    ("ok_txn_status", "completed"),
    ("ok_invoice", ""),
    ("ok_item_1_name", "Bücher & Tee, 100 %"),
]

Queue = Callable[..., IpnMessage]
Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def sandbox(db: None) -> Sandbox:
    return clock.default_sandbox()


@pytest.fixture
def queue(sandbox: Sandbox) -> Queue:
    """`queue(url, transaction_id=..., pairs=..., now=..., is_test=...)`: a message of the default sandbox."""

    def _queue(url: str, **changes: object) -> IpnMessage:
        given = {
            "sandbox": sandbox,
            "wallet_id": "OK702746927",
            "transaction_id": 1234567,
            "kind": "payment_link",
            "pairs": PAIRS,
            "now": NOW,
        }
        return delivery.queue(url=url, **given | changes)

    return _queue


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """`spawn("celery", ..., IPN_TIMEOUT="9")`: a Python module as a process on the test database, killed at the end."""
    with spawning(tmp_path) as spawn:
        yield spawn


@contextmanager
def spawning(folder: Path) -> Iterator[Spawn]:
    processes = []
    log = folder / "processes.log"

    def spawn(*command: str, **variables: str) -> "subprocess.Popen[bytes]":
        environ = os.environ | {"DATABASE_URL": database_url(), "IPN_TIMEOUT": "1"} | variables
        with log.open("ab") as output:
            processes.append(
                subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environ, stdout=output, stderr=output)
            )
        return processes[-1]

    yield spawn
    for process in processes:
        process.kill()
        process.wait()
    if log.exists():
        print(log.read_text())  # shown when the test fails


def database_url() -> str:
    """The test database, as another process finds it."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
