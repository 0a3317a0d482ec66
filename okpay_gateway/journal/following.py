"""Follow the timeline: everything that came since one looked last, each event once, and none left out.

Time cannot tell what is new: two requests may end in another order than they began. So a follower holds for each table
the highest number that he has seen. A row with a lower number may still come, while its transaction is not over: such
holes are remembered for a while and looked into again.
"""

import base64
import binascii
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Max, Model, Q

from okpay_gateway.journal.events import Event
from okpay_gateway.journal.search import Search
from okpay_gateway.journal.sources import SOURCES, Source

# How many rows of a table one look takes; a follower who is far behind looks more often.
MOST_AT_ONCE = 500
# How long a hole is waited for. Numbers that were given up, by a rollback, stay holes for ever.
PATIENCE = 15.0  # seconds
MOST_HOLES = 50

TABLES: tuple[type[Model], ...] = tuple(dict.fromkeys(source.model for source in SOURCES))


class NoPosition(ValueError):
    """What came back is no position of ours."""


@dataclass
class Place:
    """In one table: the highest number seen, and the numbers below it that were missing, with the moment of that."""

    seen: int
    holes: dict[int, int] = field(default_factory=dict)


@dataclass
class Position:
    places: list[Place]

    @classmethod
    def now(cls) -> "Position":
        """Behind everything that there is."""
        return cls([Place(model._default_manager.aggregate(last=Max("pk"))["last"] or 0) for model in TABLES])

    def as_text(self) -> str:
        data = [[place.seen, *(item for hole in place.holes.items() for item in hole)] for place in self.places]
        return base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> "Position":
        """Raises NoPosition."""
        try:
            data = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
            places = [cls._place(numbers) for numbers in data]
        except (binascii.Error, ValueError, TypeError, RecursionError):
            raise NoPosition from None
        if len(places) != len(TABLES):
            raise NoPosition
        return cls(places)

    @staticmethod
    def _place(numbers: Any) -> Place:
        seen, *holes = numbers
        if len(holes) > 2 * MOST_HOLES or len(holes) % 2:
            raise NoPosition
        if not all(type(number) is int and 0 <= number < 2**63 for number in numbers):
            raise NoPosition
        return Place(seen, dict(zip(holes[::2], holes[1::2], strict=True)))


def news(search: Search, position: Position) -> list[Event]:
    """What is new to `position`, which moves on. Oldest first."""
    found: list[Event] = []
    for model, place in zip(TABLES, position.places, strict=True):
        numbers = _look(model, place)
        for source in _sources_of(model, search) if numbers else ():
            found += _events(source, search, numbers)
    return sorted(found, key=lambda event: event.key)


def _look(model: type[Model], place: Place) -> list[int]:
    """The rows that were not there the last time."""
    beyond = model._default_manager.filter(Q(pk__gt=place.seen) | Q(pk__in=list(place.holes)))
    numbers = list(beyond.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    now = int(time.time())
    last = max([place.seen, *numbers])
    missing = range(max(place.seen + 1, last - MOST_AT_ONCE), last)
    holes = {number: since for number, since in place.holes.items() if now - since < PATIENCE}
    holes |= dict.fromkeys(missing, now)
    for number in numbers:
        holes.pop(number, None)
    place.seen = last
    place.holes = dict(sorted(holes.items())[-MOST_HOLES:])
    return numbers


def _sources_of(model: type[Model], search: Search) -> Iterator[Source]:
    for source in SOURCES:
        # A verification is there before its request is in the journal: it will be told by that.
        told_twice = source.prefix == "verification-" and settings.JOURNAL
        if source.model is model and source.is_asked(search) and not told_twice:
            yield source


def _events(source: Source, search: Search, numbers: list[int]) -> list[Event]:
    return source.read(search, limit=len(numbers), only=Q(id__in=numbers), whole=True)
