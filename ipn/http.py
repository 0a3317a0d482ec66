"""One POST to a listener, and everything that can go wrong with it, in words.

200 counts as delivered and the body of the answer is ignored: some of it is read for the IPN History, and it does not
matter how it ends. An answer that is not HTTP counts as none.
"""

import asyncio
import errno
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial

import aiohttp
from django.conf import settings
from django.utils import translation
from yarl import URL

from ipn.addresses import flaw, refusal
from ipn.encoding import storable
from ipn.models import DeliveryAttempt

Error = DeliveryAttempt.Error
logger = logging.getLogger(__name__)
# An attempt is kept, and read by others than whoever asked for it.
english = partial(translation.override, None)

MAX_BODY = 64 * 1024  # bytes of an answer that are read
MAX_HEAD = 8 * 1024  # characters of an answer that are kept
MAX_HEADER_LINE = 8 * 1024  # bytes
MAX_HEADERS = 100

AN_EXACT_URL = re.compile(r"[!-~]+")
ERRNO = re.compile(r"\[Errno (\d+)\]")


@dataclass(frozen=True)
class Answer:
    """What came of a POST. `error` is empty if and only if the status is 200."""

    response_code: int | None = None
    response_head: str = ""
    error: str = ""
    detail: str = ""
    duration: timedelta = field(default=timedelta())


class ForbiddenAddress(OSError):
    """The address may not be connected to (ipn.addresses says why)."""


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Where posts share the name cache and connections."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,  # the pump counts
            # For the next of many messages. Longer would keep others out of a listener that serves one at a time.
            keepalive_timeout=0.1,
            ssl=settings.IPN_VERIFY_TLS,
            socket_factory=_permitted_socket,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        max_line_size=MAX_HEADER_LINE,
        max_field_size=MAX_HEADER_LINE,
        max_headers=MAX_HEADERS,
        headers={
            "User-Agent": f"OKPAY-IPN/{settings.VERSION}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        },
    )
    async with session:
        yield session
    await asyncio.sleep(0.001)  # the loop closes the last sockets; its owner may end it now


async def post(session: aiohttp.ClientSession, url: str, body: str) -> Answer:
    """Post once, follow nothing, take at most IPN_TIMEOUT. Never raises but when it is cancelled."""
    return await _request(session, url, body)


async def get(session: aiohttp.ClientSession, url: str) -> Answer:
    """The same without a body, by the same rules."""
    return await _request(session, url, None)


async def within(seconds: float, request: Awaitable[Answer]) -> Answer:
    """A request that is given up sooner than IPN_TIMEOUT."""
    try:
        async with asyncio.timeout(seconds):
            return await request
    except TimeoutError:
        return Answer(
            error=Error.TIMED_OUT,
            detail=f"no answer within {seconds:g} seconds",
            duration=timedelta(seconds=seconds),
        )


async def _request(session: aiohttp.ClientSession, url: str, body: str | None) -> Answer:
    started = time.monotonic()
    try:
        answer = await _persist(session, _checked(url), body, give_up_at=started + settings.IPN_TIMEOUT)
    except Exception as error:
        answer = _explain(error)
    return Answer(
        response_code=answer.response_code,
        response_head=storable(answer.response_head)[:MAX_HEAD],
        error=answer.error,
        detail=storable(answer.detail)[:1000],
        duration=timedelta(seconds=time.monotonic() - started),
    )


async def _persist(session: aiohttp.ClientSession, url: URL, body: str | None, *, give_up_at: float) -> Answer:
    while True:
        connection = _Connection()
        _connection.set(connection)
        try:
            return await _request_once(session, url, body, give_up_at - time.monotonic())
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            # The listener closed a kept connection just when this message went out. A new one is another matter.
            if connection.is_new:
                raise


@dataclass
class _Connection:
    is_new: bool = False


# That of the request which this task makes. A hook of aiohttp's would cost each a twentieth.
_connection: ContextVar[_Connection] = ContextVar("_connection")


async def _request_once(session: aiohttp.ClientSession, url: URL, body: str | None, timeout: float) -> Answer:
    async with session.request(
        "GET" if body is None else "POST",
        url,
        data=None if body is None else body.encode(),
        allow_redirects=False,
        # 0 would mean for ever.
        timeout=aiohttp.ClientTimeout(total=max(timeout, 0.001)),
    ) as response:
        content, detail = await _start_of(response)
        head = _head(response, content)
        if response.status == 200:
            return Answer(200, head, detail=detail)
        if 300 <= response.status < 400 and "Location" in response.headers:
            detail = f"to {response.headers['Location']}; give the final URL"
            return Answer(response.status, head, Error.REDIRECT, detail)
        return Answer(response.status, head, Error.STATUS, f"the answer's status is {response.status}, not 200")


@lru_cache(maxsize=1000)
def _checked(url: str) -> URL:
    with english():
        if reason := flaw(url):
            raise ValueError(reason)
    # An ordinary URL is requested letter for letter, one with other letters in it is encoded first.
    return URL(url, encoded=bool(AN_EXACT_URL.fullmatch(url)))


def _permitted_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Called for each numeric address just before it is connected to: names and spellings are behind us."""
    _connection.get().is_new = True
    family, kind, protocol, _, (host, *_) = address
    with english():
        if reason := refusal(str(host), allow_private=settings.IPN_ALLOW_PRIVATE):
            raise ForbiddenAddress(errno.EACCES, f"Forbidden address: {reason}")
    return socket.socket(family, kind, protocol)


async def _start_of(response: aiohttp.ClientResponse) -> tuple[bytes, str]:
    """At most MAX_BODY bytes of the body, and what there is to say about the rest."""
    content = b""
    try:
        while chunk := await response.content.readany():
            content += chunk
            if len(content) > MAX_BODY:
                return content, f"the body was longer than {MAX_BODY} bytes; the rest was not read"
    except TimeoutError:
        return content, f"the body did not end within {settings.IPN_TIMEOUT} seconds"
    except (aiohttp.ClientError, OSError) as error:
        return content, f"the body broke off: {error}"
    return content, ""


def _head(response: aiohttp.ClientResponse, content: bytes) -> str:
    version = response.version
    lines = [f"HTTP/{version.major}.{version.minor} {response.status} {response.reason or ''}" if version else ""]
    lines += [f"{_text(name)}: {_text(value)}" for name, value in response.raw_headers]
    return "\n".join([*lines, "", _text(content[:MAX_HEAD])])


def _explain(error: Exception) -> Answer:
    """An exception as what happened. The order matters: aiohttp's classes descend from one another."""
    match error:
        case aiohttp.InvalidURL():
            return Answer(error=Error.INCORRECT_URL, detail=error.description or "the URL is not one")
        case aiohttp.ClientConnectorDNSError():
            return Answer(error=Error.NAME_NOT_FOUND, detail=f"{error.host}: {error.os_error.strerror}")
        case aiohttp.ClientConnectorCertificateError():
            return Answer(error=Error.TLS, detail=str(error.certificate_error))
        case aiohttp.ClientSSLError():
            return Answer(error=Error.TLS, detail=str(error.os_error))
        case aiohttp.ClientConnectorError():
            return _unconnected(error.os_error)
        case aiohttp.ClientResponseError():
            # aiohttp has no class for it that reaches us.
            if error.message.startswith(("Got more than", "Too many headers")):
                return Answer(error=Error.HEADER_TOO_BIG, detail=error.message)
            return Answer(error=Error.MALFORMED_ANSWER, detail=error.message)
        case TimeoutError():
            return Answer(error=Error.TIMED_OUT, detail=f"no answer within {settings.IPN_TIMEOUT} seconds")
        case aiohttp.ClientConnectionError() | OSError():
            return Answer(error=Error.DISCONNECTED, detail=str(error))
        case ValueError():
            return Answer(error=Error.INCORRECT_URL, detail=str(error))
    # A bug, and loud; but as an attempt, or the message would be claimed and posted for ever.
    logger.error("posting failed in a way of its own", exc_info=error)
    return Answer(error=Error.MALFORMED_ANSWER, detail=f"unexpected: {type(error).__name__}")


def _unconnected(error: OSError) -> Answer:
    """No connection to any of the host's addresses: `error` may speak of several."""
    said = str(error)
    codes = {int(code) for code in ERRNO.findall(said)}
    if "Forbidden address" in said:
        return Answer(error=Error.FORBIDDEN_ADDRESS, detail=ERRNO.sub("", said).strip())
    if errno.ECONNREFUSED in codes:
        return Answer(error=Error.REFUSED, detail=said)
    if errno.ETIMEDOUT in codes:
        return Answer(error=Error.TIMED_OUT, detail=said)
    if errno.ECONNRESET in codes:
        return Answer(error=Error.DISCONNECTED, detail=said)
    return Answer(error=Error.UNREACHABLE, detail=said)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
