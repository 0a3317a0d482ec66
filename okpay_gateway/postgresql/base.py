"""Django's PostgreSQL, without a question before the first question of every request, and with plans that are kept.

CONN_HEALTH_CHECKS asks `SELECT 1` whenever a request first turns to its kept connection: one round trip in eight of a
payment. Here it asks only where there is reason to: when the server has said something unasked (it says so when it
ends, and hangs up), when the last statement failed, or when the connection has been idle for so long that a router in
between may have forgotten it.

Of what is prepared (sandbox/prepared.py) PostgreSQL would still plan anew whatever it thinks cheaper for the values at
hand. All of that finds or writes single rows by their keys: there is nothing to think about.
"""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

IDLE_FOR_LONG = 10.0  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    _in_use_at = 0.0

    def is_usable(self) -> bool:
        used_at, self._in_use_at = self._in_use_at, time.monotonic()
        if self.errors_occurred or self._in_use_at - used_at >= IDLE_FOR_LONG or not self._is_silent():
            return super().is_usable()
        return True

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        connection.commit()
        return connection

    def connect(self) -> None:
        super().connect()
        self._in_use_at = time.monotonic()

    def _is_silent(self) -> bool:
        """Nothing waits to be read: no last words, no end."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
