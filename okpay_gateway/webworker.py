"""Gunicorn's threaded worker, whose threads stay with a client that is about to ask again.

Gunicorn hands a kept connection back to its main thread after every answer, and gets it from there with the next
request. For a program that calls without a pause that is a good part of what its calls cost.
"""

import select
from collections import deque
from threading import BoundedSemaphore
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

STAYS_FOR = 20  # milliseconds: a client next door has asked again long before
# Threads that are there at once for whoever comes new.
NEVER_STAY = 2


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._may_stay = BoundedSemaphore(max(1, self.cfg.threads - NEVER_STAY))
        # One for each connection that waits for a thread.
        self._waiting: deque[None] = deque()

    def enqueue_req(self, conn: Any) -> None:
        self._waiting.append(None)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answers the request on a connection, and those that follow at once. Returns what is to become of it."""
        self._waiting.pop()
        is_kept = super().handle(conn)
        while is_kept is True and self._comes_again(conn):
            is_kept = super().handle(conn)
        return is_kept

    def _comes_again(self, conn: Any) -> bool:
        # What was read too early is gunicorn's to see to.
        if self._waiting or not self.alive or conn.parser.unreader.buf.getvalue():
            return False
        if not self._may_stay.acquire(blocking=False):
            return False
        try:
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(STAYS_FOR))
        finally:
            self._may_stay.release()
