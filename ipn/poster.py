"""The event loop that posts, for a caller that has no event loop: each host with the slots that it has earned."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Literal

import aiohttp

from ipn import http
from ipn.claims import Claim
from ipn.http import Answer
from ipn.slots import Slots

# None: it was not posted, and is to be given back.
Result = tuple[Claim, Answer | None]
# What a pump waits for: results, somebody's word, or the failure of the loop itself.
Event = list[Result] | Literal["kick", "stop"] | Exception

# Results go over together: waking the other thread for each of them would cost more than a post.
HAND_OVER_AFTER = 0.005  # seconds


@dataclass
class Lane:
    """One host's messages, first in, first out."""

    host: str
    waiting: deque[Claim] = field(default_factory=deque)
    posting: int = 0


class Poster:
    """An event loop in a thread of its own, which starts with the first batch. Results become events."""

    def __init__(self, events: SimpleQueue[Event], slots: Slots, *, threads: int) -> None:
        self._events = events
        self._slots = slots
        self._threads = threads
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._batches: asyncio.Queue[list[Claim]] = asyncio.Queue()
        self._lanes: dict[str, Lane] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []

    def post(self, batch: list[Claim]) -> None:
        """Post them, of each host in their order."""
        if not batch:
            return
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            # For looking up names: one that does not answer must not keep the others waiting.
            self._loop.set_default_executor(ThreadPoolExecutor(self._threads, thread_name_prefix="ipn-names"))
            self._thread = threading.Thread(
                target=self._loop.run_until_complete, args=(self._run(),), name="ipn-poster"
            )
            self._thread.start()
        self._loop.call_soon_threadsafe(self._batches.put_nowait, batch)

    def close(self) -> None:
        """End the loop, and with it what is still being posted."""
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._batches.put_nowait, [])
            self._thread.join()
            self._loop.close()

    async def _run(self) -> None:
        try:
            async with http.open_session() as session:
                await self._post_all(session)
        except Exception as error:  # a bug, for whoever waits for our results
            self._events.put(error)

    async def _post_all(self, session: aiohttp.ClientSession) -> None:
        while batch := await self._batches.get():
            for lane in self._sort(batch):
                self._fill(session, lane)
        for post in self._posts:
            post.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)
        self._hand_over()

    def _sort(self, batch: list[Claim]) -> Iterable[Lane]:
        touched = {}
        for claim in batch:
            lane = self._lanes.get(claim.host) or self._lanes.setdefault(claim.host, Lane(claim.host))
            lane.waiting.append(claim)
            touched[claim.host] = lane
        return touched.values()

    def _fill(self, session: aiohttp.ClientSession, lane: Lane) -> None:
        """A task for each slot that is free and has something to do."""
        for _ in range(min(self._slots.allowed(lane.host) - lane.posting, len(lane.waiting))):
            lane.posting += 1
            post = asyncio.create_task(self._post_one_after_another(session, lane))
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)

    async def _post_one_after_another(self, session: aiohttp.ClientSession, lane: Lane) -> None:
        """One slot of a host, for as long as there are messages for it and the host may have it."""
        while lane.waiting and lane.posting <= self._slots.allowed(lane.host):
            claim = lane.waiting.popleft()
            if time.monotonic() > claim.post_before:
                self._note(claim, None)
                continue
            answer = await http.post(session, claim.url, claim.body)
            self._slots.free(lane.host, answered=answer.response_code is not None, after=answer.duration)
            self._note(claim, answer)
            if answer.response_code is None:
                # It may be dead: nobody waits for that, least of all another worker.
                while lane.waiting:
                    self._note(lane.waiting.popleft(), None)
            elif lane.waiting:
                self._fill(session, lane)
        lane.posting -= 1
        if not lane.posting and not lane.waiting:
            del self._lanes[lane.host]

    def _note(self, claim: Claim, answer: Answer | None) -> None:
        if answer is None:
            self._slots.give_back(claim.host)
        if not self._results:
            asyncio.get_running_loop().call_later(HAND_OVER_AFTER, self._hand_over)
        self._results.append((claim, answer))

    def _hand_over(self) -> None:
        self._events.put(self._results)
        self._results = []
