"""A kept connection: not asked before every request whether it lives, and replaced all the same when it does not."""

import time
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from okpay_gateway.postgresql.base import IDLE_FOR_LONG, DatabaseWrapper


@pytest.fixture
def kept(transactional_db: None) -> Iterator[DatabaseWrapper]:
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
