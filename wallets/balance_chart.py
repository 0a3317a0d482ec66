"""A balance over time: computed back from what the wallet holds now, drawn as a line in steps, told in words too."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncDay

from wallets.models import Entry, Wallet
from wallets.money import ZERO

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 1, 1, 4, 4


@dataclass(frozen=True)
class Point:
    """What the wallet held at the end of a day, UTC."""

    day: date
    balance: Decimal


@dataclass(frozen=True)
class Chart:
    """The points of all days, oldest first, and the picture's shapes in the units of its viewBox."""

    points: list[Point]
    line: str
    area: str

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def lowest(self) -> Point:
        return min(self.points, key=lambda point: point.balance)

    @property
    def highest(self) -> Point:
        return max(self.points, key=lambda point: point.balance)

    @property
    def changes(self) -> list[Point]:
        """The days on which the balance changed, newest first, for who reads rather than looks."""
        changed = [new for old, new in zip(self.points, self.points[1:], strict=False) if new.balance != old.balance]
        return [*reversed(changed), self.points[0]]


def chart(wallet: Wallet, currency: str, *, today: date, days: int) -> Chart:
    """The last `days` days, today included, and the balance with which they began."""
    points = _points(wallet, currency, today=today, days=days)
    top = max(*(point.balance for point in points), ZERO)
    scale = float(top) or 1.0
    step = (WIDTH - LEFT - RIGHT) / (len(points) - 1)
    zero = float(HEIGHT - BOTTOM)
    heights = [zero - float(point.balance) / scale * (HEIGHT - TOP - BOTTOM) for point in points]
    line = f"M{LEFT} {heights[0]:.1f}"
    for number in range(1, len(points)):
        # A balance stays until it changes: steps, no slopes.
        if heights[number] != heights[number - 1]:
            line += f"H{LEFT + number * step:.1f}V{heights[number]:.1f}"
    line += f"H{WIDTH - RIGHT}"
    return Chart(points, line, area=f"{line}V{zero:.0f}H{LEFT}Z")


def _points(wallet: Wallet, currency: str, *, today: date, days: int) -> list[Point]:
    first = today - timedelta(days=days)
    changes: dict[date, Decimal] = {
        row["day"].date(): row["sum"]
        for row in Entry.objects.filter(
            wallet=wallet,
            currency=currency,
            created_at__gte=datetime.combine(first + timedelta(days=1), time.min, UTC),
        )
        .annotate(day=TruncDay("created_at", tzinfo=UTC))
        .values("day")
        .annotate(sum=Sum("amount"))
        .order_by("day")
    }
    balance = wallet.balance(currency) - sum(changes.values(), ZERO)
    points = [Point(first, balance)]
    for number in range(1, days + 1):
        day = first + timedelta(days=number)
        balance += changes.get(day, ZERO)
        points.append(Point(day, balance))
    return points
