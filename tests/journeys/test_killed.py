"""The web process dies again and again while people pay: each has paid once, and nothing is half-booked."""

import http.client
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.listener import listening
from tests.payment_by_http import control, open_checkout
from tests.programs import Program, runs, sandbox

pytestmark = pytest.mark.slow

SESSIONS = 150
KILLS = 5


def pay_until_answered(base: str, token: str) -> int:
    """As a person who presses Pay until the page comes: the transaction's ID."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            paid = control(base, "POST", f"checkout-sessions/{token}/pay/", {"payer": "buyer@example.com"})
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)  # it was killed; nobody knows whether we have paid
            continue
        assert paid["status"] == "paid"
        return int(paid["transaction"])
    raise AssertionError("no answer within two minutes")


def kill_web_workers(gateway: Program, stop: threading.Event) -> int:
    """SIGKILL to the processes that answer, with their requests in them."""
    kills = 0
    while not stop.wait(0.4) and kills < KILLS:
        web = gateway.forks()[0]
        victims = [child for child in web.children() if runs(child)] or [web]
        for victim in victims:
            os.kill(victim.pid, 9)
        kills += 1
    return kills


def test_a_web_process_killed_inside_payments(tmp_path: Path) -> None:
    with sandbox(tmp_path / "var", tmp_path / "gateway.txt") as gateway, listening() as listener:
        gateway.wait_until_ready()
        gateway.wait(lambda: "Ctrl-C stops it" in gateway.output)
        control(gateway.base, "PATCH", "wallets/OK702746927/", {"ipn_enabled": True, "ipn_url": listener.url})
        tokens = [open_checkout(gateway.base) for _ in range(SESSIONS)]
        stop = threading.Event()

        with ThreadPoolExecutor(9) as people:
            killer = people.submit(kill_web_workers, gateway, stop)
            payments = list(people.map(lambda token: pay_until_answered(gateway.base, token), tokens))
            stop.set()
            kills = killer.result()

        gateway.wait(gateway.is_well)
        assert kills >= 2, "the payments were over before anybody was killed"
        assert len(set(payments)) == SESSIONS
        assert control(gateway.base, "POST", "wait/", {"timeout": 30})["idle"]
        audit = control(gateway.base, "GET", "ledger/audit/")
        assert audit["ok"], audit
        merchant = control(gateway.base, "GET", "wallets/OK702746927/")
        assert merchant["balances"]["EUR"] == f"{10000 + SESSIONS * 12.5:.2f}"
        told = {int(request.variables["ok_txn_id"]) for request in listener.requests}
        assert told == set(payments)
        gateway.stop()
