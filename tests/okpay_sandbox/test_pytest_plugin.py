"""The plugin as a merchant's developers use it: their pytest, in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from okpay_sandbox import Gateway
from tests.programs import ROOT, clean_environment

pytestmark = pytest.mark.slow


def run_pytest(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "okpay_sandbox.pytest_plugin", "-p", "no:cacheprovider"]
    command += ["-p", "no:django", "-c", "/dev/null", "--rootdir", str(folder), *arguments, str(folder)]
    environment = clean_environment(PYTHONPATH=str(ROOT), **variables)
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_the_sample_shops_tests_run_in_parallel_on_a_gateway_of_their_own() -> None:
    done = run_pytest(ROOT / "examples" / "shop", "-n", "4", "-q")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 passed" in done.stdout
    deadline = time.monotonic() + 15
    while left := keepers_of_nobody():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def keepers_of_nobody() -> list[psutil.Process]:
    """Gateways that outlive the run which they were started for. Other tests have some of their own."""
    found = []
    for each in psutil.process_iter(["cmdline"]):
        command = each.info["cmdline"] or []
        if "okpay_sandbox.keeper" in command and not psutil.pid_exists(int(command[3])):
            found.append(each)
    return found


def test_it_connects_where_it_is_told_and_cleans_up(gateway: Gateway, tmp_path: Path) -> None:
    before = len(gateway.sandboxes())
    (tmp_path / "test_mine.py").write_text(
        "def test_it(okpay_sandbox, okpay_listener):\n"
        "    okpay_sandbox.notify(okpay_listener.url)\n"
        "    okpay_sandbox.open_checkout(ok_item_1_name='B', ok_item_1_price='5', ok_currency='EUR').pay()\n"
        "    assert okpay_listener.wait_for(1)[0].verdict == 'VERIFIED'\n"
    )

    done = run_pytest(tmp_path, "--okpay-url", gateway.url)

    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert len(gateway.sandboxes()) == before


def test_a_failed_tests_report_tells_what_the_gateway_saw(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "def test_it(okpay_sandbox):\n"
        "    okpay_sandbox.open_checkout(\n"
        "        ok_item_1_name='B', ok_item_1_price='5', ok_currency='EUR', ok_invoice='LOOK-1').pay()\n"
        "    assert False\n"
    )

    done = run_pytest(tmp_path, OKPAY_URL=gateway.url)

    assert "1 failed" in done.stdout
    assert "What the OKPAY gateway saw" in done.stdout
    assert "completed 5.00 EUR invoice='LOOK-1'" in done.stdout


def test_a_marker_says_which_time_it_is(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "@pytest.mark.okpay_sandbox(clock={'start': '2030-01-01T00:00:00Z', 'frozen': True})\n"
        "def test_it(okpay_sandbox, okpay_listener):\n"
        "    okpay_sandbox.notify(okpay_listener.url)\n"
        "    for _ in range(2):\n"
        "        okpay_sandbox.open_checkout(ok_item_1_name='B', ok_item_1_price='5', ok_currency='EUR').pay()\n"
        "    came = okpay_listener.wait_for(2)\n"
        "    assert [each.variables['ok_txn_datetime'] for each in came] == ['2030-01-01 00:00:00'] * 2\n"
        "@pytest.mark.okpay_sandbox(clocks={})\n"
        "def test_what_there_is_not(okpay_sandbox):\n"
        "    pass\n"
    )

    done = run_pytest(tmp_path, "--strict-markers", OKPAY_URL=gateway.url)

    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "clocks: There is no such field." in done.stdout


def test_a_gateway_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_it(okpay_sandbox):\n    pass\n")
    (tmp_path / "conftest.py").write_text(
        "import okpay_sandbox.client as client\nready = client.Gateway.wait_until_ready\n"
        "client.Gateway.wait_until_ready = lambda self, within=1: ready(self, 1)\n"
    )

    done = run_pytest(tmp_path, "--okpay-url", "http://127.0.0.1:9")

    assert "1 error" in done.stdout
    assert "http://127.0.0.1:9 is not ready after 1 s" in done.stdout
