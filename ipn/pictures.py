"""Pictures of what happened, as figures that a template draws in SVG. Nothing here but geometry and words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from ipn.backlog import Waiting
from ipn.models import DeliveryAttempt

# In units of the drawing, which are pixels unless it is shrunk.
COLUMN = 64
MARGIN = 16
BAR_FLOOR = 96
BAR_HEIGHT = 64
SHORTEST_BAR = 4
HEIGHT = 156
BAR_WIDTH = 240

# The last of them: a message that is resent for ever must still fit into a page.
MOST_COLUMNS = 24


@dataclass(frozen=True)
class Column:
    """One attempt: a bar as high as the listener was slow, its result below it, the time since the one before above."""

    x: int
    y: int
    height: int
    result: str  # HTTP code or "—"
    passed: str
    state: str  # "sent", "failed", "next"
    number: str
    clock: str
    in_words: str

    @property
    def left(self) -> int:
        return self.x - 12

    @property
    def between(self) -> int:
        return self.x - COLUMN // 2


@dataclass(frozen=True)
class Timeline:
    columns: list[Column]
    width: int
    height: int = HEIGHT
    floor: int = BAR_FLOOR

    @property
    def right(self) -> int:
        return self.width - MARGIN


def timeline(attempts: Sequence[DeliveryAttempt], next_attempt_at: datetime | None) -> Timeline | None:
    """Attempts in their order and the one that is due next. None when there is nothing to draw."""
    shown = list(attempts)[-MOST_COLUMNS:]
    if not shown:
        return None
    slowest = max(attempt.duration for attempt in shown) or timedelta(seconds=1)
    columns: list[Column] = []
    before: datetime | None = None
    for attempt in shown:
        height = max(SHORTEST_BAR, round(BAR_HEIGHT * (attempt.duration / slowest)))
        columns.append(
            Column(
                x=_center(len(columns)),
                y=BAR_FLOOR - height,
                height=height,
                result=str(attempt.response_code or "—"),
                passed="" if before is None else f"+{in_short(attempt.sent_at - before)}",
                state="failed" if attempt.error else "sent",
                number=str(attempt.number),
                clock=f"{attempt.sent_at:%H:%M:%S}",
                in_words=_in_words(attempt),
            )
        )
        before = attempt.sent_at
    if next_attempt_at and before:
        columns.append(_due(len(columns), next_attempt_at, next_attempt_at - before))
    return Timeline(columns, 2 * MARGIN + COLUMN * len(columns))


@dataclass(frozen=True)
class Bar:
    """A host's messages as three pieces of one bar: where each begins, and how long it is."""

    due: int
    in_flight_from: int
    in_flight: int
    later_from: int
    later: int


def bar(host: Waiting, longest: int) -> Bar:
    """The bar of a host, BAR_WIDTH long for the host that `longest` messages wait for."""
    due, in_flight, later = (
        math.ceil(BAR_WIDTH * number / (longest or 1)) for number in (host.due, host.in_flight, host.later)
    )
    return Bar(due, due, in_flight, due + in_flight, later)


def in_short(passed: timedelta) -> str:
    """The two biggest units: 30 min, 1 h 15 min, 2 d 3 h. No more than a label has room for."""
    seconds = max(0, round(passed.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min") % {"minutes": minutes}
    return _("%(seconds)d s") % {"seconds": seconds}


def seconds(duration: timedelta) -> str:
    """For people: three decimals, so that a quick listener does not read 0.00."""
    return f"{duration.total_seconds():.3f}"


def _center(index: int) -> int:
    return MARGIN + COLUMN * index + COLUMN // 2


def _due(index: int, at: datetime, passed: timedelta) -> Column:
    return Column(
        x=_center(index),
        y=BAR_FLOOR - BAR_HEIGHT // 2,
        height=BAR_HEIGHT // 2,
        result=_("next"),
        passed=f"+{in_short(passed)}" if passed > timedelta() else "",
        state="next",
        number="",
        clock=f"{at:%H:%M:%S}",
        in_words=_("The next attempt is due at %(time)s.") % {"time": f"{at:%Y-%m-%d %H:%M:%S}"},
    )


def _in_words(attempt: DeliveryAttempt) -> str:
    result = attempt.get_error_display() if attempt.error else _("delivered")
    if attempt.response_code:
        result = f"{attempt.response_code}, {result}"
    return _("Attempt %(number)d at %(time)s: %(result)s, after %(seconds)s s.") % {
        "number": attempt.number,
        "time": f"{attempt.sent_at:%Y-%m-%d %H:%M:%S}",
        "result": result,
        "seconds": seconds(attempt.duration),
    }
