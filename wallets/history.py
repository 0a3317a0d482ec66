"""A wallet's transactions, newest first, page by page: as fast for a million as for a thousand.

How many there are, and where page n begins, are questions that a database answers by counting. So a wallet's history is
cut into segments of STEP transactions, with the first and the last time in each: a segment that lies in the period as a
whole needs no counting. Segments are cut here, when a page is asked for, and at a distance from the newest
transactions: a payment in flight may still come in with a lower ID than one that is there already.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from wallets.models import HistorySegment, Transaction, Wallet

STEP = 1000
DISTANCE = 1000


@dataclass(frozen=True)
class Page:
    """`total` is the number of transactions on all pages."""

    transactions: list[Transaction]
    total: int


@dataclass(frozen=True)
class Period:
    """From `since` on and before `before`."""

    since: datetime
    before: datetime


@dataclass(frozen=True)
class _Segment:
    """Transactions with IDs above `after`, up to `last` or all; `count` of them are in the period."""

    after: int
    last: int | None
    count: int


ALWAYS = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def page(wallet: Wallet, *, number: int, size: int, period: Period = ALWAYS) -> Page:
    """Page `number`, counted from 1, of what the wallet paid and received. A page past the end is empty.

    Wallets and accounts of both sides are loaded.
    """
    segments = _segments(wallet, period)
    skip = (number - 1) * size
    ids: list[int] = []
    for segment in segments:
        if skip < segment.count and len(ids) < size:
            ids += _ids(wallet, segment, period, skip=skip, most=size - len(ids))
        skip = max(0, skip - segment.count)
    return Page(_loaded(ids), sum(segment.count for segment in segments))


def _segments(wallet: Wallet, period: Period) -> list[_Segment]:
    """All that may have something in the period, the newest first."""
    length, after = _cut(wallet)
    rest = length if period == ALWAYS else _count(wallet, period, after=after)
    return [_Segment(after, None, rest), *_closed_segments(wallet, period)]


def _cut(wallet: Wallet) -> tuple[int, int]:
    """Cut what can be cut. The length of the rest, and the ID after which it begins."""
    position, after = _end_of_segments(wallet)
    length = _count(wallet, ALWAYS, after=after)
    if length >= STEP + DISTANCE:
        _make_segments(wallet, position, after, most=length - DISTANCE)
        _, after = _end_of_segments(wallet)
        length = _count(wallet, ALWAYS, after=after)
    return length, after


def _end_of_segments(wallet: Wallet) -> tuple[int, int]:
    segments = HistorySegment.objects.filter(wallet=wallet).order_by("-position")
    return segments.values_list("position", "last_id").first() or (0, 0)


# What the wallet paid and what it received, each by its own index; to itself only once.
_HISTORY = (
    "(SELECT {columns} FROM wallets_transaction"
    " WHERE payer_wallet_id = %(wallet)s AND id > {after} AND id <= {last}"
    " UNION ALL SELECT {columns} FROM wallets_transaction"
    " WHERE receiver_wallet_id = %(wallet)s AND payer_wallet_id <> %(wallet)s"
    " AND id > {after} AND id <= {last}) history"
)
_IN_PERIOD = "created_at >= %(since)s AND created_at < %(before)s"
_LARGEST_ID = 2**63 - 1


def _some(columns: str, *, after: str = "%(after)s", last: str = "%(last)s") -> str:
    return _HISTORY.format(columns=columns, after=after, last=last)


# Without a period only the index is read.
_WITHIN = {True: f"{_some('id')} WHERE true", False: f"{_some('id, created_at')} WHERE {_IN_PERIOD}"}
_SEGMENTS = (
    "SELECT after, last_id, CASE WHEN earliest >= %(since)s AND latest < %(before)s THEN %(step)s"  # noqa: S608
    f" ELSE (SELECT count(*) FROM {_some('created_at', after='segment.after', last='segment.last_id')}"
    f" WHERE {_IN_PERIOD})"
    " END FROM wallets_historysegment segment"
    " WHERE wallet_id = %(wallet)s AND latest >= %(since)s AND earliest < %(before)s ORDER BY position DESC"
)
# A transaction is settled when every database transaction that began before it was written has ended.
_CUT = (
    "INSERT INTO wallets_historysegment (wallet_id, position, after, last_id, earliest, latest)"  # noqa: S608
    " SELECT %(wallet)s, %(position)s + (place + 1) * %(step)s, lag(last, 1, %(after)s) OVER (ORDER BY place), last,"
    " earliest, latest"
    " FROM (SELECT place, max(id) AS last, min(created_at) AS earliest, max(created_at) AS latest,"
    "  bool_and(bool_and(settled)) OVER (ORDER BY place) AS settled"
    "  FROM (SELECT id, created_at, (row_number() OVER (ORDER BY id) - 1) / %(step)s AS place,"
    "   age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) AS settled"
    f"   FROM {_some('id, created_at, xmin')}) placed"
    "  GROUP BY place) segments"
    " WHERE settled AND (place + 1) * %(step)s <= %(most)s"
    " ON CONFLICT (wallet_id, position) DO NOTHING"
)


def _make_segments(wallet: Wallet, position: int, after: int, *, most: int) -> None:
    """Cut the first `most` transactions of the rest, those that are settled."""
    with connection.cursor() as cursor:
        cursor.execute(_CUT, _parameters(wallet, ALWAYS, after) | {"position": position, "most": most, "step": STEP})


def _closed_segments(wallet: Wallet, period: Period) -> list[_Segment]:
    rows = _rows(_SEGMENTS, _parameters(wallet, period) | {"step": STEP})
    return [_Segment(*row) for row in rows]


def _count(wallet: Wallet, period: Period, *, after: int) -> int:
    sql = f"SELECT count(*) FROM {_WITHIN[period == ALWAYS]}"  # noqa: S608
    count: int = _rows(sql, _parameters(wallet, period, after))[0][0]
    return count


def _ids(wallet: Wallet, segment: _Segment, period: Period, *, skip: int, most: int) -> list[int]:
    sql = f"SELECT id FROM {_WITHIN[period == ALWAYS]} ORDER BY id DESC OFFSET %(skip)s LIMIT %(most)s"  # noqa: S608
    parameters = _parameters(wallet, period, segment.after, segment.last)
    return [row[0] for row in _rows(sql, parameters | {"skip": skip, "most": most})]


def _parameters(wallet: Wallet, period: Period, after: int = 0, last: int | None = None) -> dict[str, Any]:
    return {
        "wallet": wallet.id,
        "since": period.since,
        "before": period.before,
        "after": after,
        "last": _LARGEST_ID if last is None else last,
    }


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _loaded(ids: list[int]) -> list[Transaction]:
    """The transactions in this order, with both sides' wallets and accounts: two queries, each row once."""
    found = Transaction.objects.in_bulk(ids)
    transactions = [found[number] for number in ids if number in found]
    sides = {side for each in transactions for side in (each.payer_wallet_id, each.receiver_wallet_id)}
    wallets = Wallet.objects.select_related("account").in_bulk(sides)
    for each in transactions:
        each.payer_wallet = wallets[each.payer_wallet_id]
        each.receiver_wallet = wallets[each.receiver_wallet_id]
    return transactions
