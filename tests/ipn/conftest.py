"""What the tests of notifications share: a sandbox and a message in it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ipn import delivery
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox

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
