"""The event loop that posts, for a caller that has no event loop."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Literal

import aiohttp

from ipn import http
from ipn.claims import Claim
from ipn.http import Answer

Result = tuple[Claim, Answer]
# What a pump waits for: results, somebody's word, or the failure of the loop itself.
Event = list[Result] | Literal["kick", "stop"] | Exception

# Results go over together: waking the other thread for each of them would cost more than a post.
HAND_OVER_AFTER = 0.005  # seconds


class Poster:
    """An event loop in a thread of its own, which starts with the first batch. Results become events."""

    def __init__(self, events: SimpleQueue[Event], *, threads: int) -> None:
        self._events = events
        self._threads = threads
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._batches: asyncio.Queue[list[Claim]] = asyncio.Queue()
        self._results: list[Result] = []

    def post(self, batch: list[Claim]) -> None:
        """Start posting them, in their order."""
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
        posts: set[asyncio.Task[None]] = set()
        while batch := await self._batches.get():
            for claim in batch:
                post = asyncio.create_task(self._post(session, claim))
                posts.add(post)
                post.add_done_callback(posts.discard)
        for post in posts:
            post.cancel()
        await asyncio.gather(*posts, return_exceptions=True)
        self._hand_over()

    async def _post(self, session: aiohttp.ClientSession, claim: Claim) -> None:
        answer = await http.post(session, claim.url, claim.body)
        if not self._results:
            asyncio.get_running_loop().call_later(HAND_OVER_AFTER, self._hand_over)
        self._results.append((claim, answer))

    def _hand_over(self) -> None:
        self._events.put(self._results)
        self._results = []
