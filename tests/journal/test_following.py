"""Following under way: each event once, and none left out, in whatever order requests end."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from okpay_gateway.journal import following
from okpay_gateway.journal.events import Kind
from okpay_gateway.journal.following import NoPosition, Position, news
from okpay_gateway.journal.search import Search
from sandbox.models import JournalEntry, Sandbox
from tests.journal.conftest import FORM_ENCODED, now, send_form
from wallets import deposits
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS, EACH = 20, 5


def ask(number: int) -> None:
    Client().post("/ipn-verify", f"ok_verify=true&ok_txn_id={number}", FORM_ENCODED)


def numbers(events: list[Any]) -> list[int]:
    return [int(event.request.body.rpartition("=")[2]) for event in events]


def test_twenty_clients_at_once(world: Sandbox) -> None:
    search, position = Search(world), Position.now()
    start, ended = threading.Barrier(CLIENTS + 1), threading.Event()
    heard: list[int] = []

    def client(number: int) -> None:
        try:
            start.wait()
            for each in range(EACH):
                ask(number * EACH + each)
        finally:
            connection.close()

    def follow() -> None:
        try:
            while not ended.wait(0.01):
                heard.extend(numbers(news(search, position)))
            heard.extend(numbers(news(search, position)))
        finally:
            connection.close()

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(client, number) for number in range(CLIENTS)]
        start.wait()
    ended.set()
    follower.join()

    for each in asked:
        each.result()
    assert sorted(heard) == list(range(CLIENTS * EACH))
    assert JournalEntry.objects.count() == CLIENTS * EACH
    assert JournalEntry.objects.values("correlation").distinct().count() == CLIENTS * EACH


def test_what_is_committed_late_is_not_missed(world: Sandbox, stranger: Wallet, buyer: Wallet) -> None:
    """One deposit begins first and is committed last: its number is lower than the one that was seen before it."""
    search, position = Search(world, kinds=frozenset({Kind.PAYMENT})), Position.now()
    begun, commit = threading.Event(), threading.Event()

    def deposit_slowly() -> int:
        try:
            with transaction.atomic():
                slow = deposits.deposit(stranger, currency="EUR", amount=D("2"), now=now())
                begun.set()
                commit.wait(10)
            return slow.id
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(deposit_slowly)
        assert begun.wait(10)
        quick = deposits.deposit(buyer, currency="EUR", amount=D("2"), now=now()).id
        assert [event.transaction for event in news(search, position)] == [quick]
        position = Position.from_text(position.as_text())
        commit.set()
        slow = under_way.result()

    assert slow < quick
    assert [event.transaction for event in news(search, position)] == [slow]
    assert news(search, position) == []


def test_a_hole_is_given_up_after_a_while(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    search, position = Search(world), Position.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('sandbox_journalentry', 'id'))")
    ask(1)
    news(search, position)
    assert any(place.holes for place in position.places)

    monkeypatch.setattr(following, "PATIENCE", 0.0)
    ask(2)

    assert numbers(news(search, position)) == [2]
    assert not any(place.holes for place in position.places)


def test_who_is_far_behind_catches_up(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_AT_ONCE", 3)
    search, position = Search(world), Position.now()
    for number in range(8):
        ask(number)

    looks = [numbers(news(search, position)) for _time in range(4)]

    assert looks == [[0, 1, 2], [3, 4, 5], [6, 7], []]


def test_a_filter_holds_while_following(world: Sandbox) -> None:
    position = Position.now()
    send_form()
    ask(1)

    assert numbers(news(Search(world, kinds=frozenset({Kind.VERIFY})), position)) == [1]


def encoded(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


NO_POSITIONS = [
    *("", "x", "\N{BULLET}", "A" * 2000, encoded([]), encoded(None), encoded({}), encoded([1]), encoded([[0]] * 5)),
    *(encoded([[first], *[[0]] * 5]) for first in (-1, 1.0, "1", True, 2**63, None)),
    *(encoded([first, *[[0]] * 5]) for first in ([], [0, 1], [0, *[1] * 200])),
]


def test_what_is_no_position(world: Sandbox) -> None:
    for text in NO_POSITIONS:
        with pytest.raises(NoPosition):
            Position.from_text(text)


def test_a_position_comes_back_as_it_was(world: Sandbox) -> None:
    ask(1)
    position = Position.now()
    position.places[0].holes = {5: 1700000000, 7: 1700000001}

    assert Position.from_text(position.as_text()) == position
