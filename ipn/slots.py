"""How many posts at once a host may have. It earns them by answering, so that a dead listener holds two, not all."""

from collections import Counter
from datetime import timedelta

FIRST_SLOTS_OF_A_HOST, MOST_SLOTS_OF_A_HOST, SLOTS_OF_A_SILENT_HOST = 10, 100, 2
QUICK = timedelta(seconds=1)


class Slots:
    """How many posts at once each host has, and may have."""

    def __init__(self) -> None:
        self._allowed: dict[str, int] = {}
        self._taken: Counter[str] = Counter()

    def room(self) -> dict[str, int]:
        """How many more each known host may have."""
        if len(self._allowed) > 1000:
            self._forget_idle_hosts()
        return {host: max(0, allowed - self._taken[host]) for host, allowed in self._allowed.items()}

    def take(self, host: str) -> None:
        self._allowed.setdefault(host, FIRST_SLOTS_OF_A_HOST)
        self._taken[host] += 1

    def free(self, host: str, *, answered: bool, after: timedelta) -> None:
        """A post has ended: a quick answer earns one slot more, a slow one costs one, none costs all but two."""
        self._taken[host] -= 1
        if not answered:
            self._allowed[host] = SLOTS_OF_A_SILENT_HOST
        elif after <= QUICK:
            self._allowed[host] = min(MOST_SLOTS_OF_A_HOST, self._allowed[host] + 1)
        elif self._allowed[host] > FIRST_SLOTS_OF_A_HOST:
            self._allowed[host] -= 1

    def any_full(self) -> bool:
        return any(taken >= self._allowed[host] for host, taken in self._taken.items())

    def _forget_idle_hosts(self) -> None:
        self._taken = +self._taken
        self._allowed = {host: self._allowed[host] for host in self._taken}
