"""Requests as the web server hands them over, without one: the whole gateway from WSGI on, all middleware included."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

from django.conf import settings

from okpay_gateway.wsgi import Handler

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
T = "https://api.okpay.com"


def soap(operation: str, **parameters: object) -> bytes:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in parameters.items())
    body = f'<{operation} xmlns="{T}">{fields}</{operation}>'
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def token(password: str) -> str:
    return sha256(f"{password}:{datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest().upper()


def get(path: str) -> bytes:
    return _asked({"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.input": BytesIO()})


def call(body: bytes) -> bytes:
    """A SOAP call; what it answers. Raises AssertionError for a fault."""
    return _asked(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/OkPayAPI",
            "CONTENT_TYPE": "text/xml; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
    )


COMMON = {
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "127.0.0.1:8000",
    "REMOTE_ADDR": "127.0.0.1",
    "QUERY_STRING": "",
    "SCRIPT_NAME": "",
    "wsgi.url_scheme": "http",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


@dataclass(frozen=True)
class Answer:
    """`close` must be called when enough of the body was read."""

    status: int
    headers: dict[str, str]
    parts: Iterable[bytes]
    close: Callable[[], None]


def answer(environ: dict[str, Any]) -> Answer:
    said: list[Any] = []
    response = _application()(COMMON | environ, lambda status, headers, exc_info=None: said.extend((status, headers)))
    status, headers = said
    return Answer(int(status.split()[0]), dict(headers), response, response.close)  # type: ignore[attr-defined]


def _asked(environ: dict[str, Any]) -> bytes:
    answered = answer(environ)
    try:
        body = b"".join(answered.parts)
    finally:
        answered.close()
    assert answered.status == 200, (answered.status, body)
    return body


@cache
def _application() -> Handler:
    settings.ROOT_URLCONF = "tests.bench.urls"
    return Handler()
