"""Two databases with the same clients: one in which little has happened, and one in which a lot has."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, connections

from sandbox import clock
from tests import abundance, everything
from wallets import audit
from wallets.models import Wallet


@dataclass(frozen=True)
class Amounts:
    """How many transactions with their notifications, and records of other kinds; and how many products."""

    transactions: int
    products: int


@dataclass(frozen=True)
class Worlds:
    """`known`: what addresses are filled with, in both the same. Whoever asks is in one of the two at a time."""

    known: dict[str, Any]
    few: Any
    many: Any

    @contextmanager
    def within(self, world: Any) -> Iterator[None]:
        before = connections["default"]
        connections["default"] = world
        try:
            yield
        finally:
            connections["default"] = before


@contextmanager
def two(few: Amounts, many: Amounts, *, log_in: dict[str, str]) -> Iterator[Worlds]:
    """`log_in` has e-mail addresses, and gets session keys in their place."""
    # As many requests as the world is to have stay in its journal.
    kept, settings.JOURNAL_ROWS = settings.JOURNAL_ROWS, 10 * many.transactions
    # Copied with the clients logged in and little in it, so that all that both have is the same.
    known = everything.of(_wallet("OK702746927"), _wallet("OK100000001"), now=clock.now(clock.default_sandbox()))
    _grow(known, few)
    for who, email in log_in.items():
        log_in[who] = _session(email)
    name = connection.settings_dict["NAME"]
    worlds = Worlds(known, connections["default"], _copy(name, f"{name}_many"))
    try:
        with worlds.within(worlds.many):
            _grow(known, Amounts(many.transactions - few.transactions, many.products - few.products))
        for world in (worlds.few, worlds.many):
            with worlds.within(world):
                _is_right()
        yield worlds
    finally:
        settings.JOURNAL_ROWS = kept
        _drop(worlds.many)


def _grow(known: dict[str, Any], amounts: Amounts) -> None:
    with abundance.unchecked():
        abundance.transactions(known, amounts.transactions)
        abundance.records(known, amounts.transactions)
        abundance.products(known, amounts.products)


def _is_right() -> None:
    result = audit.audit()
    assert result.ok, result
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as the server itself does after a while


def _session(email: str) -> str:
    from django.test import Client

    from wallets.models import User

    client = Client()
    client.force_login(User.objects.get(email=email))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _copy(pattern: str, name: str) -> Any:
    """A connection to a new database that is as the other is now."""
    connection.close()
    _elsewhere(f'CREATE DATABASE "{name}" TEMPLATE "{pattern}"')
    return _connection_to(name)


def _drop(database: Any) -> None:
    database.close()
    _elsewhere(f'DROP DATABASE "{database.settings_dict["NAME"]}"')


def _elsewhere(statement: str) -> None:
    """No database is copied or dropped by who is in it."""
    outside = _connection_to("postgres")
    with outside.cursor() as cursor:
        cursor.execute(statement)
    outside.close()


def _connection_to(name: str) -> Any:
    connection: Any = connections.create_connection("default")
    connection.settings_dict = {**connection.settings_dict, "NAME": name}
    return connection


def _wallet(wallet_id: str) -> Wallet:
    return Wallet.objects.select_related("account__sandbox").get(id=wallet_id)
