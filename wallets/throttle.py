"""Guessing gets slow, for the guesser alone: attempts are counted per key in the cache, for some minutes.

An attempt is counted before it is made, so many at once are no way around it. Nothing is locked: when the time is over,
or the cache is away, everybody may try again.
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.core.cache import cache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Throttle:
    """At most `allowed` attempts with a key in `period`, counted from the first. Goes by real time."""

    name: str
    allowed: int
    period: timedelta

    def attempt(self, *key: str) -> int:
        """Count an attempt. 0: go ahead; else how many seconds to wait."""
        count_key, end_key, seconds = self._key(key, "count"), self._key(key, "end"), self.period.total_seconds()
        try:
            if cache.add(count_key, 0, seconds):
                cache.set(end_key, time.time() + seconds, seconds)
            if cache.incr(count_key) <= self.allowed:
                return 0
            return max(1, round(float(cache.get(end_key, time.time())) - time.time()))
        except (redis.RedisError, ValueError):  # ValueError: the count expired in between
            log.warning("Attempts cannot be counted (%s): the cache cannot be reached.", self.name)
            return 0

    def forget(self, *key: str) -> None:
        """It was no guess."""
        try:
            cache.delete_many([self._key(key, "count"), self._key(key, "end")])
        except redis.RedisError:
            log.warning("Attempts cannot be forgotten (%s): the cache cannot be reached.", self.name)

    def give_back(self, *key: str) -> None:
        """This one was no guess; the others still count."""
        try:
            cache.decr(self._key(key, "count"))
        except (redis.RedisError, ValueError):
            log.warning("An attempt cannot be given back (%s): the cache cannot be reached.", self.name)

    def _key(self, key: tuple[str, ...], what: str) -> str:
        # Hashed: whatever a stranger types is a key of the cache.
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]
        return f"throttle:{self.name}:{digest}:{what}"
