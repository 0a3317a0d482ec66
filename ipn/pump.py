"""Deliver as a stream: hundreds of posts at once, each slot filled again as it frees, results written down in bulk.

Two threads: the caller's does all database work, an event loop in the other one posts. No transaction and no lock is
open while a listener is being waited for.
"""

import threading
import time
from datetime import datetime
from queue import Empty, SimpleQueue

from django.db import connection
from django.utils import timezone

from ipn import claims
from ipn.claims import Claim, Due
from ipn.http import Answer
from ipn.poster import Event, Poster, Result
from ipn.slots import FIRST_SLOTS_OF_A_HOST, Slots
from sandbox.models import Sandbox

SLOTS = 200  # posts at once
CLAIM_AGAIN_AFTER = 50  # posts ended
RECORD_AFTER = 0.05  # seconds that a result may wait for others
LINGER = 1.0  # seconds that a worker's pump waits for another kick before it ends
PATIENCE_AT_THE_END = 2.0  # seconds that a worker which is asked to stop gives to what is under way


def run() -> None:
    """Deliver what is due, everywhere, until nothing is. Once per process: any other call makes that one look again."""
    _wanted.set()
    while _wanted.is_set() and not _ending.is_set():
        # Whoever has the turn looks at _wanted before he goes, so no kick is lost between the two of us.
        if not _turn.acquire(blocking=False):
            if running := _running:
                running.kick()
            return
        try:
            _run_one()
        finally:
            _turn.release()


def stop() -> None:
    """The process is about to end: claim no more, and give back what does not end soon."""
    _ending.set()
    if running := _running:
        running.stop()


def _run_one() -> None:
    global _running
    _running = Pump(linger=LINGER, wanted=_wanted)
    try:
        _running.run()
    finally:
        _running = None


_turn = threading.Lock()
_wanted = threading.Event()
_ending = threading.Event()
_running: "Pump | None" = None


class Pump:
    """One stream, for every sandbox by its own clock or for one sandbox at a given moment."""

    def __init__(
        self,
        *,
        sandbox: Sandbox | None = None,
        now: datetime | None = None,
        linger: float = 0,
        wanted: threading.Event | None = None,
    ) -> None:
        self._sandbox, self._now = sandbox, now
        self._linger = linger
        self._wanted = wanted or threading.Event()
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._poster = Poster(self._events, threads=SLOTS)
        self._slots = Slots()
        self._under_way: dict[int, Claim] = {}
        self._unrecorded: list[Result] = []
        self._record_at = 0.0
        # Something may be due: look now; or it is known to be, and there was no room for it.
        self._look, self._hungry = True, False
        self._look_when_freed = 0
        self._after: str | None = None
        self._stop_at: float | None = None

    def kick(self) -> None:
        self._events.put("kick")

    def stop(self) -> None:
        self._events.put("stop")

    def run(self) -> None:
        """Deliver until nothing is due and `linger` seconds went by without a kick."""
        try:
            while self._stop_at is None or (self._under_way and time.monotonic() < self._stop_at):
                if self._is_looking():
                    self._claim()
                event = self._next_event()
                if event is None and self._is_idle():
                    return
                self._meet(event)
                if self._unrecorded and (not self._under_way or time.monotonic() >= self._record_at):
                    self._record()
        finally:
            self._poster.close()
            self._settle_the_rest()
            if self._unrecorded:
                # Those posts were made, so this is worth a second try if the first one lost its connection.
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
                self._record()
            if self._stop_at is not None and self._under_way:
                claims.release(list(self._under_way.values()))

    def _is_looking(self) -> bool:
        return self._look and self._stop_at is None

    def _is_idle(self) -> bool:
        return not (self._look or self._under_way or self._unrecorded)

    def _claim(self) -> None:
        self._wanted.clear()
        limit = SLOTS - len(self._under_way)
        claimed = claims.claim(
            Due(timezone.now(), self._sandbox, self._now),
            limit=limit,
            room=self._slots.room(),
            slots_of_a_new_host=FIRST_SLOTS_OF_A_HOST,
            after=self._after,
        )
        for claim in claimed:
            self._under_way[claim.message_id] = claim
            self._slots.take(claim.host)
        self._poster.post(claimed)
        # Round robin: go on behind the last host that was served, and from the start when there is none behind it.
        came_from_the_start = self._after is None
        self._after = max(claim.host for claim in claimed) if claimed and len(claimed) == limit else None
        self._look = self._after is None and not came_from_the_start
        self._hungry = len(claimed) == limit or self._slots.any_full()
        self._look_when_freed = min(CLAIM_AGAIN_AFTER, max(1, len(self._under_way) // 2))

    def _next_event(self) -> Event | None:
        """What happens next; None when it is time to do something, or to end."""
        if self._is_looking():
            return None
        deadlines = []
        if self._unrecorded:
            deadlines.append(self._record_at)
        elif not self._under_way:
            deadlines.append(time.monotonic() + self._linger)
        if self._stop_at is not None:
            deadlines.append(self._stop_at)
        try:
            if not deadlines:
                return self._events.get()
            return self._events.get(timeout=max(0, min(deadlines) - time.monotonic()))
        except Empty:
            return None

    def _meet(self, event: Event | None) -> None:
        match event:
            case None:
                return
            case "kick":
                self._look = True
            case "stop":
                self._stop_at = time.monotonic() + PATIENCE_AT_THE_END
            case Exception():
                raise event
            case list():
                for claim, answer in event:
                    self._settle(claim, answer)

    def _settle(self, claim: Claim, answer: Answer) -> None:
        self._under_way.pop(claim.message_id, None)
        self._slots.free(claim.host, answered=answer.response_code is not None, after=answer.duration)
        if not self._unrecorded:
            self._record_at = time.monotonic() + RECORD_AFTER
        self._unrecorded.append((claim, answer))
        # Not for every slot that frees: a claim costs as much as some posts.
        self._look_when_freed -= 1
        if self._hungry and self._look_when_freed <= 0:
            self._look = True

    def _settle_the_rest(self) -> None:
        while not self._events.empty():
            event = self._events.get()
            if isinstance(event, list):
                self._meet(event)

    def _record(self) -> None:
        claims.record(self._unrecorded)
        self._unrecorded = []
        # There may have been no room before, and the next message about a payment waits for the one before.
        self._look = True
