"""/health/ and /metrics: what is well, and in words what is not, soon and without a traceback whatever is away."""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from ipn.models import IpnMessage
from okpay_gateway import health, heartbeats
from sandbox import clock
from sandbox.models import Sandbox

ALL_WELL = dict.fromkeys(("database", "broker", "worker", "scheduler"), "ok")
SOON = 4  # seconds


@pytest.fixture
def everybody_lives(db: None) -> None:
    heartbeats.beat("worker")
    heartbeats.beat("scheduler")


@pytest.fixture
def silent_address() -> Iterator[tuple[str, int]]:
    """Somebody who takes the connection and never says a word: a server that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


@pytest.fixture
def dead_address() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()


def point_database_at(monkeypatch: pytest.MonkeyPatch, address: tuple[str, int]) -> None:
    parameters = {"dbname": "okpay", "user": "okpay", "password": "hidden", "host": address[0], "port": address[1]}
    monkeypatch.setattr(DatabaseWrapper, "get_connection_params", lambda self: parameters)


def point_broker_at(settings: Settings, address: tuple[str, int]) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": f"redis://:hidden@{address[0]}:{address[1]}/0"}
    }


def ask(client: Client) -> tuple[int, dict[str, str], float]:
    asked = time.monotonic()
    response = client.get("/health/")
    return response.status_code, response.json(), time.monotonic() - asked


def test_all_is_well(client: Client, everybody_lives: None) -> None:
    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json() == ALL_WELL
    assert "no-store" in response["Cache-Control"]
    assert client.head("/health/").status_code == 200
    assert client.post("/health/").status_code == 405


def test_a_strange_host_does_not_matter(client: Client, everybody_lives: None) -> None:
    assert client.get("/health/", headers={"host": "10.1.2.3:8000"}).status_code == 200


@pytest.mark.parametrize(("dead", "alive"), [("worker", "scheduler"), ("scheduler", "worker")])
def test_who_gives_no_sign_of_life_is_named(client: Client, db: None, dead: str, alive: str) -> None:
    heartbeats.beat(alive)

    status, states, _ = ask(client)

    assert status == 503
    assert states == ALL_WELL | {dead: "no sign of life"}


def test_an_old_sign_of_life_counts_for_nothing(client: Client, everybody_lives: None) -> None:
    rest = heartbeats.REMEMBERED_FOR - heartbeats.SILENT_AFTER - timedelta(seconds=4)
    heartbeats.client().pexpire("okpay:heartbeat:worker", rest)

    status, states, _ = ask(client)

    assert status == 503
    assert states == ALL_WELL | {"worker": "no sign of life for 12 seconds"}


def test_without_its_tables_the_database_is_not_well(client: Client, everybody_lives: None) -> None:
    with _migrations_renamed():
        status, states, _ = ask(client)

    assert status == 503
    assert states["database"] == "its tables are missing: run manage.py migrate"


@contextmanager
def _migrations_renamed() -> Iterator[None]:
    link = psycopg2.connect(**connection.get_connection_params())
    link.autocommit = True
    link.cursor().execute("ALTER TABLE django_migrations RENAME TO elsewhere")
    try:
        yield
    finally:
        link.cursor().execute("ALTER TABLE elsewhere RENAME TO django_migrations")
        link.close()


def test_the_database_is_away(
    client: Client, everybody_lives: None, monkeypatch: pytest.MonkeyPatch, dead_address: tuple[str, int]
) -> None:
    point_database_at(monkeypatch, dead_address)

    status, states, seconds = ask(client)

    assert status == 503
    assert states == ALL_WELL | {
        "database": "PostgreSQL does not answer: Connection refused "
        "Is the server running on that host and accepting TCP/IP connections?"
    }
    assert seconds < SOON


def test_the_database_hangs(
    client: Client, everybody_lives: None, monkeypatch: pytest.MonkeyPatch, silent_address: tuple[str, int]
) -> None:
    point_database_at(monkeypatch, silent_address)

    status, states, seconds = ask(client)

    assert status == 503
    assert states["database"] == "PostgreSQL does not answer: timeout expired"
    assert seconds < SOON


def test_the_broker_is_away(
    client: Client, everybody_lives: None, settings: Settings, dead_address: tuple[str, int]
) -> None:
    point_broker_at(settings, dead_address)

    status, states, seconds = ask(client)

    assert status == 503
    assert states == {
        "database": "ok",
        "broker": "Redis does not answer (ConnectionError)",
        "worker": "not known: the broker does not answer",
        "scheduler": "not known: the broker does not answer",
    }
    assert seconds < SOON


def test_the_broker_hangs(
    client: Client, everybody_lives: None, settings: Settings, silent_address: tuple[str, int]
) -> None:
    point_broker_at(settings, silent_address)

    status, states, seconds = ask(client)

    assert status == 503
    assert states["broker"] == "Redis does not answer (TimeoutError)"
    assert seconds < SOON


def test_a_sign_of_life_breaks_nobody_when_the_broker_is_away(
    settings: Settings, dead_address: tuple[str, int]
) -> None:
    point_broker_at(settings, dead_address)

    assert heartbeats.beat("worker") is None


def test_no_password_is_logged(
    client: Client,
    everybody_lives: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    dead_address: tuple[str, int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    point_database_at(monkeypatch, dead_address)
    point_broker_at(settings, dead_address)

    client.get("/health/")

    assert len(caplog.records) == 2
    assert "hidden" not in caplog.text


def test_metrics_count_what_is_there(client: Client, world: Sandbox, everybody_lives: None) -> None:
    for status in (IpnMessage.Status.QUEUED, IpnMessage.Status.RETRYING, IpnMessage.Status.RETRYING):
        IpnMessage.objects.create(
            sandbox=world, wallet_id="OK702746927", kind="payment_link", status=status, created_at=clock.now(world)
        )

    response = client.get("/metrics")

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    values = metrics(response.content.decode())
    assert values[("okpay_ipn_messages", (("status", "queued"),))] == 1
    assert values[("okpay_ipn_messages", (("status", "retrying"),))] == 2
    assert values[("okpay_transactions", (("kind", "deposit"), ("status", "completed")))] > 0
    assert values[("okpay_up", (("part", "worker"),))] == 1


def test_metrics_answer_when_the_database_is_away(
    client: Client, everybody_lives: None, monkeypatch: pytest.MonkeyPatch, dead_address: tuple[str, int]
) -> None:
    point_database_at(monkeypatch, dead_address)

    response = client.get("/metrics")

    assert response.status_code == 200
    values = metrics(response.content.decode())
    assert values[("okpay_up", (("part", "database"),))] == 0
    assert {name for name, _ in values} == {"okpay_up"}


def metrics(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_command_says_the_same(everybody_lives: None) -> None:
    output = io.StringIO()

    call_command("health", stdout=output)

    assert output.getvalue().splitlines() == [f"{part}: ok" for part in health.PARTS]


def test_the_command_fails_for_what_is_not_well(db: None) -> None:
    heartbeats.beat("scheduler")
    output = io.StringIO()

    call_command("health", "scheduler", stdout=output)
    with pytest.raises(CommandError):
        call_command("health", "worker", stdout=output)

    assert output.getvalue().splitlines() == ["scheduler: ok", "worker: no sign of life"]


def test_the_command_knows_no_other_part(db: None) -> None:
    with pytest.raises(CommandError, match="There is no wurker, only database, broker, worker, scheduler"):
        call_command("health", "wurker")
