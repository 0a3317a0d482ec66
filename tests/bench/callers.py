"""Clients that call as fast as they are answered, each on a connection that it keeps.

One thread for all of them, requests put together beforehand: a client must not take the time that the server needs.
"""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PATIENCE = 30  # seconds for an answer


@dataclass(slots=True)
class _Caller:
    link: socket.socket
    request: bytes
    received: bytes = b""
    answered: int = 0


def calls_per_second(port: int, bodies: Sequence[bytes], seconds: float, *, is_right: Callable[[bytes], bool]) -> float:
    """A caller for each body, which it posts to /OkPayAPI again and again. Raises AssertionError for a wrong answer."""
    callers = [_Caller(_connected(port), _request(body)) for body in bodies]
    try:
        with selectors.DefaultSelector() as poller:
            for caller in callers:
                poller.register(caller.link, selectors.EVENT_READ, caller)
            started = time.perf_counter()
            for caller in callers:
                caller.link.sendall(caller.request)
            while (now := time.perf_counter()) < started + seconds:
                ready = poller.select(PATIENCE)
                assert ready, f"nobody was answered for {PATIENCE} seconds"
                for key, _ in ready:
                    _read(key.data, is_right)
    finally:
        for caller in callers:
            caller.link.close()
    return sum(caller.answered for caller in callers) / (now - started)


def _connected(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def _request(body: bytes) -> bytes:
    head = (
        "POST /OkPayAPI HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _read(caller: _Caller, is_right: Callable[[bytes], bool]) -> None:
    part = caller.link.recv(65536)
    assert part, f"the server hung up after {caller.received!r}"
    caller.received += part
    if caller.received.endswith(b"</s:Envelope>"):
        assert is_right(caller.received), caller.received
        caller.answered += 1
        caller.received = b""
        caller.link.sendall(caller.request)
