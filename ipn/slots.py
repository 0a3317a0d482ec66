"""How many posts at once a host may have. It earns them by answering, so that a dead listener holds two, not all.

A host that answers quickly may have twice as many messages waiting for its slots, so that one which frees is filled at
once and not after a look into the database. Two threads share this: one claims and takes, the other posts and frees.
"""

import threading
from collections import Counter
from datetime import timedelta

FIRST_SLOTS_OF_A_HOST, MOST_SLOTS_OF_A_HOST, SLOTS_OF_A_SILENT_HOST = 10, 100, 2
QUICK = timedelta(seconds=1)


class Slots:
    """What each host has, and may have."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed: dict[str, int] = {}
        self._quick: set[str] = set()
        # By messages: those that are being posted, and those that wait for it.
        self._taken: Counter[str] = Counter()

    def allowed(self, host: str) -> int:
        """How many posts at once it may have."""
        return self._allowed.get(host, FIRST_SLOTS_OF_A_HOST)

    def room(self) -> dict[str, int]:
        """How many more messages each known host may have."""
        with self._lock:
            if len(self._allowed) > 1000:
                self._forget_idle_hosts()
            return {host: max(0, self._most(host) - self._taken[host]) for host in self._allowed}

    def take(self, host: str) -> None:
        with self._lock:
            self._allowed.setdefault(host, FIRST_SLOTS_OF_A_HOST)
            self._taken[host] += 1

    def give_back(self, host: str) -> None:
        """A message was not posted after all."""
        with self._lock:
            self._taken[host] -= 1

    def free(self, host: str, *, answered: bool, after: timedelta) -> None:
        """A post has ended: a quick answer earns one slot more, a slow one costs one, none costs all but two."""
        with self._lock:
            self._taken[host] -= 1
            if answered and after <= QUICK:
                self._allowed[host] = min(MOST_SLOTS_OF_A_HOST, self._allowed[host] + 1)
                self._quick.add(host)
                return
            self._quick.discard(host)
            if not answered:
                self._allowed[host] = SLOTS_OF_A_SILENT_HOST
            elif self._allowed[host] > FIRST_SLOTS_OF_A_HOST:
                self._allowed[host] -= 1

    def any_full(self) -> bool:
        with self._lock:
            return any(taken >= self._most(host) for host, taken in self._taken.items())

    def _most(self, host: str) -> int:
        return self._allowed[host] * (3 if host in self._quick else 1)

    def _forget_idle_hosts(self) -> None:
        self._taken = +self._taken
        self._allowed = {host: self._allowed[host] for host in self._taken}
        self._quick &= self._taken.keys()
