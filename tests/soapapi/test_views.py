"""/OkPayAPI over HTTP: what browsers see, what other methods get, and what only a real server sends."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.test import Client
from lxml import etree

from tests.soapapi.calls import SOAP, T, credentials, envelope, post, request, result
from tests.web import web_server

DATE_CALL = envelope(f'<Get_Date_Time xmlns="{T}"/>')


def test_a_browser_sees_a_page_that_leads_to_the_contract(db: None) -> None:
    response = Client().get("/OkPayAPI")

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")
    page = response.content.decode()
    assert "http://testserver/OkPayAPI?wsdl" in page
    assert "Transaction_History" in page


@pytest.mark.parametrize("query", ["", "?wsdl"])
def test_head(db: None, query: str) -> None:
    response = Client().head(f"/OkPayAPI{query}")

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_get_an_envelope_too(db: None, method: str) -> None:
    response = Client().generic(method, "/OkPayAPI", DATE_CALL, "text/xml")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"
    assert etree.fromstring(response.content).findtext(f".//{SOAP}Fault/faultstring") == "Malformed_Request"


def test_a_call_needs_no_host_that_is_allowed(db: None) -> None:
    response = post(DATE_CALL, headers={"host": "api.okpay.com"})

    assert result(response).startswith("20")


def test_a_call_needs_no_cookie_and_no_csrf_token(db: None) -> None:
    response = Client(enforce_csrf_checks=True).generic("POST", "/OkPayAPI", DATE_CALL, "text/xml")

    assert result(response).startswith("20")
    assert not response.cookies


def test_nothing_is_cached(db: None) -> None:
    assert "no-store" in post(DATE_CALL)["Cache-Control"]


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("web")) as address:
        yield address


def exchange(server: str, data: bytes) -> tuple[bytes, bytes]:
    """Head and body of what comes back for these bytes, until the server closes."""
    port = urlsplit(server).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


HEAD = b"POST /OkPayAPI HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nConnection: close\r\n"


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_chunked_requests_are_read(server: str, transactional_db: None, size: int) -> None:
    head, body = exchange(server, chunked(DATE_CALL.encode(), size))

    assert head.startswith(b"HTTP/1.1 200 ")
    assert etree.fromstring(body).find(f".//{{{T}}}Get_Date_TimeResult") is not None


def test_an_answer_has_its_length_and_no_chunks(server: str, transactional_db: None) -> None:
    call = DATE_CALL.encode()
    head, body = exchange(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(call) + call)

    assert b"\r\nContent-Length: %d" % len(body) in head
    assert b"transfer-encoding" not in head.lower()


def test_a_fault_over_a_real_line(server: str, transactional_db: None, world: object) -> None:
    call = request("Wallet_Get_Balance", **credentials("OK999999999")).encode()
    head, body = exchange(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(call) + call)

    assert head.startswith(b"HTTP/1.1 500 ")
    assert etree.fromstring(body).findtext(f".//{SOAP}Fault/faultstring") == "Source_Account_Doesnt_Exist"


@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n",  # neither a length nor chunks
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 500\r\n\r\n<s:Envelope",  # broken off
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n<s:En\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n500\r\n<s:Envelope",
        b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n<a/>",
    ],
)
def test_requests_that_break_off_get_an_envelope(server: str, transactional_db: None, rest: bytes) -> None:
    head, body = exchange(server, HEAD + rest)

    if head.startswith(b"HTTP/1.1 100 "):
        head, _, body = body.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert etree.fromstring(body).findtext(f".//{SOAP}Fault/faultstring") == "Malformed_Request"
