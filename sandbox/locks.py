"""A lock by name, across all processes: whoever comes second waits. It ends with a process that dies."""

import contextlib
import hashlib
from collections.abc import Iterator

from django.db import connection


@contextlib.contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key_of(name)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key_of(name)])


@contextlib.contextmanager
def unless_taken(name: str) -> Iterator[bool]:
    """Whether the lock is ours: whoever comes second does not wait, he leaves the work to the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key_of(name)])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key_of(name)])


def key_of(name: str) -> int:
    """The number by which PostgreSQL knows the lock."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
