"""A kept connection is not asked before every request whether it lives, and replaced all the same when it does not.

And what goes along with another statement is done as if it had been sent by itself: once, or not at all.
"""

import io
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from pytest_django import DjangoDbBlocker

from okpay_gateway.postgresql.base import IDLE_FOR_LONG, DatabaseWrapper


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database without a transaction around the test. Whoever writes takes it back himself."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture
def kept(database: None) -> Iterator[DatabaseWrapper]:
    """A connection of a web process's, after its first request."""
    kept = connections.create_connection("default")
    assert isinstance(kept, DatabaseWrapper)
    assert backend_of(kept)
    yield kept
    kept.close()


def backend_of(kept: DatabaseWrapper) -> int:
    """What a request does: the process of the server's that serves it."""
    kept.close_if_unusable_or_obsolete()
    with kept.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def statements_of(pid: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid])
        return str(cursor.fetchone()[0])


def test_a_connection_in_use_is_not_asked_whether_it_lives(kept: DatabaseWrapper) -> None:
    pid = backend_of(kept)

    kept.close_if_unusable_or_obsolete()
    kept.ensure_connection()
    assert kept.is_usable()

    assert statements_of(pid) == "SELECT pg_backend_pid()"


def test_one_that_was_idle_for_long_is(kept: DatabaseWrapper) -> None:
    pid = backend_of(kept)

    kept._in_use_at -= IDLE_FOR_LONG
    assert kept.is_usable()

    assert statements_of(pid) == "SELECT 1"


def test_the_end_of_the_server_is_noticed_before_a_request_fails(kept: DatabaseWrapper) -> None:
    pid = backend_of(kept)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    time.sleep(0.05)  # its last words are on their way

    assert backend_of(kept) != pid


def test_so_is_a_connection_that_was_closed(kept: DatabaseWrapper) -> None:
    pid = backend_of(kept)
    kept.connection.close()

    assert backend_of(kept) != pid


def test_what_is_prepared_is_planned_once(kept: DatabaseWrapper) -> None:
    with kept.cursor() as cursor:
        # A plan for the value at hand would save it the question behind COALESCE.
        cursor.execute("PREPARE planned_once AS SELECT COALESCE($1::int, (SELECT count(*) FROM wallets_wallet))")
        for _ in range(7):
            cursor.execute("EXECUTE planned_once (1)")
        cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'planned_once'")
        assert cursor.fetchone() == (7, 0)


# What goes along with the next statement


@pytest.fixture
def numbers(database: None) -> Iterator[Callable[[], list[int]]]:
    """Says which numbers are in a table, to whoever asks from outside."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_numbers (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    other = connections.create_connection("default")

    def committed() -> list[int]:
        with other.cursor() as cursor:
            cursor.execute("SELECT number FROM test_numbers ORDER BY number")
            return [number for (number,) in cursor.fetchall()]

    yield committed
    other.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_numbers")


def insert_along(*numbers: object) -> None:
    for number in numbers:
        connection.connection.ahead += f"INSERT INTO test_numbers VALUES ({number}); ".encode()


def insert(number: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_numbers VALUES (%s)", [number])


def sent_last() -> str:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT query FROM pg_stat_activity WHERE pid = %s", [connection.connection.get_backend_pid()]
            )
            return str(cursor.fetchone()[0])
    finally:
        other.close()


def test_a_transaction_begins_with_its_first_statement(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic():
        insert(1)
        assert sent_last() == "BEGIN; INSERT INTO test_numbers VALUES (1)"
        insert(2)
        assert sent_last() == "INSERT INTO test_numbers VALUES (2)"
        assert numbers() == []

    assert sent_last() == "COMMIT"
    assert numbers() == [1, 2]


def test_one_in_which_nothing_is_asked_is_none(numbers: Callable[[], list[int]]) -> None:
    insert(1)
    for _ in range(2):
        with transaction.atomic():
            pass
    with pytest.raises(KeyError), transaction.atomic():
        raise KeyError

    assert sent_last() == "INSERT INTO test_numbers VALUES (1)"
    insert(2)
    assert numbers() == [1, 2]


def test_the_end_takes_along_what_nobody_waited_for_once(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic():
        insert_along(1, 2)

    assert sent_last() == "BEGIN; INSERT INTO test_numbers VALUES (1); INSERT INTO test_numbers VALUES (2); COMMIT"
    insert(3)
    assert numbers() == [1, 2, 3]


@pytest.mark.parametrize("wrong", ["1 / 0", "'no number'", "nothing_known", "))", "1"])
def test_an_error_among_it_takes_all_of_it_back(numbers: Callable[[], list[int]], wrong: str) -> None:
    """Also a duplicate, which is seen only when the transaction ends."""
    with pytest.raises(DatabaseError), transaction.atomic():
        insert_along(1, wrong)

    assert numbers() == []
    with transaction.atomic():
        insert(2)
    assert numbers() == [2]


def test_a_rollback_sends_none_of_it(numbers: Callable[[], list[int]]) -> None:
    insert(1)
    with transaction.atomic():
        insert_along(2)
        transaction.set_rollback(True)

    assert sent_last() == "INSERT INTO test_numbers VALUES (1)"
    with transaction.atomic():
        insert(3)
        insert_along(4)
        transaction.set_rollback(True)

    assert sent_last() == "ROLLBACK"
    assert numbers() == [1]


def test_a_savepoint_takes_back_what_came_after_it(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic():
        insert_along(1)
        with transaction.atomic():
            insert_along(2)
            transaction.set_rollback(True)
        with pytest.raises(DatabaseError), transaction.atomic():
            insert_along(3, "1 / 0")
        with transaction.atomic():
            insert_along(4)

    assert numbers() == [1, 4]


def test_what_cannot_be_read_has_not_begun_a_transaction(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT ))")
        insert(1)
        transaction.set_rollback(True)

    assert numbers() == []


def test_values_may_have_any_sign_in_them(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        insert_along("length('100 % %s')")
        cursor.execute("SELECT %s, '%%'", ["50 % of \N{EURO SIGN}"])
        assert cursor.fetchone() == ("50 % of \N{EURO SIGN}", "%")

    assert numbers() == [8]


def test_every_way_to_ask_takes_it_along(numbers: Callable[[], list[int]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        insert_along(1)
        cursor.executemany("INSERT INTO test_numbers VALUES (%s)", [[2], [3]])
        insert_along(4)
        cursor.callproc("abs", [-1])
        assert cursor.fetchone() == (1,)
        insert_along(5)
        copied = io.StringIO()
        cursor.copy_expert("COPY test_numbers TO STDOUT", copied)
        assert copied.getvalue().split() == ["1", "2", "3", "4", "5"]
        insert_along(6)
        with connection.chunked_cursor() as chunked:
            chunked.execute("SELECT max(number) FROM test_numbers")
            assert chunked.fetchall() == [(6,)]
        assert numbers() == []

    assert numbers() == [1, 2, 3, 4, 5, 6]


def test_whoever_ends_transactions_himself_may(numbers: Callable[[], list[int]]) -> None:
    transaction.set_autocommit(False)
    try:
        insert(1)
        transaction.commit()
        insert(2)
        transaction.rollback()
    finally:
        transaction.set_autocommit(True)

    insert(3)
    assert numbers() == [1, 3]


def test_a_connection_that_is_lost_takes_it_with_it(numbers: Callable[[], list[int]]) -> None:
    connection.ensure_connection()
    pid = connection.connection.get_backend_pid()
    with pytest.raises(OperationalError), transaction.atomic():
        insert_along(1, f"length(pg_terminate_backend({pid})::text)", 2)

    connection.close()
    insert(3)
    assert numbers() == [3]
