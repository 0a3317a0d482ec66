"""A wallet's history by pages: exact whatever the periods and the clock, and as fast for many as for few."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from sandbox.models import Sandbox
from wallets import history
from wallets.history import ALWAYS, Period
from wallets.models import HistorySegment, Transaction, Wallet

START = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test needs a hundred transactions and not some thousand."""
    monkeypatch.setattr(history, "STEP", 10)
    monkeypatch.setattr(history, "DISTANCE", 5)


def record(sandbox: Sandbox, payer: Wallet, receiver: Wallet, *moments: datetime) -> list[Transaction]:
    """Payments that were refused: the history has them, the ledger does not."""
    return Transaction.objects.bulk_create(
        Transaction(
            sandbox=sandbox,
            kind="send_money",
            status="failed",
            payer_wallet=payer,
            receiver_wallet=receiver,
            payment_method="OKB",
            currency_id="USD",
            gross=1,
            created_at=moment,
            updated_at=moment,
        )
        for moment in moments
    )


def expected(wallet: Wallet, period: Period = ALWAYS) -> list[int]:
    """The same, asked for plainly."""
    found = Transaction.objects.involving(wallet).filter(created_at__gte=period.since, created_at__lt=period.before)
    return list(found.order_by("-id").values_list("id", flat=True))


def walked(wallet: Wallet, period: Period = ALWAYS, size: int = 7) -> list[int]:
    """All pages of a history, one after the other."""
    ids: list[int] = []
    number = 0
    while True:
        number += 1
        page = history.page(wallet, number=number, size=size, period=period)
        ids += [each.id for each in page.transactions]
        if not page.transactions:
            assert page.total == len(ids)
            return ids


def cut(wallet: Wallet) -> int:
    """Look at the history until all is cut that can be, and say how many segments there are.

    What other tests have under way in the same server delays it: see `settled` in wallets/history.py.
    """
    possible = (Transaction.objects.involving(wallet).count() - history.DISTANCE) // history.STEP
    deadline = time.monotonic() + 120
    while True:
        history.page(wallet, number=1, size=5)
        segments = HistorySegment.objects.filter(wallet=wallet).count()
        if segments == possible or time.monotonic() > deadline:
            return segments
        time.sleep(0.05)


@pytest.fixture
def busy(world: Sandbox, buyer: Wallet, poor_buyer: Wallet, stranger: Wallet) -> Wallet:
    """The stranger's wallet with 143 transactions, paid and received and to itself, a minute apart."""
    for number in range(143):
        payer, receiver = [(buyer, stranger), (stranger, poor_buyer), (stranger, stranger)][number % 3]
        record(world, payer, receiver, START + number * MINUTE)
        record(world, buyer, poor_buyer, START + number * MINUTE)
    return stranger


def test_every_transaction_is_on_one_page(busy: Wallet) -> None:
    assert walked(busy) == expected(busy)
    assert len(expected(busy)) == 143
    assert cut(busy) == 13  # 130 of 143: the newest stay uncut


def test_pages_know_both_sides(busy: Wallet, django_assert_num_queries) -> None:
    page = history.page(busy, number=1, size=50)

    with django_assert_num_queries(0):
        assert {each.payer_wallet.account.name for each in page.transactions} == {"Bob Buyer", "Second Shop"}
        assert {each.receiver_wallet.account.name for each in page.transactions} == {"Paul Poor", "Second Shop"}


def test_periods_are_exact(busy: Wallet) -> None:
    assert cut(busy) == 13
    chance = random.Random(7)
    for _ in range(40):
        since, before = (START + chance.randint(-10, 160) * MINUTE for _ in range(2))
        period = Period(since, before)

        assert walked(busy, period, size=chance.randint(1, 50)) == expected(busy, period)


def test_a_clock_that_was_set_back_changes_nothing(world: Sandbox, busy: Wallet, buyer: Wallet) -> None:
    assert cut(busy) == 13
    chance = random.Random(8)
    record(world, buyer, busy, *(START + chance.randint(-500, 500) * MINUTE for _ in range(90)))

    for period in (ALWAYS, Period(START, START + 50 * MINUTE), Period(START - 900 * MINUTE, START)):
        assert walked(busy, period) == expected(busy, period)
    assert cut(busy) == 22
    for period in (ALWAYS, Period(START, START + 50 * MINUTE), Period(START - 900 * MINUTE, START)):
        assert walked(busy, period) == expected(busy, period)


def test_new_transactions_are_there_at_once(world: Sandbox, busy: Wallet, buyer: Wallet) -> None:
    for number in range(60):
        (newest,) = record(world, buyer, busy, START + (200 + number) * MINUTE)
        page = history.page(busy, number=1, size=3)
        assert (page.transactions[0].id, page.total) == (newest.id, 144 + number)


def test_a_payment_in_flight_is_not_jumped_over(world: Sandbox, busy: Wallet, buyer: Wallet) -> None:
    """It has its ID already; the ones that come after it are done first."""
    recorded, may_commit = threading.Event(), threading.Event()

    def pay_slowly() -> None:
        with transaction.atomic():
            record(world, buyer, busy, START)
            recorded.set()
            may_commit.wait(10)
        connections.close_all()

    slow = threading.Thread(target=pay_slowly)
    slow.start()
    assert recorded.wait(10)
    record(world, buyer, busy, *[START] * 50)
    assert walked(busy) == expected(busy)
    cut_before = HistorySegment.objects.order_by("-position").first()
    may_commit.set()
    slow.join()

    assert cut_before is None or cut_before.position <= 143
    assert walked(busy) == expected(busy)
    assert len(expected(busy)) == 194


def test_simultaneous_looks_cut_the_same(busy: Wallet) -> None:
    def look() -> None:
        history.page(busy, number=1, size=5)
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert cut(busy) == 13
    assert walked(busy) == expected(busy)


def test_segments_go_with_their_transactions(busy: Wallet) -> None:
    """After a reset the history begins anew."""
    assert cut(busy) == 13
    Transaction.objects.involving(busy).delete()

    assert not HistorySegment.objects.filter(wallet=busy).exists()
    assert history.page(busy, number=1, size=5).total == 0


@pytest.mark.slow
@pytest.mark.slow
def test_a_page_of_a_hundred_thousand_reads_no_more_than_one_of_three_thousand(
    world: Sandbox,
    buyer: Wallet,
    merchant: Wallet,
    poor_buyer: Wallet,
    stranger: Wallet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted in blocks that the database touches, as no busy machine changes them. Twice is flat for 33 times more."""
    monkeypatch.setattr(history, "STEP", 1000)
    monkeypatch.setattr(history, "DISTANCE", 1000)
    record(world, poor_buyer, stranger, *(START + number * MINUTE for number in range(3_000)))
    record(world, buyer, merchant, *(START + number * MINUTE for number in range(50_000)))
    record(world, merchant, buyer, *(START + number * MINUTE for number in range(50_000, 100_000)))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE wallets_transaction")
    days, months = (Period(START + 10 * MINUTE, START + end * MINUTE) for end in (2_500, 40_500))

    assert blocks_read(merchant, 1, ALWAYS) <= 1.3 * blocks_read(stranger, 1, ALWAYS)
    few = max(blocks_read(stranger, number, ALWAYS) for number in (1, 20, 60))
    assert max(blocks_read(merchant, number, ALWAYS) for number in (700, 1_200, 1_990)) <= 2 * few
    few = max(blocks_read(stranger, number, days) for number in (1, 20, 49))
    assert max(blocks_read(merchant, number, months) for number in (1, 400, 800)) <= 2 * few


def blocks_read(wallet: Wallet, number: int, period: Period) -> int:
    cut(wallet)
    history.page(wallet, number=number, size=50, period=period)
    before = _blocks()
    assert len(history.page(wallet, number=number, size=50, period=period).transactions) == 50
    return _blocks() - before


def _blocks() -> int:
    """Blocks of tables and indexes that this session has touched so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(t.heap_blks_hit + t.heap_blks_read + t.idx_blks_hit + t.idx_blks_read)"
            " FROM pg_statio_user_tables t WHERE relname LIKE 'wallets_%'"
        )
        return int(cursor.fetchone()[0])
