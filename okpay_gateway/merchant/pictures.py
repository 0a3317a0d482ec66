"""The pictures of the Merchant Overview: columns for days or weeks, and a bar in pieces. Geometry only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django_stubs_ext import StrOrPromise

from okpay_gateway.merchant.figures import Day, Period
from wallets.money import ZERO

# In the units of the drawings' viewBoxes.
WIDTH, HEIGHT, TOP = 720, 150, 4
LOWEST = 2.0
MOST_DAYS = 92
BAR_WIDTH, BAR_HEIGHT = 720, 28
NARROWEST = 4.0


@dataclass
class Part:
    """What one column stands for: a day, or a week from Monday on as far as it lies in the period."""

    first: date
    last: date
    sales: int = 0
    sold: Decimal = ZERO


@dataclass(frozen=True)
class Columns:
    """A column for each day or week in which something was sold, as one path, and the same in words."""

    currency: str
    path: str
    # Those with sales, newest first.
    parts: list[Part]
    by_week: bool
    best: Part
    first: date
    last: date

    width: int = WIDTH
    height: int = HEIGHT

    @property
    def sold(self) -> Decimal:
        return sum((part.sold for part in self.parts), ZERO)

    @property
    def sales(self) -> int:
        return sum(part.sales for part in self.parts)


def columns(currency: str, by_day: Mapping[date, Day], period: Period) -> Columns:
    """At least one day has sales. Weeks, where days would be too thin to be seen."""
    by_week = len(period.days) > MOST_DAYS
    parts: list[Part] = []
    for day in period.days:
        if not parts or not by_week or day.weekday() == 0:
            parts.append(Part(day, day))
        part = parts[-1]
        part.last = day
        if sold := by_day.get(day):
            part.sales += sold.sales
            part.sold += sold.sold
    best = max(parts, key=lambda part: (part.sold, part.first))
    step = WIDTH / len(parts)
    scale = (HEIGHT - TOP) / float(best.sold or 1)
    path = ""
    for number, part in enumerate(parts):
        if part.sales:
            high = max(LOWEST, float(part.sold) * scale)
            # A fifth of each place is air.
            path += f"M{number * step + step / 10:.1f} {HEIGHT}v-{high:.1f}h{step * 0.8:.1f}V{HEIGHT}z"
    sold_in = [part for part in reversed(parts) if part.sales]
    return Columns(currency, path, sold_in, by_week, best, first=period.first, last=period.last)


@dataclass(frozen=True)
class Piece:
    """A status: where its piece of the bar begins, how long it is, and the list that shows its rows."""

    status: str
    label: StrOrPromise
    number: int
    percent: str
    x: float
    width: float
    address: str


@dataclass(frozen=True)
class Bar:
    pieces: list[Piece]
    total: int

    width: int = BAR_WIDTH
    height: int = BAR_HEIGHT


def bar(statuses: Sequence[tuple[str, StrOrPromise, int, str]]) -> Bar:
    """`statuses` are (status, label, how many, address of the list) in the order of the pieces."""
    total = sum(number for _status, _label, number, _address in statuses)
    shown = [max(NARROWEST, BAR_WIDTH * number / total) if number else 0.0 for _s, _l, number, _a in statuses]
    # What the narrowest were given is taken from all.
    scale = BAR_WIDTH / (sum(shown) or 1.0)
    pieces, x = [], 0.0
    for (status, label, number, address), width in zip(statuses, shown, strict=True):
        pieces.append(
            Piece(status, label, number, percent(number, total), round(x * scale, 1), round(width * scale, 1), address)
        )
        x += width
    return Bar(pieces, total)


def percent(part: int, whole: int) -> str:
    """Whole percents; never 0 for what there is, never 100 as long as something is missing."""
    if not part or not whole:
        return "0 %"
    if part == whole:
        return "100 %"
    return f"{min(99, max(1, round(100 * part / whole)))} %"
