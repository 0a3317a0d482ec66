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
    """Transactions with IDs above `after`, up to `last` or all; `count` of them are in the period, behind `newer`."""

    after: int
    last: int | None
    count: int
    newer: int


ALWAYS = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def page(wallet: Wallet, *, number: int, size: int, period: Period = ALWAYS) -> Page:
    """Page `number`, counted from 1, of what the wallet paid and received. A page past the end is empty.

    Wallets and accounts of both sides are loaded.
    """
    skip = (number - 1) * size
    rest = _rest(wallet, period)
    total, closed = _closed_segments(wallet, period, newer=rest.count, skip=skip, most=size)
    ids: list[int] = []
    for segment in (rest, *closed):
        within = max(0, skip - segment.newer)
        if within < segment.count and len(ids) < size:
            ids += _ids(wallet, segment, period, skip=within, most=size - len(ids))
    return Page(_loaded(ids), rest.count + total)


def _rest(wallet: Wallet, period: Period) -> _Segment:
    """The newest, which are in no segment yet."""
    length, after = _cut(wallet)
    return _Segment(after, None, length if period == ALWAYS else _count(wallet, period, after=after), 0)


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
# How many are in all of them, and those that the page touches: a thousand segments stay where they are. Each is counted
# once, which PostgreSQL would not do by itself.
_SEGMENTS = (
    "WITH counted AS MATERIALIZED (SELECT position, after, last_id,"  # noqa: S608
    " CASE WHEN earliest >= %(since)s AND latest < %(before)s THEN %(step)s"
    f" ELSE (SELECT count(*) FROM {_some('created_at', after='segment.after', last='segment.last_id')}"
    f" WHERE {_IN_PERIOD}) END::bigint AS count FROM wallets_historysegment segment"
    " WHERE wallet_id = %(wallet)s AND latest >= %(since)s AND earliest < %(before)s),"
    " placed AS (SELECT *, (%(newer)s + sum(count) OVER (ORDER BY position DESC) - count)::bigint AS newer"
    " FROM counted)"
    " SELECT coalesce(sum(count), 0)::bigint, coalesce(array_agg(ARRAY[after, last_id, count, newer]"
    " ORDER BY position DESC) FILTER (WHERE newer < %(skip)s + %(most)s AND newer + count > %(skip)s), '{}')"
    " FROM placed"
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


def _closed_segments(wallet: Wallet, period: Period, *, newer: int, skip: int, most: int) -> tuple[int, list[_Segment]]:
    """How many transactions are in closed segments, and the segments which have some of those that are asked for.

    `newer` are not in any; `skip` and `most` count from the newest of all.
    """
    parameters = _parameters(wallet, period) | {"step": STEP, "newer": newer, "skip": skip, "most": most}
    ((total, touched),) = _rows(_SEGMENTS, parameters)
    return total, [_Segment(*segment) for segment in touched]


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
