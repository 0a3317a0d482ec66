"""The timeline, put together when somebody looks: a page of it, one event, one story."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from okpay_gateway.journal.events import Event, Kind
from okpay_gateway.journal.search import Search
from okpay_gateway.journal.sources import SOURCES, Key

PAGE_SIZE = 50
# A story that goes on for ever is told by its newest events.
LONGEST_STORY = 300
LARGEST_ID = 2**63 - 1
# How many events are whole in memory at a time when many are taken away.
PART = 50


@dataclass(frozen=True)
class Page:
    """Events in the order that was asked for, and whether there are more beyond."""

    events: list[Event]
    is_last: bool

    @property
    def end(self) -> Key | None:
        return self.events[-1].key if self.events else None


def page(
    search: Search,
    *,
    size: int = PAGE_SIZE,
    older_than: Key | None = None,
    newer_than: Key | None = None,
    oldest_first: bool = False,
    whole: bool = False,
) -> Page:
    found = [
        event
        for source in SOURCES
        if source.is_asked(search)
        for event in source.read(
            search,
            limit=size + 1,
            older_than=older_than,
            newer_than=newer_than,
            oldest_first=oldest_first,
            whole=whole,
        )
    ]
    found.sort(key=lambda event: event.key, reverse=not oldest_first)
    return Page(found[:size], len(found) <= size)


def newest(search: Search, size: int) -> Iterator[Event]:
    """The newest events, oldest first and whole, read part by part; the first part as soon as its place is known."""
    keys = sorted(key for source in SOURCES if source.is_asked(search) for key in source.keys(search, limit=size + 1))
    after = keys[-size - 1] if len(keys) > size else None
    left = min(size, len(keys))
    while left:
        part = page(search, size=min(PART, left), newer_than=after, oldest_first=True, whole=True).events
        if not part:
            return
        yield from part
        left -= len(part)
        after = part[-1].key


def find(search: Search, event_id: str) -> Event | None:
    """One event, whole."""
    for source in SOURCES:
        digits = event_id.removeprefix(source.prefix)
        if event_id.startswith(source.prefix) and digits.isascii() and digits.isdigit() and int(digits) <= LARGEST_ID:
            anything = replace(search, kinds=frozenset(Kind))
            if found := source.read(anything, limit=1, only=Q(**{source.number: int(digits)}), whole=True):
                return found[0]
    return None


def story(search: Search, correlation: str) -> list[Event]:
    """All that belongs to one correlation, as it happened."""
    return page(replace(search, correlation=correlation), size=LONGEST_STORY, whole=True).events[::-1]


def as_text(key: Key) -> str:
    """A place in the timeline, for an address."""
    at, rank, number = key
    return f"{at.isoformat()}~{rank}~{number}"


def as_key(text: str) -> Key | None:
    """None when it is no place."""
    at, _tilde, rest = text.partition("~")
    rank, _tilde, number = rest.partition("~")
    if not all(part.isascii() and part.isdigit() and len(part) < 20 for part in (rank, number)):
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, int(rank), min(int(number), LARGEST_ID)) if moment.tzinfo else None
