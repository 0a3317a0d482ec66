"""Faults of the wire, over real connections to the real web server: and what they do to money."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from sandbox import clock, transport
from sandbox.models import Sandbox
from tests.conftest import wallet
from tests.scenarios.conftest import write
from tests.soapapi.calls import credentials, envelope, request
from tests.web import web_server
from wallets import audit, seed
from wallets.models import Transaction

pytestmark = pytest.mark.slow

D = Decimal
BUYER, MERCHANT = "OK100000001", "OK702746927"


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    is_whole: bool = True


@dataclass
class Gateway:
    """A real server, and the world that it serves."""

    base: str
    sandbox: Sandbox

    def sends(self, invoice: str = "", **wanted: str) -> str:
        sending = {"Receiver": MERCHANT, "Currency": "EUR", "Amount": "10.00", "Invoice": invoice}
        return request("Send_Money", **credentials(BUYER), **(sending | wanted))

    def post(self, body: str, *, timeout: float = 20) -> Reply:
        link = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=timeout)
        try:
            link.request("POST", "/OkPayAPI", body, {"Content-Type": "text/xml; charset=utf-8"})
            answer = link.getresponse()
            try:
                return Reply(answer.status, answer.headers, answer.read())
            except http.client.IncompleteRead as broken:
                return Reply(answer.status, answer.headers, broken.partial, is_whole=False)
        finally:
            link.close()

    def raw(self, body: str, path: str = "/OkPayAPI") -> bytes:
        """All bytes of the answer. Raises ConnectionResetError."""
        address = urlsplit(self.base)
        with socket.create_connection((address.hostname, address.port), timeout=20) as link:
            head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: text/xml\r\nConnection: close\r\n"
            link.sendall(f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode())
            answer = b""
            while block := link.recv(65536):
                answer += block
        return answer


@pytest.fixture(scope="module")
def served(django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("web")
    with django_db_blocker.unblock(), web_server(folder, WEB_CONCURRENCY="1") as base:  # type: ignore[attr-defined]
        yield base
        print((folder / "gunicorn.log").read_text())


@pytest.fixture
def gateway(transactional_db: None, served: str) -> Gateway:
    seed.currencies(restore_rates=True)
    sandbox = clock.default_sandbox()
    seed.demo_cast(sandbox, now=clock.now(sandbox))
    return Gateway(served, sandbox)


def moved() -> Decimal:
    """What has left the buyer."""
    assert audit.audit().ok
    return D("10000.00") - wallet(BUYER).balance("EUR")


@pytest.mark.parametrize(("when", "paid"), [("processed", 1), ("unprocessed", 0)])
def test_a_reset(gateway: Gateway, when: str, paid: int) -> None:
    scenario = write(gateway.sandbox, f"reset:{when}", operation="Send_Money")

    with pytest.raises(ConnectionResetError):
        gateway.raw(gateway.sends("order-17"))

    assert Transaction.objects.filter(invoice="order-17").count() == paid
    assert bool(moved()) == bool(paid)
    assert scenario.uses.get().transaction_id == (Transaction.objects.get(invoice="order-17").id if paid else None)
    assert gateway.post(gateway.sends()).status == 200


@pytest.mark.parametrize(("when", "paid"), [("processed", 1), ("unprocessed", 0)])
def test_a_truncated_answer(gateway: Gateway, when: str, paid: int) -> None:
    write(gateway.sandbox, f"truncated:{when}", operation="Send_Money")

    answer = gateway.post(gateway.sends())

    assert not answer.is_whole
    assert answer.status == (200 if paid else 500)
    assert b"Envelope" in answer.body
    assert b"</s:Body>" not in answer.body
    assert bool(moved()) == bool(paid)


@pytest.mark.parametrize(("when", "paid"), [("processed", 1), ("unprocessed", 0)])
def test_garbage(gateway: Gateway, when: str, paid: int) -> None:
    write(gateway.sandbox, f"garbage:{when}", operation="OkPayAPI")

    answer = gateway.post(gateway.sends())

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.body == transport.GARBAGE
    assert bool(moved()) == bool(paid)


@pytest.mark.parametrize(("effect", "paid"), [("http:503", 0), ("http:502:processed", 1)])
def test_an_error_page_of_a_server_in_front(gateway: Gateway, effect: str, paid: int) -> None:
    write(gateway.sandbox, effect, operation="Send_Money")

    answer = gateway.post(gateway.sends())

    assert answer.status == int(effect[5:8])
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>" in answer.body
    assert answer.headers["X-Sandbox-Scenario"].endswith(effect)
    assert bool(moved()) == bool(paid)


def test_slow_answers_hold_neither_threads_nor_connections(gateway: Gateway) -> None:
    """Forty at once, in a process of eight threads; meanwhile others are answered at once."""
    write(gateway.sandbox, "succeed", operation="Send_Money", times=40, delay=2)
    started = time.monotonic()

    with ThreadPoolExecutor(40) as people:
        slow = [people.submit(gateway.post, gateway.sends()) for _number in range(40)]
        time.sleep(1.2)
        between = time.monotonic()
        assert gateway.post(envelope('<Get_Date_Time xmlns="https://api.okpay.com"/>')).status == 200
        assert time.monotonic() - between < 0.7
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%'"
            )
            assert cursor.fetchone()[0] == 0
        assert {each.result().status for each in slow} == {200}

    assert 2 <= time.monotonic() - started < 8
    assert Transaction.objects.filter(receiver_wallet=MERCHANT, gross=D("10.00")).count() == 40


def test_an_answer_that_comes_late_is_the_whole_answer(gateway: Gateway) -> None:
    prompt = gateway.post(gateway.sends())
    write(gateway.sandbox, "succeed", operation="Send_Money", delay=0.3)

    started = time.monotonic()
    answer = gateway.post(gateway.sends())

    assert time.monotonic() - started >= 0.3
    assert answer.headers["Connection"] == "close"
    assert answer.headers["X-Request-ID"]
    assert answer.is_whole
    assert len(answer.body) == len(prompt.body)


def test_who_does_not_wait_for_a_late_answer_has_paid_all_the_same(gateway: Gateway) -> None:
    write(gateway.sandbox, "succeed", operation="Send_Money", delay=3)

    with pytest.raises(TimeoutError):
        gateway.post(gateway.sends(), timeout=1)

    assert moved() > 0


def test_a_reset_in_the_middle_of_kept_connections(gateway: Gateway) -> None:
    """Connections that others keep are not touched."""
    link = http.client.HTTPConnection(urlsplit(gateway.base).netloc, timeout=20)
    link.request("POST", "/OkPayAPI", gateway.sends())
    assert link.getresponse().read()
    own = link.sock
    write(gateway.sandbox, "reset:processed", operation="Send_Money", times=5)
    for _number in range(5):
        with pytest.raises(ConnectionResetError):
            gateway.raw(gateway.sends())

    link.request("POST", "/OkPayAPI", gateway.sends())
    assert link.getresponse().read()
    assert link.sock is own
    link.close()


def test_a_payment_form_and_a_question_are_answers_too(gateway: Gateway) -> None:
    write(gateway.sandbox, "reset", operation="ipn-verify")
    write(gateway.sandbox, "http:503", operation="process.html")

    with pytest.raises(ConnectionResetError):
        gateway.raw("ok_verify=true&ok_invoice=1", "/ipn-verify.html")
    form = "ok_receiver=OK702746927&ok_item_1_name=Poster&ok_item_1_price=100&ok_currency=USD"
    assert gateway.raw("", f"/process.html?{form}").startswith(b"HTTP/1.1 503 Service Unavailable\r\n")


# Where there are no sockets


def test_without_a_socket_a_reset_is_a_503_that_says_so(db: None, world: Sandbox) -> None:
    write(world, "reset:unprocessed", operation="Send_Money")

    body = request("Send_Money", **credentials(BUYER), Receiver=MERCHANT, Currency="EUR", Amount="10.00")
    response = Client().generic("POST", "/OkPayAPI", body, "text/xml")

    assert response.status_code == 503
    assert "does not let go" in response["X-Sandbox-Scenario"]


def test_without_a_socket_only_a_few_are_slow(db: None) -> None:
    """A server of another kind may have few threads: who comes when two are waiting is answered at once."""
    disturbance = transport.Disturbance(delay=0.5, told="scenario 1")
    answers: list[tuple[float, str]] = []

    def ask() -> None:
        started = time.monotonic()
        response = transport._without_a_socket(disturbance, HttpResponse(headers={transport.HEADER: "1"}), cut=False)
        answers.append((time.monotonic() - started, response[transport.HEADER]))

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted("not delayed" in told for _seconds, told in answers) == [False, False, True, True]
    assert sum(seconds >= 0.5 for seconds, _told in answers) == 2
