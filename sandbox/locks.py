"""A lock by name, across all processes: whoever comes second waits. It ends with a process that dies."""

import contextlib
import hashlib
from collections.abc import Iterator

from django.db import connection


@contextlib.contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
