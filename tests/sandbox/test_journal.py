"""Writing the journal: at once, in bounds, and never at the request's expense."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sandbox import clock, journal
from sandbox.masking import Masker
from sandbox.models import JournalEntry, Sandbox
from tests.soapapi import calls

VERIFY = "/ipn-verify.html"


@pytest.fixture(autouse=True)
def _new_process(settings: LazySettings) -> Iterator[None]:
    settings.JOURNAL = True
    for counter in (journal._added, journal._lost):
        counter.clear()
    yield
    for counter in (journal._added, journal._lost):
        counter.clear()


def ask() -> bytes:
    response = Client().post(VERIFY, "ok_verify=true&ok_txn_id=1", "application/x-www-form-urlencoded")
    assert response.status_code == 200
    return bytes(response.content)


@pytest.mark.django_db(transaction=True)
def test_a_request_costs_one_statement_that_does_not_wait_for_the_disk(world: Sandbox) -> None:
    ask()  # the first of a process also looks whether there are too many
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ask()

    written = [query["sql"] for query in queries if "sandbox_journal" in query["sql"]]
    (insert,) = written
    assert "EXECUTE sandbox_journalentry_new" in insert
    assert "synchronous_commit = off" in insert


@pytest.mark.django_db(transaction=True)
def test_what_holds_for_the_journal_holds_for_no_payment(world: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        ask()

        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("on", "0")
        cursor.execute("RESET synchronous_commit")


@pytest.mark.django_db(transaction=True)
def test_whoever_has_the_answer_finds_the_row(world: Sandbox) -> None:
    """Looked for by another connection."""
    found: list[int] = []

    def look() -> None:
        found.append(JournalEntry.objects.filter(kind="verify").count())
        connection.close()

    for number in range(1, 4):
        ask()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert found[-1] == number


@pytest.mark.django_db
def test_it_keeps_the_newest_and_says_how_many_it_dropped(
    world: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOURNAL_ROWS = 10
    monkeypatch.setattr(journal, "PRUNE_EVERY", 4)

    for _time in range(30):
        ask()

    ids = list(JournalEntry.objects.order_by("id").values_list("id", flat=True))
    pruned, lost = journal.dropped(world)
    assert 10 <= len(ids) <= 14
    assert ids == list(range(ids[-1] - len(ids) + 1, ids[-1] + 1))  # the newest, without a gap
    assert (pruned, lost) == (30 - len(ids), 0)


@pytest.mark.django_db
def test_one_sandbox_takes_no_room_from_another(
    world: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOURNAL_ROWS = 3
    monkeypatch.setattr(journal, "PRUNE_EVERY", 1)
    other = Sandbox.objects.create(id="other")
    ask()
    JournalEntry.objects.update(sandbox=other)

    for _time in range(10):
        ask()

    assert JournalEntry.objects.filter(sandbox=other).count() == 1
    assert JournalEntry.objects.filter(sandbox=world).count() == 3
    assert journal.dropped(other) == (0, 0)


@pytest.mark.django_db
def test_without_its_table_every_request_is_answered_and_the_loss_is_told(world: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sandbox_journalentry RENAME TO away")
        assert ask() == b"INVALID"
        assert calls.post(calls.request("Get_Date_Time")).status_code == 200
        cursor.execute("ALTER TABLE away RENAME TO sandbox_journalentry")

    ask()

    assert journal.dropped(world) == (0, 2)
    assert JournalEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_locked_table_holds_up_nobody_for_long(world: Sandbox) -> None:
    locked, release = threading.Event(), threading.Event()

    def lock() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE sandbox_journalentry IN ACCESS EXCLUSIVE MODE")
            locked.set()
            release.wait(20)
            cursor.execute("ROLLBACK")
        connection.close()

    locker = threading.Thread(target=lock)
    locker.start()
    try:
        assert locked.wait(10)
        started = time.monotonic()
        assert ask() == b"INVALID"
        assert time.monotonic() - started < 5
    finally:
        release.set()
        locker.join()
    ask()

    assert journal.dropped(world) == (0, 1)


@pytest.mark.django_db
def test_a_mistake_of_ours_in_the_journal_is_not_the_requests(
    world: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Masker, text: str) -> str:
        raise RuntimeError(text)

    with monkeypatch.context() as broken:
        broken.setattr(Masker, "text", fail)
        assert ask() == b"INVALID"

    ask()
    assert journal.dropped(world) == (0, 1)
    assert "RuntimeError" in caplog.text
    assert "ok_txn_id" not in caplog.text


@pytest.mark.django_db
def test_switched_off_it_writes_nothing(world: Sandbox, settings: LazySettings) -> None:
    settings.JOURNAL = False

    assert ask() == b"INVALID"

    assert not JournalEntry.objects.exists()


@pytest.mark.django_db
def test_it_goes_by_the_clock_of_the_sandbox_and_by_the_real_one(world: Sandbox) -> None:
    clock.advance(world, timedelta(days=3))

    ask()

    entry = JournalEntry.objects.get()
    assert entry.at - entry.real_at == timedelta(days=3)
