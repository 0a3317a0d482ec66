"""Host by host: as many posts at once as it has earned, the others wait in their order, and not for a dead one."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from django.utils import timezone
from pytest_django import Settings

from ipn import poster
from ipn.claims import Claim
from ipn.poster import Event, Poster, Result
from ipn.slots import FIRST_SLOTS_OF_A_HOST, Slots
from tests.listener import Answer, Listener, listening


class Posting:
    """A poster, and what it has handed over so far."""

    def __init__(self) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.slots = Slots()
        self.poster = Poster(self.events, self.slots, threads=1)

    def post(self, listener: Listener, numbers: Iterable[int], *, wallet: str = "", within: float = 3) -> list[Claim]:
        """Messages of so many wallets, or of one; about a payment each."""
        host = f"127.0.0.1:{listener.port}"
        claims = [
            Claim(
                message_id=number,
                wallet_id=wallet or f"OK{number}",
                transaction_id=number // 10,
                host=host,
                url=listener.url,
                number=1,
                series_start=0,
                body=f"ok_ipn_id={number}",
                sent_at=timezone.now(),
                post_before=time.monotonic() + within,
            )
            for number in numbers
        ]
        for _ in claims:
            self.slots.take(host)
        self.poster.post(claims)
        return claims

    def results(self, count: int) -> list[Result]:
        results: list[Result] = []
        while len(results) < count:
            event = self.events.get(timeout=10)
            assert isinstance(event, list), event
            results += event
        return results


@contextmanager
def posting() -> Iterator[Posting]:
    posting = Posting()
    yield posting
    posting.poster.close()


def numbers(results: list[Result]) -> list[int]:
    return [claim.message_id for claim, _ in results]


def test_a_host_gets_as_many_at_once_as_it_has_slots(listener: Listener) -> None:
    listener.will(*[Answer(delay=0.3)] * FIRST_SLOTS_OF_A_HOST, Answer())
    with posting() as it:
        it.post(listener, range(30))

        listener.wait_for(FIRST_SLOTS_OF_A_HOST)
        time.sleep(0.1)
        assert len(listener.requests) == FIRST_SLOTS_OF_A_HOST
        results = it.results(30)

    assert sorted(numbers(results)) == list(range(30))
    assert all(answer and answer.response_code == 200 for _, answer in results)
    assert [int(request.variables["ok_ipn_id"]) for request in listener.requests[:10]] == list(range(10))


def test_an_answer_frees_a_slot_for_the_next_and_earns_another(listener: Listener) -> None:
    listener.will(Answer(), *[Answer(delay=0.5)] * 30)
    with posting() as it:
        it.post(listener, range(30))

        # The one that was answered, those that still wait for theirs, and the two that its answer let out.
        listener.wait_for(1 + FIRST_SLOTS_OF_A_HOST + 1)
        time.sleep(0.1)
        assert len(listener.requests) == 1 + FIRST_SLOTS_OF_A_HOST + 1


def test_nobody_waits_for_a_host_that_falls_silent(listener: Listener, settings: Settings) -> None:
    settings.IPN_TIMEOUT = 0.3
    listener.will(Answer(hang=True))
    with posting() as it, listening() as other:
        it.post(listener, range(25))
        it.post(other, range(100, 120))
        results = it.results(45)

    # Nobody of the others waited for it; in which order their answers come is theirs to say.
    assert sorted(numbers(results)[:20]) == list(range(100, 120))
    answers = {claim.message_id: answer for claim, answer in results}
    assert [answer.error for answer in answers.values() if answer and answer.error] == ["timed_out"] * 10
    assert [number for number, answer in answers.items() if answer is None] == list(range(10, 25))
    assert len(listener.requests) == 10
    assert it.slots.room()[f"127.0.0.1:{listener.port}"] == 2


def test_what_has_waited_too_long_is_not_posted(listener: Listener) -> None:
    listener.will(Answer(delay=0.3))
    with posting() as it:
        it.post(listener, range(15), within=0.2)
        results = it.results(15)

    assert [number for number, (_, answer) in zip(numbers(results), results, strict=True) if answer is None] == [
        10, 11, 12, 13, 14,
    ]  # fmt: skip
    assert len(listener.requests) == 10


def arrived(listener: Listener) -> list[int]:
    return [int(request.variables["ok_ipn_id"]) for request in listener.requests]


def test_messages_of_a_wallet_wait_for_one_another_and_for_nobody_else(listener: Listener) -> None:
    listener.will(Answer(500, delay=0.3), Answer())
    with posting() as it:
        # As they became due, which is not always how they are numbered.
        it.post(listener, [10, 30, 20], wallet="OK1")
        it.post(listener, [40], wallet="OK2")
        results = it.results(4)

    assert arrived(listener)[:2] in ([10, 40], [40, 10])
    assert arrived(listener)[2:] == [20, 30]
    assert numbers(results) == [40, 10, 20, 30]


def test_a_slow_answer_is_not_waited_for_but_about_the_same_payment(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poster, "TURN", 0.2)
    listener.will(Answer(delay=1), Answer(delay=1), Answer())
    with posting() as it:
        it.post(listener, [10, 20, 21, 30], wallet="OK1")
        results = it.results(4)

    assert arrived(listener) == [10, 20, 21, 30]
    assert numbers(results) == [10, 20, 21, 30]
    first, second, third, _fourth = (request.at for request in listener.requests)
    assert second - first < 1 <= third - second


def test_nothing_overtakes_what_was_given_back(listener: Listener) -> None:
    listener.will(Answer(delay=0.3), Answer())
    with posting() as it:
        given_back = it.post(listener, [10, 20, 30], wallet="OK1", within=0.1)[1:]
        assert numbers(it.results(3)) == [10, 20, 30]
        # Claimed before those were free.
        given_back += it.post(listener, [40], wallet="OK1")
        assert it.results(1)[0][1] is None

        it.poster.freed(given_back)
        it.post(listener, [20, 30, 40], wallet="OK1")
        it.results(3)

    assert arrived(listener) == [10, 20, 30, 40]
