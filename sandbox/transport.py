"""What happens to an answer on its way out: it comes late, broken, or not at all. For real, on the connection itself.

A mouth says what shall happen (`disturb`); the middleware, outermost of all, does it when the answer is ready and every
database transaction has ended. The connection is taken out of gunicorn's hands: a late answer waits in one thread for
all, so it holds neither a web thread nor a database connection, however many there are. On a server that does not show
its sockets a delay is slept through, by a few at once, and what cannot be done is said by a 503.
"""

import heapq
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from itertools import count

from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from sandbox import journal
from sandbox.effects import Play

HEADER = "X-Sandbox-Scenario"
# Late answers that a process keeps. Further ones go out at once, and the log says so.
MOST_WAITING = 500
MOST_SLEEPING = 2  # threads
PATIENCE = 5.0  # seconds for a client to take a late answer
GARBAGE = bytes((number * 73 + 41) % 256 for number in range(512))
ERROR_PAGE = b"<html><head><title>%d</title></head><body><h1>%d %s</h1></body></html>\n"

log = logging.getLogger(__name__)


@dataclass
class Disturbance:
    """What shall happen to the answer of the request under way."""

    delay: float = 0
    answer: str = ""
    http_status: int = 0
    told: str = ""


_current: ContextVar[Disturbance | None] = ContextVar("disturbance", default=None)


def disturb(play: Play, told: str) -> None:
    """Let it happen to the request under way; outside of any, nothing. `told` is for the header."""
    disturbance = _current.get()
    if disturbance is None:
        return
    disturbance.delay += play.delay
    if play.answer:
        disturbance.answer, disturbance.http_status = play.answer, play.http_status
    disturbance.told = f"{disturbance.told}, {told}" if disturbance.told else told


def calm() -> None:
    """What was to happen shall not: whatever asked for it was taken back."""
    if disturbance := _current.get():
        disturbance.delay, disturbance.answer, disturbance.told = 0, "", ""
    journal.note(script="")


class Disturb:
    """The middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        disturbance = Disturbance()
        token = _current.set(disturbance)
        try:
            response = self.get_response(request)
        finally:
            _current.reset(token)
        if not disturbance.told:
            return response
        return _play(disturbance, request, response)


def _play(disturbance: Disturbance, request: HttpRequest, response: HttpResponse) -> HttpResponse:
    assert not isinstance(response, StreamingHttpResponse)
    # In ASCII, without line ends: a header. The name of a scenario may be anything.
    response[HEADER] = disturbance.told.encode("ascii", "backslashreplace").decode().replace("\n", " ")
    match disturbance.answer:
        case "http":
            response = _error_page(response, disturbance.http_status)
        case "garbage":
            # Looks like success until one reads it: neither the refusal of what was not processed, nor a redirect.
            response.status_code = 200
            response.headers.pop("Location", None)
            response.content = GARBAGE
            response["Content-Length"] = str(len(GARBAGE))
    cut = disturbance.answer in ("reset", "truncated")
    if not (cut or disturbance.delay):
        return response
    client = _take_over(request)
    if client is None:
        return _without_a_socket(disturbance, response, cut=cut)
    message = _as_bytes(response)
    if disturbance.answer == "truncated":
        message = message[: len(message) - max(1, len(response.content) // 2)]
    send = partial(_reset, client) if disturbance.answer == "reset" else partial(_send, client, message)
    if not disturbance.delay:
        send()
    elif not _later.add(disturbance.delay, send):
        log.warning("An answer was not delayed: %d are waiting already.", MOST_WAITING)
        send()
    # For gunicorn, which writes it to nobody.
    return HttpResponse(headers={"Connection": "close"})


def _error_page(response: HttpResponse, status: int) -> HttpResponse:
    page = HttpResponse(status=status, content_type="text/html; charset=utf-8", headers={HEADER: response[HEADER]})
    page.content = ERROR_PAGE % (status, status, page.reason_phrase.encode())
    page._has_been_logged = True  # type: ignore[attr-defined]  # nothing is wrong here
    return page


def _take_over(request: HttpRequest) -> socket.socket | None:
    """The client's connection, ours from now on: gunicorn is left with one that leads nowhere."""
    connection = request.META.get("gunicorn.socket")
    if type(connection) is not socket.socket:  # none, or one with TLS inside it, which cannot be handed over
        return None
    client = connection.dup()
    near, far = socket.socketpair()
    os.dup2(near.fileno(), connection.fileno())
    near.close()
    far.close()
    return client


def _as_bytes(response: HttpResponse) -> bytes:
    """The answer as gunicorn would send it, with the end of the connection behind it."""
    headers = {
        name: value for name, value in response.items() if name.lower() not in ("connection", "transfer-encoding")
    }
    headers |= {"Content-Length": str(len(response.content)), "Connection": "close", "Date": formatdate(usegmt=True)}
    lines = [f"HTTP/1.1 {response.status_code} {response.reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Set-Cookie: {cookie.output(header='').strip()}" for cookie in response.cookies.values()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.content


def _without_a_socket(disturbance: Disturbance, response: HttpResponse, *, cut: bool) -> HttpResponse:
    if disturbance.delay:
        if _sleepers.acquire(blocking=False):
            try:
                _let_go_of_the_database()
                time.sleep(disturbance.delay)
            finally:
                _sleepers.release()
        else:
            response[HEADER] += f"; not delayed, {MOST_SLEEPING} answers are waiting already"
    if cut:
        response[HEADER] += "; this server does not let go of its connections"
        return _error_page(response, 503)
    return response


_sleepers = threading.BoundedSemaphore(MOST_SLEEPING)


def _let_go_of_the_database() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


# Sending


def _send(client: socket.socket, message: bytes) -> None:
    try:
        with client:
            client.settimeout(PATIENCE)
            client.sendall(message)
            client.shutdown(socket.SHUT_WR)
    except OSError as error:  # the client is gone, or does not read
        log.info("A scripted answer reached nobody (%s).", type(error).__name__)


def _reset(client: socket.socket) -> None:
    with client:
        # To linger for no time: closing then sends a reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Later:
    """Sends answers when their time has come, from a thread of its own that starts with the first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, delay: float, act: Callable[[], None]) -> bool:
        """False when there are too many already."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                return False
            heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._number), act))
            # None, or that of the process that we were forked from.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="late-answers", daemon=True)
                self._thread.start()
            self._changed.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or (wait := self._waiting[0][0] - time.monotonic()) > 0:
                    self._changed.wait(wait if self._waiting else None)
                _due, _number, act = heapq.heappop(self._waiting)
            act()


_later = _Later()
