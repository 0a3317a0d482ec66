"""The command-line tool, as a person types it."""

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from okpay_sandbox import Gateway, cli
from tests.listener import Answer, listening
from tests.programs import ROOT, clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def run(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> object:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["--url", gateway.url, "--token", "sandbox", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    gateway.default().reset()
    return run


def test_a_payment_its_message_and_a_resend(run, gateway: Gateway) -> None:
    with listening(verify_at=gateway.url) as listener:
        gateway.default().notify(listener.url)

        code, out, _ = run("trigger", "payment", "--amount", "7.00", "--invoice", "CLI-1")

        assert code == 0
        number = re.match(r"transaction (\d+) paid", out)[1]
        first = listener.wait_for(1)[0].variables
        assert (first["ok_txn_id"], first["ok_txn_gross"], first["ok_invoice"]) == (number, "7.00", "CLI-1")
        assert run("wait")[0] == 0
        assert first["ok_ipn_id"] in run("messages")[1]

        assert run("resend", first["ok_ipn_id"])[0] == 0
        assert listener.wait_for(2)[1].variables["ok_ipn_resend"] == "true"

        assert run("trigger", "refund", number, "--amount", "2.00")[0] == 0
        assert listener.wait_for(3)[2].variables["ok_txn_status"] == "reversed"
        assert run("wait")[0] == 0
    code, audit, _ = run("audit")
    assert code == 0
    head = json.loads(audit)["chain"]["head"]
    assert run("audit", "--head", head)[0] == 0
    assert run("audit", "--head", "0" * 64)[0] == 1


def test_a_test_message(run, gateway: Gateway) -> None:
    with listening(verify_at=gateway.url) as listener:
        assert run("trigger", "message", "--to", listener.url)[0] == 0
        assert run("wait")[0] == 0

        assert listener.wait_for(1)[0].verdict == "TEST"


def test_sandboxes_come_and_go(run) -> None:
    made = json.loads(run("create")[1])

    assert made["id"] in run("list")[1].split()
    assert run("delete", made["id"])[0] == 0
    assert made["id"] not in run("list")[1].split()


def test_time(run) -> None:
    code, out, _ = run("advance", "PT30M")

    assert code == 0
    assert json.loads(out)["delivered"] == 0


def test_a_gateway_that_is_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"

    assert cli.main(["--url", url, "list"]) == 1

    told = capsys.readouterr().err
    assert url in told
    assert "OKPAY_URL" in told


def test_what_is_refused_is_said_and_fails(run) -> None:
    code, out, err = run("resend", "1")
    assert (code, out) == (1, "")
    assert "404" in err

    code, _, err = run("trigger", "payment", "--currency", "XXX")
    assert code == 1
    assert "ok_currency" in err

    code, _, err = run("trigger", "payment", "--var", "ok_comment")
    assert code == 2
    assert "ok_NAME=VALUE" in err


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--url", "http://127.0.0.1:9", "audit"]) == 1
    assert "127.0.0.1:9" in capsys.readouterr().err


class TestListen:
    def test_it_forwards_retries_too_prints_verdicts_and_cleans_up(self, gateway: Gateway, tmp_path: Path) -> None:
        default = gateway.default()
        default.reset()
        default.set_wallet(ipn_enabled=False, ipn_url="http://127.0.0.1:9/before")
        log = tmp_path / "log"
        with listening(verify_at=gateway.url) as shop, log.open("wb") as output:
            shop.will(Answer(500), Answer(200))
            command = [
                sys.executable,
                "manage.py",
                "sandboxctl",
                "--url",
                gateway.url,
                "listen",
                "--forward-to",
                shop.url,
            ]
            program = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(), stdout=output, stderr=subprocess.STDOUT
            )
            try:
                wait_for_line(log, "Ctrl-C ends it")
                default.open_checkout(ok_item_1_name="Book", ok_item_1_price="5", ok_currency="EUR").pay()
                shop.wait_for(1)
                wait_for_line(log, "-> 500 in")
                default.wait()
                default.advance("PT30M")
                second = shop.wait_for(2)[1]
                wait_for_line(log, "(resend)")
                wait_for_line(log, "VERIFIED")
            finally:
                program.send_signal(signal.SIGINT)
                assert program.wait(10) == 0
        assert second.variables["ok_ipn_resend"] == "true"
        assert second.verdict == "VERIFIED"
        wallet = default.call("GET", f"wallets/{default.merchant.wallet}/")
        assert (wallet["ipn_enabled"], wallet["ipn_url"]) == (False, "http://127.0.0.1:9/before")

    def test_a_listener_that_is_not_there_is_retried_and_said(self, gateway: Gateway, tmp_path: Path) -> None:
        default = gateway.default()
        default.reset()
        log = tmp_path / "log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "okpay_sandbox.cli", "--url", gateway.url]
            command += ["listen", "--forward-to", "http://127.0.0.1:9/"]
            program = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(PYTHONUNBUFFERED="1"), stdout=output, stderr=subprocess.STDOUT
            )
            try:
                wait_for_line(log, "Ctrl-C ends it")
                default.open_checkout(ok_item_1_name="Book", ok_item_1_price="5", ok_currency="EUR").pay()
                wait_for_line(log, "no answer")
                wait_for_line(log, "never verified")
                default.wait()
            finally:
                program.send_signal(signal.SIGTERM)  # as a CI job ends it
                assert program.wait(10) == 0
        wallet = default.call("GET", f"wallets/{default.merchant.wallet}/")
        assert (wallet["ipn_enabled"], wallet["ipn_url"]) == (False, "")
        message = default.messages()[0]
        assert message["status"] == "retrying"
        assert message["attempts"][0]["response"]["code"] == 502

    def test_an_address_that_is_none(self, run) -> None:
        code, _, err = run("listen", "--forward-to", "localhost:3000")

        assert code == 2
        assert "http://localhost:3000/ipn" in err


def test_tail_follows_the_journal(gateway: Gateway, tmp_path: Path) -> None:
    default = gateway.default()
    log = tmp_path / "log"
    with log.open("wb") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "okpay_sandbox.cli", "--url", gateway.url, "tail"],
            cwd=ROOT,
            env=clean_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            threading.Event().wait(1)
            default.open_checkout(ok_item_1_name="Book", ok_item_1_price="5", ok_currency="EUR")
            wait_for_line(log, "/process.html")
        finally:
            program.send_signal(signal.SIGINT)
            assert program.wait(10) == 0
    lines = log.read_text().splitlines()
    assert len(lines) == len(set(lines))


def wait_for_line(log: Path, words: str, within: float = 20) -> None:
    deadline = time.monotonic() + within
    while words not in log.read_text():
        assert time.monotonic() < deadline, f"{words!r} was not said:\n{log.read_text()}"
        time.sleep(0.05)
