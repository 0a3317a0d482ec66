"""Deliver as a stream: hundreds of posts at once, each slot filled again as it frees, results written down in bulk.

Two threads: the caller's does all database work, an event loop in the other one posts. No transaction and no lock is
open while a listener is being waited for, and no listener waits for the database: some messages are claimed ahead.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from ipn import claims
from ipn.claims import Claim, Due
from ipn.http import Answer
from ipn.poster import Event, Poster
from ipn.slots import FIRST_SLOTS_OF_A_HOST, Slots
from sandbox.models import Sandbox

logger = logging.getLogger(__name__)

MOST_UNDER_WAY = 400  # messages that are being posted, or wait for a slot of their host
NAMES_AT_ONCE = 200  # threads for looking them up
CLAIM_AGAIN_AFTER = 100  # posts ended
RECORD_AFTER = 0.05  # seconds that a result may wait for others
RECORD_AT = 200  # results: no more than these are posted twice when somebody kills us
PATIENCE_AT_THE_END = 2.0  # seconds that a worker which is asked to stop gives to what is under way
ASK_AGAIN_AFTER = 0.2  # seconds, when the database is away


class Pump:
    """One stream, for every sandbox by its own clock or for one sandbox at a given moment."""

    def __init__(
        self,
        *,
        sandbox: Sandbox | None = None,
        now: datetime | None = None,
        linger: float = 0,
        patience: float = 0,
        wanted: threading.Event | None = None,
    ) -> None:
        """`linger` is the seconds that it waits for a kick before it ends, `patience` for a database that is away."""
        self._sandbox, self._now = sandbox, now
        self._linger, self._patience = linger, patience
        self._wanted = wanted or threading.Event()
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._slots = Slots()
        self._poster = Poster(self._events, self._slots, threads=NAMES_AT_ONCE)
        self._under_way: dict[int, Claim] = {}
        self._unrecorded: list[tuple[Claim, Answer]] = []
        self._unposted: list[Claim] = []
        self._record_at = 0.0
        # Something may be due: look now; or it is known to be, and there was no room for it.
        self._look, self._hungry = True, False
        self._look_when_freed = 0
        self._after: str | None = None
        self._stop_at: float | None = None
        self._asked_to_stop = threading.Event()

    def kick(self) -> None:
        self._events.put("kick")

    def stop(self) -> None:
        self._asked_to_stop.set()
        self._events.put("stop")

    def run(self) -> None:
        """Deliver until nothing is due and `linger` seconds went by without a kick."""
        try:
            while self._stop_at is None or (self._under_way and time.monotonic() < self._stop_at):
                if self._is_looking():
                    self._insist(self._claim)
                event = self._next_event()
                if event is None and self._is_idle():
                    return
                self._meet(event)
                if self._has_news() and self._is_time_to_record():
                    self._insist(self._record)
        finally:
            self._poster.close()
            self._settle_the_rest()
            if self._has_news():
                # Those posts were made, so this is worth a second try if the first one lost its connection.
                self._insist(self._record)
            if self._stop_at is not None and self._under_way:
                claims.release(list(self._under_way.values()))

    def _insist(self, work: Callable[[], None]) -> None:
        """Do it; again and again while the database is away, for what was posted is better written down than repeated.

        Both are harmless to repeat, even if the database did it before the connection broke.
        """
        give_up_at = time.monotonic() + self._patience
        was_away = False
        while True:
            try:
                return work()
            except (OperationalError, InterfaceError) as error:
                if connection.in_atomic_block:
                    raise
                connection.close()
                if time.monotonic() >= give_up_at:
                    raise
                if not was_away:
                    logger.warning("The database is away, asking again: %s", " ".join(str(error).split()))
                was_away = True
            if self._asked_to_stop.wait(ASK_AGAIN_AFTER):
                give_up_at = min(give_up_at, time.monotonic() + PATIENCE_AT_THE_END)
                time.sleep(ASK_AGAIN_AFTER)

    def _is_looking(self) -> bool:
        return self._look and self._stop_at is None

    def _is_idle(self) -> bool:
        return not (self._look or self._under_way or self._has_news())

    def _has_news(self) -> bool:
        return bool(self._unrecorded or self._unposted)

    def _is_time_to_record(self) -> bool:
        return len(self._unrecorded) >= RECORD_AT or not self._under_way or time.monotonic() >= self._record_at

    def _claim(self) -> None:
        self._wanted.clear()
        limit = MOST_UNDER_WAY - len(self._under_way)
        claimed = claims.claim(
            Due(timezone.now(), self._sandbox, self._now),
            limit=limit,
            room=self._slots.room(),
            slots_of_a_new_host=FIRST_SLOTS_OF_A_HOST,
            after=self._after,
            # Not what was given back: until it is free, what comes behind it has to wait.
            in_hand=[*self._under_way, *(claim.message_id for claim, _ in self._unrecorded)],
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
        if self._has_news():
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

    def _settle(self, claim: Claim, answer: Answer | None) -> None:
        self._under_way.pop(claim.message_id, None)
        if not self._has_news():
            self._record_at = time.monotonic() + RECORD_AFTER
        if answer is None:
            self._unposted.append(claim)
        else:
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
        if self._unrecorded:
            claims.record(self._unrecorded)
            self._unrecorded = []
        if self._unposted:
            claims.release(self._unposted)
            self._poster.freed(self._unposted)
            self._unposted = []
        # There may have been no room before, and the next message about a payment waits for the one before.
        self._look = True
