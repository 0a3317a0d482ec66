"""Prepared statements: known once to each connection, and the same as if they were written anew each time."""

from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from sandbox import prepared
from sandbox.prepared import Prepared


@pytest.fixture
def plus(db: None) -> Iterator[Prepared]:
    yield from _made("test_plus", "SELECT $1::int + $2::int * $1::int")


@pytest.fixture
def of_table(db: None) -> Iterator[Prepared]:
    yield from _made("test_of_table", "SELECT number FROM test_numbers WHERE number >= $1 ORDER BY number")


@pytest.fixture
def setting(db: None) -> Iterator[Prepared]:
    yield from _made("test_setting", "SELECT current_setting($1)")


def _made(name: str, sql: str) -> Iterator[Prepared]:
    yield Prepared(name, sql)
    prepared._names.discard(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [name])
        if cursor.fetchone()[0]:
            cursor.execute(f"DEALLOCATE {name}")
    prepared._known[connection.connection].discard(name)


def answer(statement: Prepared, *values: object, after: str = "") -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        statement.execute(cursor, values, after=after)
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows


def test_it_is_prepared_once(plus: Prepared) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert [answer(plus, 1, 2), answer(plus, 3, 4)] == [[(3,)], [(15,)]]

    assert [query["sql"] for query in queries] == ["EXECUTE test_plus (1, 2)", "EXECUTE test_plus (3, 4)"]


def test_every_connection_is_told(plus: Prepared) -> None:
    assert answer(plus, 1, 2) == [(3,)]
    other = connections.create_connection("default")
    try:
        for _ in range(2):
            with other.cursor() as cursor:
                plus.execute(cursor, (3, 4))
                assert cursor.fetchone() == (15,)
            other.close()  # the server has forgotten it then
    finally:
        other.close()


def test_values_are_values(of_table: Prepared) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE test_numbers AS SELECT 'a' || n AS number FROM generate_series(1, 3) n")

    assert answer(of_table, "a2") == [("a2",), ("a3",)]
    assert answer(of_table, "b'); DROP TABLE test_numbers; --") == []
    assert len(answer(of_table, "")) == 3


def test_what_a_rollback_takes_back_is_not_what_the_connection_knows(plus: Prepared) -> None:
    with transaction.atomic():
        assert answer(plus, 1, 1) == [(2,)]
        transaction.set_rollback(True)

    assert answer(plus, 2, 2) == [(6,)]


def test_one_that_could_not_be_prepared_is_prepared_later(of_table: Prepared) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        answer(of_table, 1)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE test_numbers AS SELECT generate_series(1, 3) AS number")

    assert answer(of_table, 3) == [(3,)]


def test_the_plan_follows_the_table(of_table: Prepared) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE test_numbers AS SELECT generate_series(1, 3) AS number")
        assert answer(of_table, 3) == [(3,)]
        cursor.execute("ALTER TABLE test_numbers ADD other text")
        cursor.execute("CREATE INDEX ON test_numbers (number)")

    assert answer(of_table, 2) == [(2,), (3,)]


def test_settings_hold_for_it(setting: Prepared) -> None:
    assert answer(setting, "lock_timeout", after="SET LOCAL lock_timeout = '3s'; ") == [("3s",)]


def test_no_two_have_one_name(plus: Prepared) -> None:
    with pytest.raises(AssertionError, match="test_plus"):
        Prepared("test_plus", "SELECT 1")


def test_it_can_be_written_out(plus: Prepared) -> None:
    with connection.cursor() as cursor:
        assert plus.written_out(cursor, ["7", 8]) == "SELECT '7'::int + 8::int * '7'::int"


def test_it_may_go_along_with_another(of_table: Prepared, plus: Prepared) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE test_numbers (number text)")
        insert = Prepared("test_insert", "INSERT INTO test_numbers VALUES ($1)")
        for number in ("50 %s", "'); DROP TABLE test_numbers; --"):
            insert.send_along([number])
        assert answer(plus, 1, 2) == [(3,)]
        assert answer(of_table, "") == [("'); DROP TABLE test_numbers; --",), ("50 %s",)]
    prepared._names.discard("test_insert")


def test_outside_of_a_transaction_nothing_goes_along(transactional_db: None) -> None:
    with pytest.raises(AssertionError):
        Prepared("test_along", "SELECT $1").send_along([1])
    prepared._names.discard("test_along")
