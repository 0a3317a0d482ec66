"""The programs that the pages for developers show do what is said of them."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from ipn import delivery
from sandbox import clock
from tests.listener import free_port
from tests.requirements import require
from wallets import payments
from wallets.models import Wallet
from wallets.money import D

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def shown(server: str, section: str, beginning: str) -> str:
    """The program of a page that begins so."""
    with urlopen(f"{server}/developers/{section}/") as answer:
        html = answer.read().decode()
    programs = [unescape(code) for code in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", html, re.DOTALL)]
    return next(program for program in programs if program.startswith(beginning))


def test_calls_of_the_soap_api(server: str, merchant: Wallet, tmp_path: Path) -> None:
    php = require("php", "apt-get install --yes php-cli php-soap")
    for command, beginning in ((php, "<?php"), (sys.executable, "import hashlib")):
        program = tmp_path / "program"
        program.write_text(shown(server, "soap-api", beginning))
        done = subprocess.run([command, program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.strip() == "10000.0000"


@pytest.fixture
def php_listener(server: str, tmp_path: Path) -> Iterator[str]:
    """The listener of the page; what it would deliver it writes into a file."""
    php = require("php", "apt-get install --yes php-cli")
    program = shown(server, "notifications", "<?php")
    delivers = "file_put_contents('delivered', $_POST['ok_invoice'], FILE_APPEND);"
    (tmp_path / "index.php").write_text(re.sub(r"// Have I had .*", lambda _found: delivers, program))
    port = free_port()
    with subprocess.Popen(
        [php, "-S", f"127.0.0.1:{port}", "index.php"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            try:
                urlopen(f"http://127.0.0.1:{port}/", timeout=10).close()
                break
            except URLError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
        process.terminate()


def test_the_listener_delivers_what_is_paid_to_it_and_nothing_else(
    php_listener: str, merchant: Wallet, buyer: Wallet, tmp_path: Path
) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=php_listener)
    sandbox = merchant.account.sandbox
    payments.send_money(
        payer=buyer, receiver=merchant.id, currency="EUR", amount=D("5"), invoice="paid", now=clock.now(sandbox)
    )
    delivery.deliver_due(sandbox, now=clock.now(sandbox))
    forged = b"ok_txn_id=1&ok_txn_status=completed&ok_receiver_wallet=OK702746927&ok_invoice=forged&ok_ipn_id=1"
    urlopen(php_listener, data=forged).close()

    assert (tmp_path / "delivered").read_text() == "paid"
