"""One name for all that follows from one request: a payment form, its payment, the notifications, their verification.

It is born with each request and kept in plain columns (a checkout session's, a transaction's), so that what happens
later, in other processes, can be told as one story. It says nothing and opens nothing: anybody may see it.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LENGTH = 20

_current: ContextVar[str] = ContextVar("correlation", default="")


def new() -> str:
    """Twenty hexadecimal digits that begin with the time, so that an index over them grows at its end only."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def current() -> str:
    """That of the request under way. Outside of any, each question gets a name of its own."""
    return _current.get() or new()


@contextmanager
def carried(name: str) -> Iterator[str]:
    """Within, what happens belongs to `name`, whichever request brought it about."""
    token = _current.set(name)
    try:
        yield name
    finally:
        _current.reset(token)
