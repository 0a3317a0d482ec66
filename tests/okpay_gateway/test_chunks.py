"""Bodies in chunks, as .NET, Java and Go send them: by hand against the wrapper, and over a socket against gunicorn."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from checkout.models import CheckoutSession
from okpay_gateway import chunks
from okpay_gateway.uploads import LARGEST_FORM
from tests.web import web_server
from wallets.models import Wallet

pytestmark = pytest.mark.slow

FORM = b"ok_receiver=OK702746927&ok_item_1_name=Poster&ok_item_1_price=10.00&ok_currency=USD&ok_invoice=chunks-1"


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("web")
    with web_server(folder, WEB_CONCURRENCY="1") as address:
        yield address


def exchange(server: str, head: str, body: bytes, size: int = 7) -> tuple[str, bytes]:
    """Status and body of the answer to a request whose body comes in pieces of this size."""
    pieces = b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + size]), body[i : i + size]) for i in range(0, len(body), size)
    )
    return raw(server, head, pieces + b"0\r\n\r\n")


def raw(server: str, head: str, pieces: bytes) -> tuple[str, bytes]:
    headers = f"{head}\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(server).port), timeout=20) as link:
        link.sendall(headers.encode() + pieces)
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head_of_answer, _, content = answer.partition(b"\r\n\r\n")
    return head_of_answer.decode().partition("\r\n")[0].partition(" ")[2], content


@pytest.mark.parametrize("size", [1, 50, 5000])
def test_a_payment_form_opens_a_checkout(transactional_db: None, merchant: Wallet, server: str, size: int) -> None:
    status, _ = exchange(
        server, "POST /process.html HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", FORM, size
    )

    assert status == "302 Found"
    assert CheckoutSession.objects.get().invoice == "chunks-1"


def test_the_control_api_reads_json(transactional_db: None, merchant: Wallet, server: str) -> None:
    head = "PATCH /api/v1/wallets/OK702746927/ HTTP/1.1\r\nContent-Type: application/json; charset=utf-8"
    status, body = exchange(server, f"{head}\r\nAuthorization: Bearer sandbox", b'{"title": "In chunks"}')

    assert status == "200 OK"
    assert json.loads(body)["title"] == "In chunks"


@pytest.mark.parametrize("pieces", [b"zz\r\nabc\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n"])
def test_chunks_that_are_none_change_nothing(
    transactional_db: None, merchant: Wallet, server: str, pieces: bytes
) -> None:
    status, body = raw(server, "POST /process.html HTTP/1.1", pieces)

    assert status == "400 Bad Request"
    assert body == chunks.BROKEN
    assert not CheckoutSession.objects.exists()


def seen_by_the_application(environ: dict[str, Any]) -> dict[str, Any]:
    """What stands in the environment behind the wrapper, and the body as far as it is announced."""
    seen: dict[str, Any] = {}

    def application(inner: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(inner, body=inner["wsgi.input"].read(int(inner.get("CONTENT_LENGTH") or 0)))
        return []

    list(chunks.measured(application)(environ, lambda status, headers: None))
    return seen


def environment(body: bytes, **more: Any) -> dict[str, Any]:
    return {
        "PATH_INFO": "/process.html",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        **more,
    }


def test_a_body_gets_its_length() -> None:
    seen = seen_by_the_application(environment(b"a=b"))

    assert (seen["CONTENT_LENGTH"], seen["body"]) == ("3", b"a=b")
    assert "HTTP_TRANSFER_ENCODING" not in seen


def test_what_is_too_much_is_announced_as_too_much() -> None:
    seen = seen_by_the_application(environment(bytes(LARGEST_FORM + 100)))

    assert seen["CONTENT_LENGTH"] == str(LARGEST_FORM + 1)


@pytest.mark.parametrize(
    "untouched",
    [
        {"PATH_INFO": "/ipn-verify.html"},
        {"PATH_INFO": "/OkPayAPI"},
        {"wsgi.input_terminated": False},  # nobody knows where this body ends
        {"HTTP_TRANSFER_ENCODING": ""},
    ],
)
def test_what_is_left_alone(untouched: dict[str, Any]) -> None:
    assert "CONTENT_LENGTH" not in seen_by_the_application(environment(b"a=b", **untouched))
