"""What a POST looks like on the wire, and what is said of everything that can go wrong with it."""

import asyncio
import datetime
import ipaddress
import ssl
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings as django_settings
from pytest_django import Settings

from ipn import http
from ipn.models import DeliveryAttempt
from tests.listener import Answer, Listener, free_port, listening

Error = DeliveryAttempt.Error


def post(url: str, body: str = "ok_txn_id=1&ok_ipn_id=3000001") -> http.Answer:
    async def _post() -> http.Answer:
        async with http.open_session() as session:
            return await http.post(session, url, body)

    return asyncio.run(_post())


def test_the_request_is_a_form_letter_for_letter(listener: Listener) -> None:
    body = "ok_charset=utf-8&ok_txn_datetime=2010-12-31+10%3a33%3a44&ok_invoice=&ok_ipn_id=3000001"

    answer = post(listener.url + "?shop=a%2Fb&x=%7e", body)

    (request,) = listener.requests
    assert (request.method, request.target) == ("POST", "/ipn?shop=a%2Fb&x=%7e")
    assert request.body == body.encode()
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["content-length"] == str(len(body))
    assert request.headers["user-agent"] == f"OKPAY-IPN/{django_settings.VERSION}"
    assert request.headers["host"] == f"127.0.0.1:{listener.port}"
    assert "transfer-encoding" not in request.headers
    assert (answer.response_code, answer.error, answer.detail) == (200, "", "")
    assert answer.response_head == "HTTP/1.1 200 OK\nContent-Length: 2\n\nOK"
    assert answer.duration > datetime.timedelta()


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(django_settings.BASE_DIR) / "pyproject.toml").read_text())["project"]
    assert project["version"] == django_settings.VERSION


def test_a_url_with_other_letters_is_encoded(listener: Listener) -> None:
    assert post(listener.url + "/grüße an dich").response_code == 200
    assert listener.requests[0].target == "/ipn/gr%C3%BC%C3%9Fe%20an%20dich"


def post_three(url: str) -> list[http.Answer]:
    async def _post() -> list[http.Answer]:
        async with http.open_session() as session:
            return [await http.post(session, url, f"ok_ipn_id={number}") for number in range(3)]

    return asyncio.run(_post())


def test_a_connection_serves_the_next_message_too(listener: Listener) -> None:
    assert [answer.response_code for answer in post_three(listener.url)] == [200] * 3
    assert listener.connections == 1


def test_a_kept_connection_that_the_listener_closes_costs_no_attempt(listener: Listener) -> None:
    # It answers as if it kept the connection, and hangs up when the next message arrives.
    listener.will(Answer(200), Answer(drop=True), Answer(200))

    assert [answer.response_code for answer in post_three(listener.url)] == [200] * 3
    assert listener.connections == 2
    assert [request.variables["ok_ipn_id"] for request in listener.requests] == ["0", "1", "1", "2"]


def test_a_new_connection_that_the_listener_closes_does(listener: Listener) -> None:
    listener.will(Answer(drop=True), Answer(200))

    assert [answer.response_code for answer in post_three(listener.url)] == [None, 200, 200]


def raw(text: bytes) -> Answer:
    return Answer(raw=text)


HEADER = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "code", "error", "detail"),
    [
        (Answer(500), 500, Error.STATUS, "500"),
        (Answer(404), 404, Error.STATUS, "404"),
        (Answer(201), 201, Error.STATUS, "201"),
        (Answer(204, body=b""), 204, Error.STATUS, "204"),
        (Answer(302, headers=(("Location", "https://shop.example/"),)), 302, Error.REDIRECT, "https://shop.example/"),
        (Answer(304, body=b""), 304, Error.STATUS, "304"),
        (Answer(drop=True), None, Error.DISCONNECTED, "disconnected"),
        (Answer(hang=True), None, Error.TIMED_OUT, "1 seconds"),
        (Answer(delay=3), None, Error.TIMED_OUT, "1 seconds"),
        (Answer(drip=0.1), None, Error.TIMED_OUT, "1 seconds"),
        (raw(b""), None, Error.DISCONNECTED, "disconnected"),
        (raw(b"HTTP/1.1 20"), None, Error.DISCONNECTED, ""),
        (raw(b"I am no web server\r\n\r\n"), None, Error.MALFORMED_ANSWER, ""),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), None, Error.MALFORMED_ANSWER, ""),
        (raw(b"HTTP/1.1 abc OK\r\n\r\n"), None, Error.MALFORMED_ANSWER, ""),
        (raw(HEADER + b"no colon\r\n\r\n"), None, Error.MALFORMED_ANSWER, ""),
        (raw(HEADER + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), None, Error.MALFORMED_ANSWER, ""),
        (raw(HEADER + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n"), None, Error.HEADER_TOO_BIG, ""),
        (raw(HEADER + b"X-Many: 1\r\n" * 500 + b"\r\n"), None, Error.HEADER_TOO_BIG, ""),
        (Answer(raw=HEADER, endless=b"X-Endless: 1\r\n"), None, Error.HEADER_TOO_BIG, ""),
        (Answer(raw=HEADER + b"X-Endless: ", endless=b"x" * 100), None, Error.HEADER_TOO_BIG, ""),
        (Answer(raw=b"", endless=b"HTTP/1.1 100 Continue\r\n\r\n"), None, Error.TIMED_OUT, ""),
    ],
)  # fmt: skip
def test_what_is_no_delivery(
    listener: Listener, settings: Settings, answer: Answer, code: int | None, error: str, detail: str
) -> None:
    settings.IPN_TIMEOUT = 1
    listener.will(answer)

    outcome = post(listener.url)

    assert (outcome.response_code, outcome.error) == (code, error)
    assert detail in outcome.detail
    assert outcome.detail
    assert outcome.duration < datetime.timedelta(seconds=3)
    assert len(listener.requests) == 1


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Answer(body=b""), ""),
        (Answer(body=b"x" * 64 * 1024), ""),
        (Answer(body=b"x" * 10_000_000), "the rest was not read"),
        (Answer(raw=HEADER + b"Content-Length: 100\r\n\r\nshort"), "broke off"),
        (Answer(raw=HEADER + b"Transfer-Encoding: chunked\r\n\r\n5\r\nsho"), "broke off"),
        (Answer(raw=HEADER + b"\r\n", endless=b"and so on\n"), "the rest was not read"),
        (Answer(raw=HEADER + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), ""),
        (Answer(raw=b"HTTP/1.0 200\r\n\r\n"), ""),
    ],
)
def test_with_status_200_the_body_does_not_matter(listener: Listener, answer: Answer, detail: str) -> None:
    listener.will(answer)

    outcome = post(listener.url)

    assert (outcome.response_code, outcome.error) == (200, "")
    assert detail in outcome.detail
    assert bool(outcome.detail) == bool(detail)
    assert len(outcome.response_head) <= http.MAX_HEAD


def test_a_body_that_comes_drop_by_drop_is_not_waited_for(listener: Listener, settings: Settings) -> None:
    settings.IPN_TIMEOUT = 1
    listener.will(Answer(body=b"x" * 1000, drip=0.01))

    outcome = post(listener.url)

    assert (outcome.response_code, outcome.error) == (200, "")
    assert outcome.detail == "the body did not end within 1 seconds"
    assert outcome.duration < datetime.timedelta(seconds=2)


def test_an_answer_is_kept_in_a_form_that_the_database_takes(listener: Listener) -> None:
    listener.will(Answer(body=b"\x00\xff gr\xc3\xbc\xc3\x9fe"))

    assert post(listener.url).response_head.endswith("\n\n\\x00\\xff grüße")


def test_nobody_listens() -> None:
    answer = post(f"http://127.0.0.1:{free_port()}/ipn")

    assert (answer.response_code, answer.error) == (None, Error.REFUSED)
    assert "127.0.0.1" in answer.detail


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://nowhere.invalid/ipn", Error.NAME_NOT_FOUND),
        ("ftp://127.0.0.1/ipn", Error.INCORRECT_URL),
        ("file:///etc/passwd", Error.INCORRECT_URL),
        ("javascript:alert(1)", Error.INCORRECT_URL),
        ("//127.0.0.1/ipn", Error.INCORRECT_URL),
        ("", Error.INCORRECT_URL),
        ("shop.example/ipn", Error.INCORRECT_URL),
        ("http://", Error.INCORRECT_URL),
        ("http:///ipn", Error.INCORRECT_URL),
        ("http://user:secret@127.0.0.1/ipn", Error.INCORRECT_URL),
        ("http://user@127.0.0.1/ipn", Error.INCORRECT_URL),
        ("http://:@127.0.0.1/ipn", Error.INCORRECT_URL),
        ("http://127.0.0.1:99999/ipn", Error.INCORRECT_URL),
        ("http://127.0.0.1:port/ipn", Error.INCORRECT_URL),
        ("http://[::1/ipn", Error.INCORRECT_URL),
        ("http://" + "a" * 70 + ".example/ipn", Error.INCORRECT_URL),
        ("http://127.0.0.1 .example/ipn", Error.NAME_NOT_FOUND),
        ("http://127.0.0.1\r\nX-Header: smuggled/ipn", Error.INCORRECT_URL),
    ],
)
def test_urls_that_lead_nowhere(url: str, error: str) -> None:
    answer = post(url)

    assert (answer.response_code, answer.error) == (None, error)
    assert answer.detail


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path / "listener.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_that_nobody_vouches_for(self_signed: ssl.SSLContext, settings: Settings) -> None:
    with listening(tls=self_signed) as listener:
        refused = post(listener.url)
        settings.IPN_VERIFY_TLS = False
        accepted = post(listener.url)

    assert (refused.response_code, refused.error) == (None, Error.TLS)
    assert "self" in refused.detail
    assert (accepted.response_code, accepted.error) == (200, "")


def test_https_to_a_listener_without_tls(listener: Listener) -> None:
    assert post(listener.url.replace("http:", "https:")).error == Error.TLS
