"""The control API against its own OpenAPI document: what schemathesis makes up is answered as the document says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from okpay_sandbox import server
from tests.payment_by_http import control, open_checkout
from tests.programs import ROOT, clean_environment

HERE = ROOT / "tests" / "api"


@pytest.mark.slow
def test_schemathesis_finds_no_failure(tmp_path: Path) -> None:
    gateway = server.started_in(tmp_path, for_process=os.getpid())
    try:
        tell_the_story(gateway.url)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
        command += ["run", f"{gateway.url}/api/schema/", "--header", "Authorization: Bearer sandbox"]
        # Seconds, shared fairly among the calls. Without a limit it sends all that it thinks of, some 7,000 requests.
        command += ["--max-time", "35", "--seed", "1", "--continue-on-failure", "--no-color"]
        environment = clean_environment(SCHEMATHESIS_HOOKS="tests.api.schemathesis_hooks", PYTHONPATH=str(ROOT))
        # It keeps what it found in the folder where it runs.
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    finally:
        server.stop_in(tmp_path)

    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]


def tell_the_story(base: str) -> None:
    """What the document's examples are about, in a new installation under the very numbers that they have."""
    control(base, "PATCH", "wallets/OK702746927/", {"ipn_enabled": True, "ipn_url": "http://127.0.0.1:9/ipn"})
    payment = control(base, "POST", f"checkout-sessions/{open_checkout(base)}/pay/", {"payer": "buyer@example.com"})
    assert payment["transaction"] == 1000027
    control(base, "POST", "transactions/1000027/refund/", {"amount": "5.00"})
    control(base, "POST", "wallets/OK100000001/deposit/", {"currency": "USD", "amount": "50.00"})
    poster = {"product": 7, "custom_1_value": "A2"}
    order = control(base, "POST", "orders/", {"payer": "buyer@example.com", "items": [poster], "total": "113.00"})
    assert order["id"] == 1000030
    control(base, "POST", "scenarios/", {"operation": "Send_Money", "effect": "fault:Limits_Exceeded", "times": 2})
    control(base, "POST", "tokens/", {"name": "price list", "scopes": ["products:write"]})
    control(base, "POST", "sandboxes/", {"id": "my-suite"})
    control(base, "POST", "sandboxes/my-suite/snapshot/", {"name": "paid"})
