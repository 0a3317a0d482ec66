"""The event loop that posts, for a caller that has no event loop: each host with the slots that it has earned.

Many wallets at once, and of each wallet the first attempts in their order, as its listener sees them.
"""

import asyncio
import heapq
import threading
import time
from collections import Counter, deque
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

Order = tuple[Literal["post", "freed", "end"], list[Claim]]

# Results go over together: waking the other thread for each of them would cost more than a post.
HAND_OVER_AFTER = 0.005  # seconds


# The next message of a wallet waits so long for the answer to the one before: until then it may not have been read yet,
# afterwards it has, by any listener that is alive.
TURN = 1.0  # seconds


@dataclass
class Line:
    """One wallet's first attempts at one host: the next goes when the one before was answered, or has had its turn."""

    waiting: list[tuple[int, Claim]] = field(default_factory=list)  # a heap: the order is that of ok_ipn_id
    in_turn: Claim | None = None
    # Payments about which something is being posted: what follows about one of them waits however long that takes.
    about: set[int] = field(default_factory=set)
    is_ready: bool = False

    def add(self, claim: Claim) -> None:
        heapq.heappush(self.waiting, (claim.message_id, claim))

    def begin(self) -> Claim:
        """Take the next one; its turn begins."""
        self.is_ready = False
        _number, claim = heapq.heappop(self.waiting)
        self.in_turn = claim
        if claim.transaction_id is not None:
            self.about.add(claim.transaction_id)
        return claim

    def end(self, claim: Claim) -> None:
        self.end_turn(claim)
        self.about.discard(claim.transaction_id or 0)

    def end_turn(self, claim: Claim) -> None:
        if self.in_turn is claim:
            self.in_turn = None

    def may_go_on(self) -> bool:
        if self.is_ready or self.in_turn or not self.waiting:
            return False
        return self.waiting[0][1].transaction_id not in self.about

    def is_over(self) -> bool:
        return not (self.waiting or self.in_turn or self.about)

    def empty(self) -> list[Claim]:
        """All that waits, which waits no more."""
        claims = [claim for _number, claim in sorted(self.waiting)]
        self.waiting, self.is_ready = [], False
        return claims


@dataclass
class Lane:
    """One host: lines whose next message may be posted, first come, first served."""

    host: str
    ready: deque[Line] = field(default_factory=deque)
    wallets: dict[str, Line] = field(default_factory=dict)
    posting: int = 0


class Poster:
    """An event loop in a thread of its own, which starts with the first batch. Results become events."""

    def __init__(self, events: SimpleQueue[Event], slots: Slots, *, threads: int) -> None:
        self._events = events
        self._slots = slots
        self._threads = threads
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._orders: asyncio.Queue[Order] = asyncio.Queue()
        self._lanes: dict[str, Lane] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        # First attempts that were given back and are not free yet, by wallet: what was claimed behind them follows.
        self._given_back: Counter[str] = Counter()

    def post(self, batch: list[Claim]) -> None:
        """Post them: of each host, and of each wallet, in their order."""
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
        self._order("post", batch)

    def freed(self, claims: list[Claim]) -> None:
        """What was given back may be claimed again: whoever claims from now on gets it first."""
        if self._loop and not self._loop.is_closed():
            self._order("freed", claims)

    def close(self) -> None:
        """End the loop, and with it what is still being posted."""
        if self._loop and self._thread:
            self._order("end", [])
            self._thread.join()
            self._loop.close()

    def _order(self, what: Literal["post", "freed", "end"], claims: list[Claim]) -> None:
        assert self._loop
        self._loop.call_soon_threadsafe(self._orders.put_nowait, (what, claims))

    async def _run(self) -> None:
        try:
            async with http.open_session() as session:
                await self._obey(session)
        except Exception as error:  # a bug, for whoever waits for our results
            self._events.put(error)

    async def _obey(self, session: aiohttp.ClientSession) -> None:
        while True:
            match await self._orders.get():
                case "post", claims:
                    for lane in self._sort(claims):
                        self._fill(session, lane)
                case "freed", claims:
                    self._given_back -= Counter(claim.wallet_id for claim in claims if claim.is_first)
                case _:
                    break
        for post in self._posts:
            post.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)
        self._hand_over()

    def _sort(self, batch: list[Claim]) -> Iterable[Lane]:
        touched = {}
        for claim in batch:
            if claim.is_first and claim.wallet_id in self._given_back:
                self._give_back([claim])
                continue
            lane = self._lanes.get(claim.host) or self._lanes.setdefault(claim.host, Lane(claim.host))
            # Retries have no order.
            line = lane.wallets.setdefault(claim.wallet_id, Line()) if claim.is_first else Line()
            line.add(claim)
            touched[id(line)] = lane, line
        # Not before all have come, for they come in the order in which they became due.
        for lane, line in touched.values():
            _let_go_on(lane, line)
        return {lane.host: lane for lane, _line in touched.values()}.values()

    def _fill(self, session: aiohttp.ClientSession, lane: Lane, *, but: int = 0) -> None:
        """A task for each slot that is free and has something to do, but for so many that have a task already."""
        for _ in range(min(self._slots.allowed(lane.host) - lane.posting, len(lane.ready) - but)):
            lane.posting += 1
            post = asyncio.create_task(self._post_one_after_another(session, lane))
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)

    async def _post_one_after_another(self, session: aiohttp.ClientSession, lane: Lane) -> None:
        """One slot of a host, for as long as there are messages for it and the host may have it."""
        while lane.ready and lane.posting <= self._slots.allowed(lane.host):
            line = lane.ready.popleft()
            claim = line.begin()
            if time.monotonic() > claim.post_before:
                line.end(claim)
                self._give_back([claim, *line.empty()])
            else:
                await self._post(session, lane, line, claim)
            if line.is_over() and lane.wallets.get(claim.wallet_id) is line:
                del lane.wallets[claim.wallet_id]
        lane.posting -= 1
        if not (lane.posting or lane.ready or lane.wallets):
            self._lanes.pop(lane.host, None)

    async def _post(self, session: aiohttp.ClientSession, lane: Lane, line: Line, claim: Claim) -> None:
        turn = asyncio.get_running_loop().call_later(TURN, self._end_turn, session, lane, line, claim)
        answer = await http.post(session, claim.url, claim.body)
        turn.cancel()
        line.end(claim)
        self._slots.free(lane.host, answered=answer.response_code is not None, after=answer.duration)
        self._note(claim, answer)
        if answer.response_code is None:
            # It may be dead: nobody waits for that, least of all another worker.
            self._give_back([waiting for line in (*lane.ready, *lane.wallets.values()) for waiting in line.empty()])
            lane.ready.clear()
            lane.wallets = {wallet: line for wallet, line in lane.wallets.items() if not line.is_over()}
        else:
            _let_go_on(lane, line)
            self._fill(session, lane, but=1)

    def _end_turn(self, session: aiohttp.ClientSession, lane: Lane, line: Line, claim: Claim) -> None:
        line.end_turn(claim)
        _let_go_on(lane, line)
        self._fill(session, lane)

    def _give_back(self, claims: list[Claim]) -> None:
        for claim in claims:
            self._given_back.update([claim.wallet_id] if claim.is_first else [])
            self._slots.give_back(claim.host)
            self._note(claim, None)

    def _note(self, claim: Claim, answer: Answer | None) -> None:
        if not self._results:
            asyncio.get_running_loop().call_later(HAND_OVER_AFTER, self._hand_over)
        self._results.append((claim, answer))

    def _hand_over(self) -> None:
        self._events.put(self._results)
        self._results = []


def _let_go_on(lane: Lane, line: Line) -> None:
    if line.may_go_on():
        line.is_ready = True
        lane.ready.append(line)
