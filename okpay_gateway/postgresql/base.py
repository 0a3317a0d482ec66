"""Django's PostgreSQL, with fewer round trips: each costs as much as a small question, and a payment had eight.

CONN_HEALTH_CHECKS asks `SELECT 1` whenever a request first turns to its kept connection. Here it asks only where there
is reason to: when the server has said something unasked (it says so when it ends, and hangs up), when the last
statement failed, or when the connection has been idle for so long that a router in between may have forgotten it.

psycopg2 sends a transaction's BEGIN by itself. Here it goes along with the first statement, and so does whatever else
nobody waits to be answered (sandbox/prepared.py) with the next.

Of what is prepared PostgreSQL would still plan anew whatever it thinks cheaper for the values at hand. All of that
finds or writes single rows by their keys: there is nothing to think about.
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg2 import Error
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as PsycopgConnection
from psycopg2.extensions import cursor as PsycopgCursor

IDLE_FOR_LONG = 10.0  # seconds
BEGIN = b"BEGIN; "


class Connection(PsycopgConnection):  # type: ignore[misc]  # psycopg2 has no types
    # Statements, each with its semicolon, that the next one takes along.
    ahead = b""


class Cursor(PsycopgCursor):  # type: ignore[misc]
    def execute(self, query: Any, vars: Any = None) -> None:
        if not self.connection.ahead:
            super().execute(query, vars)
        elif self.name is not None:  # psycopg2 makes something else of it
            self._send_ahead()
            super().execute(query, vars)
        else:
            query = self.mogrify(query, vars)
            ahead, self.connection.ahead = self.connection.ahead, b""
            try:
                super().execute(ahead + query)
            except Error:
                # If the server could not read it, then none of it, and the transaction is still to begin.
                if ahead.startswith(BEGIN) and self.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
                    self.connection.ahead = ahead
                raise

    def executemany(self, query: Any, vars_list: Any) -> None:
        self._send_ahead()
        super().executemany(query, vars_list)

    def callproc(self, procname: Any, parameters: Any = None) -> Any:
        self._send_ahead()
        return super().callproc(procname, parameters)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        self._send_ahead()
        super().copy_expert(sql, file, size)

    def _send_ahead(self) -> None:
        if self.connection.ahead:
            with self.connection.cursor() as cursor:
                cursor.execute(";")


class DatabaseWrapper(base.DatabaseWrapper):
    _in_use_at = 0.0

    def is_usable(self) -> bool:
        used_at, self._in_use_at = self._in_use_at, time.monotonic()
        if self.errors_occurred or self._in_use_at - used_at >= IDLE_FOR_LONG or not self._is_silent():
            return super().is_usable()
        return True

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        factories = {"connection_factory": Connection, "cursor_factory": Cursor}
        connection = super().get_new_connection(conn_params | factories)
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        connection.commit()
        return connection

    def connect(self) -> None:
        super().connect()
        self._in_use_at = time.monotonic()

    def _start_transaction_under_autocommit(self) -> None:
        """Django asks this of a database whose driver does not begin transactions by itself."""
        self.connection.ahead = BEGIN

    def _commit(self) -> None:
        if self.connection is None or not self._is_our_transaction():
            super()._commit()  # type: ignore[misc]  # not in its stubs
        elif self.connection.ahead == BEGIN:
            self.connection.ahead = b""  # nothing was asked
        else:
            self._end("COMMIT")

    def _rollback(self) -> None:
        if self.connection is None or not self._is_our_transaction():
            super()._rollback()  # type: ignore[misc]
        else:
            self.connection.ahead = b""
            self._end("ROLLBACK")

    def _savepoint_rollback(self, sid: str) -> None:
        # A savepoint takes along what came before it: this came after.
        self.connection.ahead = b""
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _is_our_transaction(self) -> bool:
        """Not one that psycopg2 begins, for somebody who has turned its autocommit off."""
        return bool(self.connection.autocommit)

    def _end(self, how: str) -> None:
        if self.connection.ahead or self.connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            try:
                with debug_transaction(self, how), self.wrap_database_errors, self.connection.cursor() as cursor:
                    cursor.execute(how)
            finally:
                self.connection.ahead = b""  # it is over, whichever way

    def _is_silent(self) -> bool:
        """Nothing waits to be read: no last words, no end."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
