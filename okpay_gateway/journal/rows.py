"""An event as a line of a page: its words, and where its links lead. Page and live stream write the same line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from ipn import pictures
from okpay_gateway.journal.events import Event, Kind
from okpay_gateway.journal.wording import headline

Link = Callable[..., str]
# Pills of the stylesheet, by what came of an event that did not fail.
STATES = {"completed": "completed", "pending": "pending", "reversed": "reversed", "canceled": "canceled"}


@dataclass(frozen=True)
class Row:
    event: Event
    words: str
    href: str
    story_href: str
    # Since the event before, in a story.
    passed: str = ""
    clock: str = ""

    @property
    def answer(self) -> str:
        """What stands in the pill: a status, a verdict, a word."""
        event = self.event
        if event.kind in (Kind.PAYMENT, Kind.BOOKING):
            return str(event.about.get_status_display())
        if event.kind == Kind.VERIFY:
            return event.outcome
        return str(event.status) if event.status else _("no answer") if event.kind == Kind.IPN else ""

    @property
    def state(self) -> str:
        if self.event.failed:
            return "failed"
        if self.event.kind in (Kind.PAYMENT, Kind.BOOKING):
            return STATES.get(self.event.outcome, "")
        return "verified" if self.event.kind in (Kind.VERIFY, Kind.IPN) else ""


def rows(events: Iterable[Event], link: Link) -> list[Row]:
    return [row(event, link) for event in events]


def row(event: Event, link: Link, before: Event | None = None) -> Row:
    return Row(
        event,
        headline(event),
        link("entry", event.id),
        link("story", event.correlation) if event.correlation else "",
        _passed(before.at, event.at) if before else "",
        f"{event.at:%H:%M:%S}.{event.at.microsecond // 1000:03d}",
    )


def story(events: Sequence[Event], link: Link) -> list[Row]:
    return [row(event, link, events[number - 1] if number else None) for number, event in enumerate(events)]


def as_html(event: Event, link: Link) -> str:
    return render_to_string("journal/row.html", {"row": row(event, link)})


def _passed(before: datetime, now: datetime) -> str:
    passed = now - before
    if passed < timedelta(seconds=1):
        return f"+{max(0, passed // timedelta(milliseconds=1))} ms"
    return f"+{pictures.in_short(passed)}"
