"""ipn-verify's bytes, over a socket, from the web server that serves them everywhere."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from pytest_django import Settings

from ipn import delivery
from ipn.models import IpnMessage, Verification
from sandbox.models import Sandbox
from tests.ipn.conftest import NOW, Queue, spawning
from tests.listener import Listener, free_port

pytestmark = pytest.mark.django_db(transaction=True)

Port = int


@pytest.fixture(scope="module")
def gateway(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    """A real web server on the test database."""
    port = free_port()
    with spawning(tmp_path_factory.mktemp("gateway")) as spawn:
        where = {"PORT": str(port), "LISTEN": "127.0.0.1", "WEB_CONCURRENCY": "1"}
        server = spawn("gunicorn", "--config=python:okpay_gateway.webserver", **where)
        while not is_listening(port):
            assert server.poll() is None
            time.sleep(0.05)
        yield port


def is_listening(port: Port) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def message(queue: Queue, listener: Listener) -> IpnMessage:
    return queue(listener.url)


def question(message: IpnMessage) -> bytes:
    return b"ok_verify=true&" + message.body(resend=False).encode()


def ask(port: Port, request: bytes, *, wait_for_end: bool = False) -> tuple[str, dict[str, str], bytes]:
    """The status, the headers and all bytes behind them."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(request)
        if wait_for_end:
            link.shutdown(socket.SHUT_WR)
        answer = b""
        while block := link.recv(65536):
            answer += block
        head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return (
        status.partition(" ")[2],
        {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)},
        body,
    )


def post(body: bytes, *headers: str, version: str = "1.0", path: str = "/ipn-verify.html") -> bytes:
    lines = [f"POST {path} HTTP/{version}", *headers]
    if not any(header.lower().startswith(("content-length:", "transfer-encoding:")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


FORM = "Content-Type: application/x-www-form-urlencoded"


def test_the_answer_is_one_word_and_closes_an_old_connection(gateway: Port, message: IpnMessage) -> None:
    status, headers, body = ask(gateway, post(question(message), FORM, "Host: www.okpay.com"))

    assert status == "200 OK"
    assert body == b"VERIFIED"
    assert headers["content-length"] == "8"
    assert headers["content-type"] == "text/plain"
    assert headers["connection"] == "close"
    assert not {"transfer-encoding", "location", "set-cookie"} & set(headers)


def test_a_new_connection_can_go_on(gateway: Port, message: IpnMessage) -> None:
    one = post(question(message), FORM, "Host: localhost", version="1.1")
    last = post(b"ok_verify=true", FORM, "Host: localhost", "Connection: close", version="1.1", path="/ipn-verify")

    status, headers, rest = ask(gateway, one + last)

    assert status == "200 OK"
    assert headers["content-length"] == "8"
    assert rest.startswith(b"VERIFIEDHTTP/1.1 200 OK\r\n")
    assert rest.endswith(b"\r\n\r\nINVALID")
    assert b"chunked" not in rest.lower()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Content-Type: text/xml"],
        ["Content-Type: "],
        ["Content-Type: multipart/form-data; boundary=x"],
        [FORM + "; charset=windows-1251"],
        ["Host: www.okpay.com"],
        ["Host: www.okpay.com:443"],
        ["Host: https://www.okpay.com/ipn-verify.html"],
        ["Host: !$%&/()="],
        ["Host: ok pay"],
        ["Host: "],
        ["Host: m\xfcll"],
        ["Host: localhost", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"],
        ["Expect: 100-continue"],
        ["Accept: image/png", "Accept-Encoding: gzip, br"],
        ["Cookie: \xff=\xfe; okpay_session=nonsense", "Accept-Language: \xff"],
    ],
)
def test_headers_do_not_matter(gateway: Port, message: IpnMessage, headers: list[str]) -> None:
    status, _, body = ask(gateway, post(question(message), *headers))

    assert (status, body) == ("200 OK", b"VERIFIED")


def test_a_body_in_chunks(gateway: Port, message: IpnMessage) -> None:
    text = question(message)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(text[i : i + 50]), text[i : i + 50]) for i in range(0, len(text), 50))
    headers = ("Host: localhost", FORM, "Transfer-Encoding: chunked", "Connection: close")

    status, answered, body = ask(gateway, post(chunks + b"0\r\n\r\n", *headers, version="1.1"))

    assert (status, body) == ("200 OK", b"VERIFIED")
    assert "transfer-encoding" not in answered


def test_an_array_as_phps_curl_sends_it(gateway: Port, message: IpnMessage) -> None:
    """CURLOPT_POSTFIELDS => ["ok_verify" => "true"] + $_POST becomes multipart/form-data."""

    def asked(pairs: list[tuple[str, str]]) -> bytes:
        parts = [f'--X7\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
        body = "".join([*parts, "--X7--\r\n"]).encode()
        return ask(gateway, post(body, "Content-Type: multipart/form-data; boundary=X7"))[2]

    pairs = [("ok_verify", "true"), *parse_qsl(message.body(resend=False), keep_blank_values=True)]

    assert asked(pairs) == b"VERIFIED"
    assert asked([*pairs[:-1], ("ok_ipn_id", pairs[-1][1] + "1")]) == b"INVALID"
    assert asked([*pairs, ("ok_more", "1")]) == b"INVALID"


@pytest.mark.parametrize("body", [b"--X7\r\n", b"--\r\nContent-Disposition: form-data", b"--other\r\n\r\n--X7--"])
def test_multipart_that_is_none_is_a_question_about_nothing(gateway: Port, sandbox: Sandbox, body: bytes) -> None:
    status, _, verdict = ask(gateway, post(body, "Content-Type: multipart/form-data; boundary=X7"))

    assert (status, verdict) == ("200 OK", b"INVALID")


def test_a_line_end_behind_the_form_is_not_of_its_last_value(gateway: Port, message: IpnMessage) -> None:
    assert ask(gateway, post(question(message) + b"\r\n", FORM))[2] == b"VERIFIED"
    assert ask(gateway, post(question(message).replace(b"ok_receiver=", b"ok_receiver=%0A"), FORM))[2] == b"INVALID"


def test_an_old_connection_is_closed_even_when_it_asks_to_stay(gateway: Port, message: IpnMessage) -> None:
    _, headers, body = ask(gateway, post(question(message), FORM, "Connection: keep-alive"))

    assert (headers["connection"], body) == ("close", b"VERIFIED")


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"fffffffff\r\nabc", b"5\r\nab"])
def test_malformed_chunks(gateway: Port, sandbox: Sandbox, chunks: bytes) -> None:
    headers = ("Host: localhost", FORM, "Transfer-Encoding: chunked", "Connection: close")

    status, _, body = ask(gateway, post(chunks, *headers, version="1.1"), wait_for_end=True)

    assert (status, body) == ("200 OK", b"INVALID")
    assert "unreadable" in Verification.objects.get().differences


def test_a_body_that_ends_too_early(gateway: Port, message: IpnMessage) -> None:
    text = question(message)

    status, _, body = ask(gateway, post(text, FORM, f"Content-Length: {len(text) + 7}"), wait_for_end=True)

    assert (status, body) == ("200 OK", b"INVALID")
    assert "7 bytes before its Content-Length" in Verification.objects.get().reason


def test_a_body_of_ten_megabytes_gets_its_answer(gateway: Port, sandbox: Sandbox) -> None:
    status, _, body = ask(gateway, post(b"ok_verify=true&x=" + b"y" * 10_000_000, FORM))

    assert (status, body) == ("200 OK", b"INVALID")
    assert "longer than 1048576 bytes" in Verification.objects.get().reason


def test_by_get(gateway: Port, message: IpnMessage) -> None:
    request = b"GET /ipn-verify?" + question(message) + b" HTTP/1.0\r\n\r\n"

    assert ask(gateway, request)[2] == b"VERIFIED"


def test_plain_http_is_never_redirected(queue: Queue, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    body = question(queue("http://shop.example/"))

    for path in ("/ipn-verify.html", "/ipn-verify"):
        response = Client().generic("POST", path, body)
        assert (response.status_code, response.content) == (200, b"VERIFIED")


def test_a_listener_asks_while_it_is_being_posted_to(
    gateway: Port, message: IpnMessage, sandbox: Sandbox, listener: Listener
) -> None:
    listener.verify_at = f"http://127.0.0.1:{gateway}"

    delivery.deliver_due(sandbox, now=NOW)
    delivery.resend(message, now=NOW)
    delivery.deliver_due(sandbox, now=NOW)

    assert listener.verdicts == ["VERIFIED", "VERIFIED"]
    assert [request.variables.get("ok_ipn_resend") for request in listener.requests] == [None, "true"]
    assert Verification.objects.filter(message=message, verdict="VERIFIED").count() == 2
