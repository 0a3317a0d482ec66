"""The figures: what the books say, counted in the database and read from its indexes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from okpay_gateway.merchant import figures
from okpay_gateway.merchant.figures import Period
from sandbox.models import Sandbox
from tests.merchant.conftest import Send
from wallets import payments, reversals
from wallets.models import Transaction, Wallet
from wallets.money import D


def month(now: datetime) -> Period:
    return Period.of(30, now=now)


def test_a_period_ends_today() -> None:
    now = datetime.fromisoformat("2030-03-01T23:59:59+00:00")

    assert Period.of(1, now=now) == Period(date(2030, 3, 1), date(2030, 3, 1))
    assert Period.of(7, now=now).first == date(2030, 2, 23)
    assert len(Period.of(365, now=now).days) == 365
    # Days are of UTC, wherever the moment was written down.
    assert Period.of(1, now=datetime.fromisoformat("2030-03-01T01:00:00+02:00")).last == date(2030, 2, 28)


def test_the_net_is_what_the_balance_gained(merchant: Wallet, now: datetime, send: Send) -> None:
    send("10")
    reversals.refund(send("5"), amount=D("2"), now=now)
    reversals.refund(send("7"), now=now)
    send("100", outcome=payments.PENDING)
    send("50", outcome=payments.REFUSED)
    send("3", receiver_pays_fee=False)

    [row] = figures.sales([merchant.id], month(now)).rows

    assert (row.wallet, row.currency) == (merchant.id, "USD")
    assert (row.completed, row.reversed, row.pending, row.failed) == (3, 1, 1, 1)
    assert (row.sold, row.taken_back, row.reversals) == (D("25.00"), D("9.00"), 2)
    assert row.net == merchant.balance("USD") - D("10000.00")
    assert row.fees == row.sold - row.taken_back - row.net


def test_each_currency_and_wallet_for_itself(merchant: Wallet, stranger: Wallet, now: datetime, send: Send) -> None:
    send("10")
    send("4", currency="EUR")
    send("4", currency="EUR")
    send("99", receiver=stranger.id)

    both = figures.sales([merchant.id, stranger.id], month(now))

    assert [(row.wallet, row.currency, row.sold) for row in both.rows] == [
        (merchant.id, "EUR", D("8.00")),
        (stranger.id, "USD", D("99.00")),
        (merchant.id, "USD", D("10.00")),
    ]
    assert both.by_day["USD"][now.date()].sold == D("109.00")
    assert [row.sold for row in figures.sales([stranger.id], month(now)).rows] == [D("99.00")]


def test_only_sales_are_sales(merchant: Wallet, now: datetime, send: Send) -> None:
    """Neither the opening balance nor what the merchant pays himself."""
    send("1", payer=merchant, receiver="buyer@example.com")

    assert figures.sales([merchant.id], Period.of(365 * 20, now=now)).rows == []


@pytest.mark.parametrize(("days_ago", "counts"), [(0, True), (29, True), (30, False)])
def test_whole_days_belong_to_the_period(
    merchant: Wallet, now: datetime, send: Send, days_ago: int, counts: bool
) -> None:
    midnight = (now - timedelta(days=days_ago)).replace(hour=0)
    for moment in (midnight, midnight + timedelta(hours=24, microseconds=-1)):
        Transaction.objects.filter(id=send("10").id).update(created_at=moment)

    found = figures.sales([merchant.id], month(now))

    assert found.number("sales") == (2 if counts else 0)
    assert found.by_day == ({"USD": {midnight.date(): figures.Day(2, D("20.00"))}} if counts else {})


def test_how_checkouts_and_messages_ended(busy: None, merchant: Wallet, stranger: Wallet, now: datetime) -> None:
    assert figures.checkouts([merchant.id], month(now)) == {
        "paid": 3,
        "pending": 1,
        "failed": 2,
        "canceled": 1,
        "open": 1,
    }
    messages = figures.deliveries([merchant.id], month(now))
    assert (messages["sent"], messages["failed"], messages["retrying"]) == (3, 1, 1)
    assert figures.checkouts([stranger.id], month(now)) == {}
    assert figures.deliveries([stranger.id], month(now)) == {}
    assert figures.checkouts([merchant.id], Period.of(1, now=now + timedelta(days=1))) == {}


def test_why_calls_and_forms_were_refused(busy: None, merchant: Wallet, stranger: Wallet, now: datetime) -> None:
    calls = figures.api_calls([merchant.id], since=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    assert [(row.what, row.error, row.number) for row in calls.most_frequent] == [
        ("Send_Money", "Authentication_Failed", 2),
        ("Wallet_Get_Balance", "Authentication_Failed", 1),
    ]
    forms = figures.forms([merchant.id], month(now))
    assert forms.number == 2
    [row] = forms.most_frequent
    assert "ok_currency" in row.error
    assert figures.forms([stranger.id], month(now)).number == 0


Figure = Callable[[list[str], Period], Any]


@pytest.mark.parametrize(
    ("figure", "index"),
    [
        (figures.sales, "received_by_time"),
        (figures.checkouts, "sessions_by_time"),
        (figures.deliveries, "ipn_newest_first"),
    ],
)
def test_it_is_added_up_from_an_index_alone(world: Sandbox, now: datetime, figure: Figure, index: str) -> None:
    """So the rows themselves, which are long, need not be read."""
    with CaptureQueriesContext(connection) as asked:
        figure(["OK702746927"], month(now))
    [query] = asked.captured_queries
    with connection.cursor() as cursor:
        # In a table without rows one index is as good as another: only this one is left.
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisunique AND indrelid ="
            " (SELECT indrelid FROM pg_index WHERE indexrelid = %s::regclass)",
            [index],
        )
        for (other,) in cursor.fetchall():
            if other != index:
                cursor.execute(f"DROP INDEX {other}")
        for way in ("seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {query['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert f"Index Only Scan using {index}" in plan, plan


def test_postgresql_knows_how_many_days_there_are(world: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_statisticsobjdef_expressions(oid) FROM pg_statistic_ext WHERE stxname = %s",
            ["transactions_per_day"],
        )
        [(expressions,)] = cursor.fetchall()

    assert expressions == ["((created_at AT TIME ZONE 'UTC'::text))::date"]
