"""The figures of the Merchant Overview: one statement of SQL for each subject, whatever the wallets hold.

Rows are counted where they lie, by indexes that hold all that is asked for (`received_by_time` of transactions,
`sessions_by_time` of checkouts, `ipn_newest_first` of messages), so that a hundred thousand of each take less than a
blink. Days are of UTC and of the sandbox's clock; refused API calls go by real time, as their tokens do.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncDate

from checkout.models import CheckoutSession
from ipn.models import IpnMessage
from sandbox.models import JournalEntry
from wallets.models import ApiCall, Transaction
from wallets.money import ZERO
from wallets.statement import SALES

Status = Transaction.Status
# Of the reasons why forms were refused, and of the errors of refused API calls, the most frequent.
MOST_REASONS = 8


@dataclass(frozen=True)
class Period:
    """Whole days, the last of them today."""

    first: date
    last: date

    @classmethod
    def of(cls, days: int, *, now: datetime) -> "Period":
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days=days - 1), today)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time.min, UTC)

    @property
    def end(self) -> datetime:
        """The moment after its last."""
        return datetime.combine(self.last + timedelta(days=1), time.min, UTC)

    def within(self, column: str) -> Q:
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": self.end})


@dataclass
class Taken:
    """What one wallet took in one currency. A payment that was taken back later was sold all the same."""

    wallet: str
    currency: str
    completed: int = 0
    reversed: int = 0
    pending: int = 0
    failed: int = 0
    canceled: int = 0
    sold: Decimal = ZERO
    taken_back: Decimal = ZERO
    reversals: int = 0
    fees: Decimal = ZERO

    @property
    def sales(self) -> int:
        return self.completed + self.reversed

    @property
    def net(self) -> Decimal:
        """What arrived and stayed."""
        return self.sold - self.taken_back - self.fees


@dataclass
class Day:
    sales: int = 0
    sold: Decimal = ZERO


@dataclass(frozen=True)
class Sales:
    """Row by row, the wallets and currencies with most sales first, and day by day for each currency."""

    rows: list[Taken]
    by_day: dict[str, dict[date, Day]]

    def number(self, status: str) -> int:
        return sum(getattr(row, status) for row in self.rows)


def sales(wallets: Collection[str], period: Period) -> Sales:
    """What was paid to the wallets: by links, buttons and forms, in the Marketplace, and by Send Money."""
    found = (
        Transaction.objects.filter(period.within("created_at"), receiver_wallet__in=wallets, kind__in=SALES)
        .order_by()
        .values(
            "receiver_wallet_id",
            "currency_id",
            "status",
            day=TruncDate("created_at"),
            is_reversal=Q(parent__isnull=False),
        )
        .annotate(
            number=Count("*"),
            gross=Sum("gross"),
            fees=Sum("fee", filter=Q(fee_payer=Transaction.FeePayer.RECEIVER), default=ZERO),
        )
    )
    rows: dict[tuple[str, str], Taken] = {}
    by_day: dict[str, dict[date, Day]] = defaultdict(lambda: defaultdict(Day))
    for each in found:
        key = (each["receiver_wallet_id"], each["currency_id"])
        row = rows.setdefault(key, Taken(*key))
        if each["is_reversal"]:
            row.reversals += each["number"]
            row.taken_back -= each["gross"]
            row.fees += each["fees"]
            continue
        setattr(row, each["status"], getattr(row, each["status"]) + each["number"])
        if each["status"] in (Status.COMPLETED, Status.REVERSED):
            row.sold += each["gross"]
            row.fees += each["fees"]
            day = by_day[each["currency_id"]][each["day"]]
            day.sales += each["number"]
            day.sold += each["gross"]
    ordered = sorted(rows.values(), key=lambda row: (-row.sales, row.currency, row.wallet))
    return Sales(ordered, {currency: dict(days) for currency, days in by_day.items()})


def checkouts(wallets: Collection[str], period: Period) -> dict[str, int]:
    """How many checkouts were opened in the period, by what has become of them."""
    found = CheckoutSession.objects.filter(period.within("created_at"), receiver__in=wallets)
    return _by_status(found.order_by().values_list("status").annotate(number=Count("*")))


def deliveries(wallets: Collection[str], period: Period) -> dict[str, int]:
    """How many messages were queued in the period, by what has become of them. Tests are among them, as in the list."""
    found = IpnMessage.objects.filter(period.within("created_at"), wallet_id__in=wallets)
    return _by_status(found.order_by().values_list("status").annotate(number=Count("*")))


def _by_status(rows: object) -> dict[str, int]:
    return dict(rows)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Refused:
    """Calls of the API that had the same error, or forms for the same reason."""

    wallet: str
    what: str
    error: str
    number: int
    latest: datetime


@dataclass(frozen=True)
class Refusals:
    number: int = 0
    most_frequent: list[Refused] = field(default_factory=list)


def api_calls(wallets: Collection[str], *, since: datetime) -> Refusals:
    """Refused calls of the SOAP API, of those that are kept; `since` is real time."""
    found = (
        ApiCall.objects.filter(wallet__in=wallets, at__gte=since)
        .order_by()
        .values_list("wallet_id", "operation", "outcome")
        .annotate(number=Count("*"), latest=Max("at"))
    )
    return _refusals([Refused(*row) for row in found])


def forms(wallets: Collection[str], period: Period) -> Refusals:
    """Payment forms that were refused at the door, as far as the journal goes back."""
    found = (
        JournalEntry.objects.filter(
            period.within("at"), wallet_id__in=wallets, failed=True, kind=JournalEntry.Kind.FORM
        )
        .order_by()
        .values_list("wallet_id", "operation", "why")
        .annotate(number=Count("*"), latest=Max("at"))
    )
    return _refusals([Refused(*row) for row in found])


def _refusals(rows: list[Refused]) -> Refusals:
    rows.sort(key=lambda row: (-row.number, row.what, row.error))
    return Refusals(sum(row.number for row in rows), rows[:MOST_REASONS])
