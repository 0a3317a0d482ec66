"""Statements that come with every payment: PostgreSQL parses and plans each once per connection, not with every use.

For a question with joins that is four fifths of its work, for a row half. The plan follows when tables change.

What nobody waits to be answered need not be sent by itself: `send_along`.
"""

import re
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper

# What each connection to the server knows by name. A connection that is gone takes its names along.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_names: set[str] = set()

_PLACE = re.compile(r"\$(\d+)")


class Prepared:
    """`sql` has $1, $2 and so on where values go; with a cast where its type could not be told."""

    def __init__(self, name: str, sql: str) -> None:
        """`name` is told to the server, so no other statement may have it."""
        assert name not in _names, f"there are two statements {name}"
        _names.add(name)
        self.name, self.sql = name, sql
        self.values = max(map(int, _PLACE.findall(sql)), default=0)
        self._use = f"EXECUTE {name}" + (f" ({', '.join(['%s'] * self.values)})" if self.values else "")

    def execute(self, cursor: CursorWrapper, values: Sequence[Any], *, after: str = "") -> None:
        """Like cursor.execute. `after` are settings that hold for it, such as `SET LOCAL lock_timeout = '1s'; `."""
        self._prepare(cursor.db, after)
        cursor.execute(after + self._use, values)

    def send_along(self, values: Sequence[Any]) -> None:
        """Within a transaction: the next statement takes it along, whatever it is, or the end of the transaction.

        Its errors are that statement's. Nobody learns of its answer, nor of how many rows it had.
        """
        database = connections[DEFAULT_DB_ALIAS]
        assert database.in_atomic_block
        self._prepare(database)
        with database.connection.cursor() as cursor:
            database.connection.ahead += cursor.mogrify(f"{self._use}; ", values)

    def written_out(self, cursor: CursorWrapper, values: Sequence[Any]) -> str:
        """As one would write it without preparing it."""
        return with_values(self.sql, [cursor.mogrify("%s", [value]).decode() for value in values])

    def _prepare(self, database: Any, after: str = "") -> None:
        known = _known.setdefault(database.connection, set())
        if self.name not in known:
            # By the driver's own cursor: Django's counts statements, and this is none of the caller's.
            with database.wrap_database_errors, database.connection.cursor() as cursor:
                cursor.execute(f"{after}PREPARE {self.name} AS {self.sql}")
            known.add(self.name)


def with_values(sql: str, values: Sequence[str]) -> str:
    """`sql` with SQL in its places."""
    return _PLACE.sub(lambda place: values[int(place[1]) - 1], sql)
