"""The programs that the pages for developers show do what is said of them."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.request import urlopen

import pytest

from ipn import delivery
from ipn.models import IpnMessage
from sandbox import clock
from tests.listener import Listener, free_port
from tests.requirements import require
from wallets import payments
from wallets.models import Transaction, Wallet
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


@dataclass(frozen=True)
class Language:
    """How a sample listener is made ready and started; `{port}` stands for the port."""

    file: str
    needs: tuple[str, str]
    start: tuple[str, ...]
    make: tuple[str, ...] = ()


SOAP_SAMPLES = {
    "php": Language("sample.php", ("php", "php-cli php-soap"), ("php", "sample.php")),
    "python": Language("sample.py", ("python3", "python3"), (sys.executable, "-W", "ignore", "sample.py")),
    "perl": Language("sample.pl", ("perl", "libsoap-lite-perl"), ("perl", "sample.pl")),
    "java": Language("Sample.java", ("javac", "default-jdk-headless"), ("java", "Sample.java")),
    "csharp": Language(
        "Sample.cs",
        ("mcs", "mono-devel"),
        ("mono", "Sample.exe"),
        ("mcs", "-r:System.ServiceModel", "-r:System.Runtime.Serialization", "Sample.cs"),
    ),
    "node": Language("sample.js", ("node", "nodejs npm"), ("node", "sample.js")),
}


@pytest.mark.parametrize("name", SOAP_SAMPLES)
def test_a_sample_of_the_soap_api_sends_money_and_reads_an_error(
    server: str, merchant: Wallet, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    language = SOAP_SAMPLES[name]
    program, package = language.needs
    require(program, f"apt-get install --yes {package}")
    environment = dict(os.environ)
    if name == "node":
        environment["NODE_PATH"] = request.getfixturevalue("node_modules")
    (tmp_path / language.file).write_text(sample(server, name, section="soap-samples", address="/OkPayAPI"))
    if language.make:
        subprocess.run(language.make, cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run(
        language.start, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )

    assert done.returncode == 0, done.stdout + done.stderr
    sent = Transaction.objects.get(invoice="A-1001")
    assert (sent.payer_wallet_id, sent.gross, sent.comment) == (merchant.id, D("5.00"), "For the robot & its key")
    time_, balance, payment, refused = done.stdout.splitlines()
    assert re.fullmatch(r"time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", time_)
    # Some languages leave out zeros at the end.
    assert re.fullmatch(r"balance: 10000(\.0+)? USD", balance)
    assert re.fullmatch(rf"sent: {sent.id} Completed -5\.030*( USD)", payment)
    assert refused == "refused: Target_Account_Doesnt_Exist"


LANGUAGES = {
    "php": Language("index.php", ("php", "php-cli"), ("php", "-S", "127.0.0.1:{port}", "index.php")),
    "python": Language("listener.py", ("python3", "python3"), (sys.executable, "listener.py", "{port}")),
    "java": Language("Listener.java", ("javac", "default-jdk-headless"), ("java", "Listener.java", "{port}")),
    "csharp": Language(
        "Listener.cs",
        ("mcs", "mono-devel"),
        ("mono", "Listener.exe", "{port}"),
        ("mcs", "-r:System.Web", "Listener.cs"),
    ),
    "node": Language("listener.js", ("node", "nodejs"), ("node", "listener.js", "{port}")),
}
FORGED = b"ok_txn_id=1&ok_txn_status=completed&ok_receiver_wallet=OK702746927&ok_invoice=99999&ok_ipn_id=1"


@contextmanager
def running(server: str, name: str, folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """A sample listener's address, and what it has said so far."""
    language = LANGUAGES[name]
    program, package = language.needs
    require(program, f"apt-get install --yes {package}")
    (folder / language.file).write_text(sample(server, name))
    if language.make:
        subprocess.run(language.make, cwd=folder, check=True, timeout=120)
    port = free_port()
    said = folder / "said"
    with said.open("wb") as output:
        command = [part.format(port=port) for part in language.start]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        _wait_for(port, process, said)
        yield f"http://127.0.0.1:{port}/", said.read_text
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return
        except OSError:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)


def sample(server: str, name: str, *, section: str = "sample-listeners", address: str = "/ipn-verify.html") -> str:
    with urlopen(f"{server}/developers/{section}/") as answer:
        html = answer.read().decode()
    found = html[html.index(f'id="{name}"') :].split("</section>")[0]
    (program,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", found, re.DOTALL)
    assert server + address in program
    return unescape(program)


def orders(merchant: Wallet, buyer: Wallet) -> None:
    """Five euros under the order's invoice, the right sum, and something else."""
    now = clock.now(merchant.account.sandbox)
    for currency, amount, invoice in (("USD", "5", "99999"), ("USD", "100", "99999"), ("USD", "100", "1")):
        payments.send_money(
            payer=buyer, receiver=merchant.id, currency=currency, amount=D(amount), invoice=invoice, now=now
        )


def check(said: str) -> None:
    assert len(re.findall(r"(?:^|\] )deliver 99999", said, re.MULTILINE)) == 1, said
    assert said.count("not delivered, not what was ordered") == 2
    assert said.count("not delivered again") == 1
    assert said.count("not delivered, INVALID") == 1


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_sample_listener_delivers_once_what_was_paid_for(
    server: str, merchant: Wallet, buyer: Wallet, tmp_path: Path, name: str
) -> None:
    with running(server, name, tmp_path) as (address, said):
        Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=address)
        orders(merchant, buyer)
        sandbox = merchant.account.sandbox
        delivery.deliver_due(sandbox, now=clock.now(sandbox))
        for message in IpnMessage.objects.filter(wallet_id=merchant.id):
            assert message.status == "sent"
            if ("ok_txn_gross", "100.00") in message.pairs and ("ok_invoice", "99999") in message.pairs:
                delivery.resend(message, now=clock.now(sandbox))
        delivery.deliver_due(sandbox, now=clock.now(sandbox))
        urlopen(address, data=FORGED).close()

        check(said())


def test_the_perl_listener_is_a_cgi_program(
    server: str, merchant: Wallet, buyer: Wallet, listener: Listener, tmp_path: Path
) -> None:
    perl = require("perl", "apt-get install --yes perl")
    (tmp_path / "listener.pl").write_text(sample(server, "perl"))
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    orders(merchant, buyer)
    sandbox = merchant.account.sandbox
    delivery.deliver_due(sandbox, now=clock.now(sandbox))
    bodies = [request.body for request in listener.wait_for(3)]

    said = ""
    paid = [body for body in bodies if b"ok_txn_gross=100.00" in body and b"ok_invoice=99999" in body]
    for body in (*bodies, *paid, FORGED):
        environment = os.environ | {"CONTENT_LENGTH": str(len(body))}
        done = subprocess.run(
            [perl, "listener.pl"], cwd=tmp_path, env=environment, input=body, capture_output=True, timeout=60
        )
        assert done.stdout.startswith(b"Status: 200\n"), done
        said += done.stderr.decode()

    check(said)
