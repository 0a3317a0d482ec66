"""A wallet's transactions, newest first, page by page: as fast for a million as for a thousand.

How many there are and where page n begins are questions that a database answers by counting. So every STEP-th
transaction of a wallet is marked with its position, and only what lies between two marks is counted. Marks are made
here, when a page is asked for, and at a distance from the newest transactions: a payment in flight may still come in
with a lower ID than one that is there already, and none must be jumped over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from wallets.models import HistoryMark, Transaction, Wallet

STEP = 500
DISTANCE = 500
# Payments made at once get their times and their IDs in different orders, but not by more than this.
SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class Page:
    """`total` is the number of transactions on all pages."""

    transactions: list[Transaction]
    total: int


def page(
    wallet: Wallet, *, number: int, size: int, since: datetime | None = None, before: datetime | None = None
) -> Page:
    """Page `number`, counted from 1, of what the wallet paid and received from `since` on and before `before`.

    A page past the end is empty. Wallets and accounts of both sides are loaded.
    """
    history = _History(wallet, since, before)
    if (since or before) and not history.is_in_order:
        return history.page_by_counting(number, size)
    first = history.position_before(since) if since else 0
    end = history.position_before(before) if before else history.length
    total = max(0, end - first)
    if (number - 1) * size >= total:
        return Page([], total)
    last_on_page = end - (number - 1) * size
    return Page(history.between(max(first, last_on_page - size), last_on_page, first=first), total)


@dataclass(frozen=True)
class _Mark:
    """See HistoryMark. The one at the beginning, before all transactions, has no time."""

    position: int = 0
    transaction_id: int = 0
    latest: datetime | None = None
    in_order: bool = True


class _History:
    """One look at the history of a wallet: its newest mark, and the tail that came after."""

    def __init__(self, wallet: Wallet, since: datetime | None, before: datetime | None) -> None:
        self.wallet, self.since, self.before = wallet, since, before
        self._look()
        if self.tail >= STEP + DISTANCE:
            self._make_marks()
            self._look()

    @property
    def length(self) -> int:
        return self.mark.position + self.tail

    @property
    def is_in_order(self) -> bool:
        """Whether times follow IDs; not so after the sandbox's clock was set back."""
        if self.mark.latest is None or self.tail_earliest is None:
            return self.mark.in_order
        return self.mark.in_order and self.tail_earliest >= self.mark.latest - SLACK

    def position_before(self, moment: datetime) -> int:
        """How many transactions are older than a moment. Between the two marks around it they are counted."""
        below = self._nearest_mark(latest__lt=moment - SLACK)
        above = HistoryMark.objects.filter(wallet=self.wallet, latest__gt=moment + SLACK).order_by("latest").first()
        rows = self._select(
            "count(*)",
            after=below.transaction_id,
            upto=above.transaction_id if above else None,
            before=moment,
        )
        return below.position + int(rows[0][0])

    def between(self, start: int, end: int, *, first: int) -> list[Transaction]:
        """The transactions after position `start` up to `end`, newest first. `first` is where the period begins."""
        mark = self._nearest_mark(position__lte=start)
        rows = self._select(
            "id",
            after=mark.transaction_id,
            since=self.since,
            before=self.before,
            order="ORDER BY id OFFSET %(offset)s LIMIT %(limit)s",
            offset=start - max(mark.position, first),
            limit=end - start,
        )
        return _loaded([row[0] for row in reversed(rows)])

    def page_by_counting(self, number: int, size: int) -> Page:
        """Without marks: exact whatever the clock did, and slow for a long history."""
        period = Q()
        if self.since:
            period &= Q(created_at__gte=self.since)
        if self.before:
            period &= Q(created_at__lt=self.before)
        found = Transaction.objects.involving(self.wallet).filter(period)
        ids = found.order_by("-id").values_list("id", flat=True)[(number - 1) * size : number * size]
        return Page(_loaded(list(ids)), found.count())

    def _look(self) -> None:
        self.mark = self._nearest_mark()
        self.tail, self.tail_earliest = self._select("count(*), min(created_at)", after=self.mark.transaction_id)[0]

    def _nearest_mark(self, **bounds: object) -> _Mark:
        """The last one within the bounds."""
        row = (
            HistoryMark.objects.filter(wallet=self.wallet, **bounds)
            .order_by("-position")
            .values_list("position", "transaction_id", "latest", "in_order")
            .first()
        )
        return _Mark(*row) if row else _Mark()

    def _make_marks(self) -> None:
        """Mark every STEP-th transaction of the tail, but for the newest, and for what may not be all there yet.

        `settled`: every database transaction that began before this one was written has ended.
        """
        mark = self.mark
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO wallets_historymark (wallet_id, position, transaction_id, latest, in_order)"  # noqa: S608
                " SELECT %(wallet)s, %(position)s + place, id, latest, in_order"
                " FROM (SELECT id, place, latest, bool_and(settled) OVER newer AS settled,"
                "  %(in_order)s AND bool_and(created_at >= latest - %(slack)s) OVER newer AS in_order"
                "  FROM (SELECT id, created_at, row_number() OVER newer AS place,"
                "   greatest(%(latest)s, max(created_at) OVER newer) AS latest,"
                "   age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) AS settled"
                f"   FROM ({_SIDES % {'columns': 'id, created_at, xmin', 'period': ''}}) tail"
                "   WINDOW newer AS (ORDER BY id)) placed"
                "  WINDOW newer AS (ORDER BY id)) checked"
                " WHERE settled AND place <= %(most)s AND (%(position)s + place) %% %(step)s = 0"
                " ON CONFLICT (wallet_id, position) DO NOTHING",
                {
                    "wallet": self.wallet.id,
                    "after": mark.transaction_id,
                    "position": mark.position,
                    "latest": mark.latest,
                    "in_order": mark.in_order,
                    "slack": SLACK,
                    "most": self.tail - DISTANCE,
                    "step": STEP,
                },
            )

    def _select(
        self,
        columns: str,
        *,
        after: int,
        upto: int | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        order: str = "",
        **more: object,
    ) -> list[tuple[Any, ...]]:
        """Columns of the wallet's transactions, those with IDs above `after`."""
        period = "".join(
            (
                " AND id <= %(upto)s" if upto is not None else "",
                " AND created_at >= %(since)s" if since else "",
                " AND created_at < %(before)s" if before else "",
            )
        )
        sides = _SIDES % {"columns": "id, created_at", "period": period}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM ({sides}) history {order}",  # noqa: S608 (all of it is written above)
                {"wallet": self.wallet.id, "after": after, "upto": upto, "since": since, "before": before, **more},
            )
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


# What the wallet paid and what it received, each by its own index; to itself only once.
_SIDES = (
    "SELECT %(columns)s FROM wallets_transaction"
    " WHERE payer_wallet_id = %%(wallet)s AND id > %%(after)s%(period)s"
    " UNION ALL SELECT %(columns)s FROM wallets_transaction"
    " WHERE receiver_wallet_id = %%(wallet)s AND payer_wallet_id <> %%(wallet)s AND id > %%(after)s%(period)s"
)


def _loaded(ids: list[int]) -> list[Transaction]:
    """The transactions in this order, with both sides' wallets and accounts: three queries, each row once."""
    found = Transaction.objects.in_bulk(ids)
    transactions = [found[number] for number in ids if number in found]
    sides = {side for each in transactions for side in (each.payer_wallet_id, each.receiver_wallet_id)}
    wallets = Wallet.objects.select_related("account").in_bulk(sides)
    for each in transactions:
        each.payer_wallet = wallets[each.payer_wallet_id]
        each.receiver_wallet = wallets[each.receiver_wallet_id]
    return transactions
