"""The journal live, through the web server of production."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from okpay_gateway.journal import stream
from sandbox.models import Sandbox
from tests.journal.conftest import FORM_ENCODED, send_form
from tests.programs import sandbox
from tests.web import web_server
from wallets.models import Wallet

LIVE = {"Authorization": "Bearer sandbox", "Accept": "text/event-stream"}


class EventSource:
    """A client of server-sent events, as the standard has it."""

    def __init__(self, base: str, query: str = "", headers: dict[str, str] | None = None) -> None:
        self.link = http.client.HTTPConnection(urlsplit(base).netloc, timeout=20)
        self.link.request("GET", f"/api/v1/journal/stream/{query}", headers=LIVE | (headers or {}))
        self.response = self.link.getresponse()
        assert self.response.status == 200
        assert self.response.headers["Content-Type"].startswith("text/event-stream")
        self.last_id = ""
        self.retry = 0

    def events(self) -> Iterator[dict[str, Any]]:
        """Until the stream ends."""
        data = ""
        for raw in self.response:
            line = raw.decode().rstrip("\n")
            name, _colon, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last_id = value
            elif name == "retry":
                self.retry = int(value)
            elif name == "data":
                data += value
            elif not line and data:
                yield json.loads(data)
                data = ""

    def close(self) -> None:
        self.response.close()
        self.link.close()


def ask(base: str, number: int) -> None:
    link = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    with closing(link):
        body = f"ok_verify=true&ok_txn_id={number}"
        link.request("POST", "/ipn-verify", body, {"Content-Type": FORM_ENCODED})
        assert link.getresponse().read() == b"INVALID"


def number_of(event: dict[str, Any]) -> int:
    return int(event["request"]["body"].rpartition("=")[2])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_events_come_live_and_go_on_where_they_were(world: Sandbox, tmp_path: Path) -> None:
    with web_server(tmp_path, WEB_CONCURRENCY="2") as base:
        with closing(EventSource(base, "?kind=verify")) as source:
            events = source.events()
            asked = time.monotonic()
            for number in range(3):
                ask(base, number)

            assert sorted(number_of(next(events)) for _time in range(3)) == [0, 1, 2]
            assert time.monotonic() - asked < 10

        ask(base, 3)  # while nobody listens

        with closing(EventSource(base, "?kind=verify", {"Last-Event-ID": source.last_id})) as again:
            assert number_of(next(again.events())) == 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_streams_cannot_starve_the_server(world: Sandbox, tmp_path: Path) -> None:
    """More streams than threads: the few that find a place stay, the others are polls, and requests are answered."""
    with web_server(tmp_path, WEB_CONCURRENCY="1") as base:
        sources: list[EventSource] = []
        ended: list[int] = []

        def listen() -> None:
            with closing(EventSource(base)) as source:
                sources.append(source)
                for _event in source.events():
                    pass
                ended.append(source.retry)

        threads = [threading.Thread(target=listen) for _number in range(12)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while len(ended) < 12 - stream.PLACES and time.monotonic() < deadline:
            time.sleep(0.05)
        started = time.monotonic()
        for number in range(20):
            ask(base, number)

        assert ended == [stream.COME_AGAIN_WITHOUT_A_PLACE] * (12 - stream.PLACES)
        assert time.monotonic() - started < 10
    # The server has ended, and the streams with it.
    for thread in threads:
        thread.join(10)
    assert len(ended) == len(sources) == 12


@pytest.mark.slow
def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with sandbox(tmp_path / "var", tmp_path / "log") as program:
        program.wait_until_ready()
        with closing(EventSource(program.base)) as source:
            events = source.events()
            ask(program.base, 1)
            assert number_of(next(events)) == 1

            assert program.stop(signal.SIGINT) < 5

            assert list(events) == []


@pytest.mark.django_db
def test_who_asks_for_no_stream_gets_what_is_new_and_the_end(world: Sandbox) -> None:
    client = Client(headers={"Authorization": "Bearer sandbox"})
    place = client.get("/api/v1/journal/").json()["follow"]
    send_form()

    response: Any = client.get("/api/v1/journal/stream/", {"since": place})
    text = response.getvalue().decode()

    assert text.startswith("retry: ")
    assert text.count("event: entry\n") == 1
    assert '"kind":"form"' in text
    assert client.get("/api/v1/journal/stream/", {"since": "nonsense"}).status_code == 400


@pytest.mark.django_db
def test_a_stream_ends_after_its_time_and_says_that_it_lives(
    world: Sandbox, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    monkeypatch.setattr(stream, "LIFETIME", 0.5)
    monkeypatch.setattr(stream, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(stream, "SIGN_OF_LIFE_EVERY", 0.1)

    response: Any = Client().get("/api/v1/journal/stream/", headers=LIVE)
    started = time.monotonic()
    text = response.getvalue().decode()

    assert 0.4 < time.monotonic() - started < 5
    assert ": here\n\n" in text
    assert stream._places._value == stream.PLACES  # every place was left


@pytest.mark.django_db
def test_a_client_hears_only_of_his_own_wallets(stranger: Wallet, merchant: Wallet) -> None:
    def heard_by(wallet: Wallet) -> str:
        client = Client()
        client.force_login(wallet.account.user)
        place = Client(headers=LIVE).get("/api/v1/journal/").json()["follow"]
        send_form(ok_receiver=merchant.id, ok_invoice="Only-for-him")
        # Every place is taken: it ends with what there is.
        taken = [stream._places.acquire(blocking=False) for _place in range(stream.PLACES)]
        try:
            response: Any = client.get("/account/journal/stream/", {"since": place})
            return str(response.getvalue().decode())
        finally:
            assert all(taken)
            for _place in taken:
                stream._places.release()

    assert "Only-for-him" in heard_by(merchant)
    assert "Only-for-him" not in heard_by(stranger)
