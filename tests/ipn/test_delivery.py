"""Deliveries: the schedule, the bytes, many workers at once, and listeners that keep nobody waiting but themselves."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from ipn import claims, delivery, pump, worker
from ipn.claims import Due
from ipn.http import Answer as Outcome
from ipn.models import DeliveryAttempt, IpnMessage
from sandbox.models import Sandbox
from tests.ipn.conftest import NOW, PAIRS, Queue
from tests.listener import Answer, Listener, free_port, listening

URL = "http://shop.example/"
HALF_AN_HOUR = timedelta(minutes=30)
Status = IpnMessage.Status
Error = DeliveryAttempt.Error


def test_a_message_is_posted_as_it_was_sealed(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    message = queue(listener.url)

    (attempt,) = delivery.deliver_due(sandbox, now=NOW)

    (request,) = listener.requests
    assert request.body == (
        b"ok_charset=utf-8&ok_receiver=OK702746927&ok_txn_id=1234567&ok_txn_kind=payment_link&ok_txn_gross=25.00"
        b"&ok_txn_datetime=2026-01-05+12%3a00%3a00&ok_txn_status=completed&ok_invoice="
        b"&ok_item_1_name=B%c3%bccher+%26+Tee%2c+100+%25&ok_ipn_id=" + str(message.id).encode()
    )
    assert request.pairs == [*PAIRS, ("ok_ipn_id", str(message.id))]
    assert (attempt.message, attempt.number, attempt.sent_at) == (message, 1, NOW)
    assert attempt.request_body.encode() == request.body
    assert (attempt.response_code, attempt.error, attempt.detail) == (200, "", "")
    assert attempt.response_head.startswith("HTTP/1.1 200 OK\n")
    assert attempt.duration > timedelta()
    message.refresh_from_db()
    assert (message.status, message.attempts_made, message.response_code) == (Status.SENT, 1, 200)
    assert (message.last_attempt_at, message.next_attempt_at, message.claimed_until) == (NOW, None, None)
    assert not message.resent


def test_identifiers_have_seven_digits_and_grow(queue: Queue) -> None:
    first, second = queue(URL), queue(URL)

    assert first.id > 3_000_000
    assert second.id > first.id


def test_a_listener_that_answers_500_for_ever_is_posted_to_16_times(
    queue: Queue, sandbox: Sandbox, listener: Listener
) -> None:
    message = queue(listener.url)
    listener.will(Answer(500))

    moments = []
    while moment := delivery.next_due_at(sandbox, until=NOW + timedelta(days=30)):
        # Nothing happens a moment too early.
        assert delivery.deliver_due(sandbox, now=moment - timedelta(microseconds=1)) == []
        message.refresh_from_db()
        assert message.status == (Status.RETRYING if moments else Status.QUEUED)
        assert len(delivery.deliver_due(sandbox, now=moment)) == 1
        moments.append(moment)

    message.refresh_from_db()
    assert moments == [NOW + number * HALF_AN_HOUR for number in range(16)]
    assert (message.status, message.next_attempt_at, message.attempts_made) == (Status.FAILED, None, 16)
    assert message.response_code == 500
    assert [attempt.sent_at for attempt in message.deliveries.all()] == moments
    assert [attempt.error for attempt in message.deliveries.all()] == [Error.STATUS] * 16
    bodies = [request.body.decode() for request in listener.requests]
    assert bodies == [message.body(resend=False)] + [message.body(resend=True)] * 15
    assert "ok_ipn_resend" not in bodies[0]
    assert bodies[1].endswith(f"&ok_ipn_resend=true&ok_ipn_id={message.id}")
    assert delivery.deliver_due(sandbox, now=NOW + timedelta(days=365)) == []


def test_a_retry_counts_from_when_the_attempt_was_made(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    queue(listener.url)
    listener.will(Answer(503))
    late = NOW + timedelta(hours=5)

    delivery.deliver_due(sandbox, now=late)

    assert delivery.next_due_at(sandbox, until=late + timedelta(days=1)) == late + HALF_AN_HOUR
    assert delivery.next_due_at(sandbox, until=late + timedelta(minutes=29)) is None


def test_the_schedule_is_a_setting(queue: Queue, sandbox: Sandbox, listener: Listener, settings: Settings) -> None:
    settings.IPN_RETRY_INTERVAL, settings.IPN_MAX_RETRIES = timedelta(seconds=7), 1
    message = queue(listener.url)
    listener.will(Answer(500))

    delivery.deliver_due(sandbox, now=NOW)
    delivery.deliver_due(sandbox, now=NOW + timedelta(seconds=7))

    message.refresh_from_db()
    assert (message.status, message.attempts_made) == (Status.FAILED, 2)


def test_a_listener_that_recovers(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    message = queue(listener.url)
    listener.will(Answer(500), Answer(drop=True), Answer(200))

    for number in range(3):
        delivery.deliver_due(sandbox, now=NOW + number * HALF_AN_HOUR)

    message.refresh_from_db()
    assert (message.status, message.next_attempt_at, message.attempts_made) == (Status.SENT, None, 3)
    assert [attempt.error for attempt in message.deliveries.all()] == [Error.STATUS, Error.DISCONNECTED, ""]
    assert message.resent


@pytest.mark.parametrize("url", ["", "ftp://shop.example/", "http://", "nonsense", "http://169.254.169.254/"])
def test_a_refusal_to_post_is_an_attempt_with_its_reason(queue: Queue, sandbox: Sandbox, url: str) -> None:
    message = queue(url)

    (attempt,) = delivery.deliver_due(sandbox, now=NOW)

    assert attempt.error in (Error.INCORRECT_URL, Error.FORBIDDEN_ADDRESS)
    assert attempt.detail
    message.refresh_from_db()
    assert (message.status, message.response_code) == (Status.RETRYING, None)


class TestResend:
    def test_a_sent_message_goes_out_again(self, queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
        message = queue(listener.url)
        delivery.deliver_due(sandbox, now=NOW)
        later = NOW + timedelta(days=2)

        delivery.resend(message, now=later)

        assert (message.status, message.next_attempt_at) == (Status.QUEUED, later)
        delivery.deliver_due(sandbox, now=later)
        message.refresh_from_db()
        assert (message.status, message.attempts_made, message.resent) == (Status.SENT, 2, True)
        assert listener.requests[1].variables["ok_ipn_resend"] == "true"

    def test_a_failed_message_gets_a_series_of_its_own(
        self, queue: Queue, sandbox: Sandbox, listener: Listener, settings: Settings
    ) -> None:
        settings.IPN_MAX_RETRIES = 2
        message = queue(listener.url)
        listener.will(Answer(500))
        for number in range(3):
            delivery.deliver_due(sandbox, now=NOW + number * HALF_AN_HOUR)
        later = NOW + timedelta(days=2)

        delivery.resend(message, now=later)
        for number in range(10):
            delivery.deliver_due(sandbox, now=later + number * HALF_AN_HOUR)

        message.refresh_from_db()
        assert (message.status, message.attempts_made) == (Status.FAILED, 6)

    def test_a_resend_while_an_attempt_is_under_way_is_not_swallowed(
        self, queue: Queue, sandbox: Sandbox, listener: Listener
    ) -> None:
        message = queue(listener.url)
        (first,) = claim(sandbox)

        delivery.resend(message, now=NOW)
        claims.record([(first, Outcome(200))])

        message.refresh_from_db()
        assert (message.status, message.attempts_made, message.next_attempt_at) == (Status.QUEUED, 1, NOW)
        delivery.deliver_due(sandbox, now=NOW)
        message.refresh_from_db()
        assert (message.status, message.attempts_made, message.next_attempt_at) == (Status.SENT, 2, None)


def test_first_attempts_of_a_wallet_arrive_in_their_order(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    # The first answer takes long, and is none; another wallet's message does not wait for it.
    listener.will(Answer(500, delay=0.3), Answer(200))
    messages = [
        queue(listener.url, transaction_id=number // 2, now=NOW - timedelta(seconds=number)) for number in range(6)
    ]
    another = queue(listener.url, wallet_id="OK100000004")

    delivery.deliver_due(sandbox, now=NOW)

    arrived = [int(request.variables["ok_ipn_id"]) for request in listener.requests]
    assert [number for number in arrived if number != another.id] == [message.id for message in messages]
    assert arrived.index(another.id) <= 1
    assert set(IpnMessage.objects.values_list("attempts_made", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_first_attempts_keep_their_order_whoever_makes_them(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    listener.will(Answer(delay=0.01))
    messages = [queue(listener.url, transaction_id=number) for number in range(60)]

    in_threads(4, lambda: delivery.deliver_due(sandbox, now=NOW))

    assert [int(request.variables["ok_ipn_id"]) for request in listener.requests] == [each.id for each in messages]


def claim(sandbox: Sandbox, limit: int = 100, **changes: object) -> list[claims.Claim]:
    arguments = {"limit": limit, "room": {}, "slots_of_a_new_host": 100} | changes
    return claims.claim(Due(timezone.now(), sandbox, NOW), **arguments)  # type: ignore[arg-type]


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A query's plan, flat."""
    yield plan
    for step in plan.get("Plans", []):
        yield from steps_of(step)


class TestClaims:
    def test_a_claim_leaves_the_schedule_as_it_is_and_keeps_others_away(self, queue: Queue, sandbox: Sandbox) -> None:
        message = queue(URL)

        (mine,) = claim(sandbox)

        assert (mine.message_id, mine.number, mine.body) == (message.id, 1, message.body(resend=False))
        assert claim(sandbox) == []
        message.refresh_from_db()
        assert message.next_attempt_at == NOW
        assert message.claimed_until is not None
        assert timedelta(seconds=10) < message.claimed_until - timezone.now() < timedelta(seconds=20)

    def test_the_claim_of_a_lost_worker_runs_out(self, queue: Queue, sandbox: Sandbox) -> None:
        queue(URL)
        claim(sandbox)
        IpnMessage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))

        (again,) = claim(sandbox)

        assert again.number == 1

    def test_who_has_it_in_hand_does_not_claim_it_again(self, queue: Queue, sandbox: Sandbox) -> None:
        first, second = queue(URL), queue(URL)
        claim(sandbox, limit=1)
        IpnMessage.objects.filter(id=first.id).update(claimed_until=timezone.now() - timedelta(hours=8))

        assert [each.message_id for each in claim(sandbox, in_hand=[first.id])] == [second.id]

    def test_of_two_that_made_the_same_attempt_the_first_to_write_wins(self, queue: Queue, sandbox: Sandbox) -> None:
        message = queue(URL)
        (slow,) = claim(sandbox)
        IpnMessage.objects.update(claimed_until=None)
        (quick,) = claim(sandbox)

        claims.record([(quick, Outcome(200, "quick"))])
        claims.record([(slow, Outcome(500, "slow", Error.STATUS))])

        message.refresh_from_db()
        assert (message.status, message.response_code, message.attempts_made) == (Status.SENT, 200, 1)
        assert [attempt.response_head for attempt in message.deliveries.all()] == ["quick"]

    def test_the_oldest_go_first_in_the_order_of_their_creation(self, queue: Queue, sandbox: Sandbox) -> None:
        younger = queue(URL, transaction_id=None, now=NOW)
        moment = NOW - timedelta(seconds=1)
        older = [queue(URL, transaction_id=None, now=moment) for _ in range(5)]

        assert [each.message_id for each in claim(sandbox)] == [message.id for message in [*older, younger]]

    def test_of_a_host_no_more_than_it_has_room_for(self, queue: Queue, sandbox: Sandbox) -> None:
        for _ in range(5):
            for host in ("full.example", "Known.example:81", "new.example"):
                queue(f"http://{host}/", transaction_id=None)

        claimed = claim(sandbox, room={"full.example": 0, "known.example:81": 3}, slots_of_a_new_host=2)

        assert Counter(each.host for each in claimed) == {"known.example:81": 3, "new.example": 2}

    def test_the_walk_goes_on_behind_a_host(self, queue: Queue, sandbox: Sandbox) -> None:
        for host in ("a.example", "b.example", "c.example"):
            queue(f"http://{host}/", transaction_id=None)

        (first,) = claim(sandbox, limit=1)
        assert first.host == "a.example"
        others = claim(sandbox, after="a.example", in_hand=[first.message_id])
        assert [each.host for each in others] == ["b.example", "c.example"]

    def test_nothing_is_claimed_behind_what_somebody_else_has_in_hand(self, queue: Queue, sandbox: Sandbox) -> None:
        messages = [queue(URL, transaction_id=number) for number in range(4)]
        another = queue(URL, wallet_id="OK100000004")
        retry = queue(URL)
        IpnMessage.objects.filter(id=retry.id).update(attempts_made=1)
        claim(sandbox, limit=2)

        assert [each.message_id for each in claim(sandbox)] == [another.id, retry.id]
        IpnMessage.objects.filter(id__in=[each.id for each in messages[:2]]).update(claimed_until=timezone.now())
        assert [each.message_id for each in claim(sandbox)] == [each.id for each in messages]

    def test_every_sandbox_goes_by_its_own_clock(self, queue: Queue, sandbox: Sandbox) -> None:
        real = timezone.now()
        ahead = Sandbox.objects.create(id="ahead", clock_offset=timedelta(hours=2))
        frozen = Sandbox.objects.create(id="frozen", frozen_at=real - timedelta(hours=2))
        sandboxes, hour = (sandbox, ahead, frozen), timedelta(hours=1)
        due_in_an_hour = [queue(URL, sandbox=each, transaction_id=None, now=real + hour) for each in sandboxes]
        an_hour_ago = [queue(URL, sandbox=each, transaction_id=None, now=real - hour) for each in sandboxes]

        claimed = claims.claim(Due(real), limit=100, room={}, slots_of_a_new_host=100)

        assert {each.message_id: each.sent_at for each in claimed} == {
            an_hour_ago[0].id: real,
            an_hour_ago[1].id: real + timedelta(hours=2),
            due_in_an_hour[1].id: real + timedelta(hours=2),
        }

    @pytest.mark.parametrize("statistics", ["none", "fresh"])
    def test_a_claim_looks_at_no_more_than_it_takes(self, queue: Queue, sandbox: Sandbox, statistics: str) -> None:
        for number in range(500):
            queue(URL, transaction_id=number, wallet_id=f"OK{number}")
        heard = []

        def hear(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            heard.append((sql, parameters))
            return execute(sql, parameters, many, context)

        with connection.execute_wrapper(hear):
            assert len(claim(sandbox, limit=10)) == 10
        with connection.cursor() as cursor:
            if statistics == "fresh":
                cursor.execute("ANALYZE ipn_ipnmessage, sandbox_sandbox")
            _lock, query = heard[0][0].split(";\n")
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", heard[0][1])
            steps = list(steps_of(cursor.fetchone()[0][0]["Plan"]))

        (walk,) = (step for step in steps if step.get("Alias") == "message")
        assert (walk["Index Name"], walk["Actual Rows"] * walk["Actual Loops"]) == ("ipn_due_by_host", 10)
        assert "ipn_in_hand" in [step.get("Index Name") for step in steps]

    def test_released_claims_are_free_at_once(self, queue: Queue, sandbox: Sandbox) -> None:
        queue(URL)
        claims.release(claim(sandbox))

        assert len(claim(sandbox)) == 1


def test_another_sandbox_is_left_alone(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    other = Sandbox.objects.create(id="other")
    queue(listener.url, sandbox=other)

    assert delivery.deliver_due(sandbox, now=NOW) == []
    assert len(delivery.deliver_due(other, now=NOW)) == 1


def in_threads(count: int, work: object) -> None:
    """Run it in threads that start together; the first failure is raised."""
    barrier, failures = threading.Barrier(count), []

    def _run() -> None:
        try:
            barrier.wait()
            work()  # type: ignore[operator]
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=_run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_eight_pumps_on_the_same_messages_send_each_once(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    listener.will(Answer(delay=0.01))
    messages = [queue(listener.url, transaction_id=number) for number in range(300)]

    in_threads(8, lambda: pump.Pump(sandbox=sandbox, now=NOW).run())

    sent = Counter(request.variables["ok_ipn_id"] for request in listener.requests)
    assert sent == {str(message.id): 1 for message in messages}
    assert set(IpnMessage.objects.values_list("status", "attempts_made")) == {(Status.SENT, 1)}
    assert DeliveryAttempt.objects.count() == 300


@pytest.mark.django_db(transaction=True)
def test_deliver_due_waits_for_what_another_worker_is_doing(queue: Queue, sandbox: Sandbox, listener: Listener) -> None:
    listener.will(Answer(delay=0.5))
    message = queue(listener.url)

    def work() -> None:
        pump.Pump(sandbox=sandbox, now=NOW).run()
        connection.close()

    working = threading.Thread(target=work)
    working.start()
    listener.wait_for(1)
    attempts = delivery.deliver_due(sandbox, now=NOW)
    working.join()

    assert [(attempt.message, attempt.response_code) for attempt in attempts] == [(message, 200)]
    assert len(listener.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_run_in_a_process_makes_the_first_one_look_again(
    queue: Queue, sandbox: Sandbox, listener: Listener
) -> None:
    now = timezone.now()
    queue(listener.url, now=now)

    def work() -> None:
        worker.look()
        connection.close()

    first = threading.Thread(target=work)
    first.start()
    listener.wait_for(1)
    second = queue(listener.url, now=now)
    started = time.monotonic()
    worker.look()  # returns at once: the turn is the first one's
    assert time.monotonic() - started < 0.1
    assert listener.wait_for(2)[1].variables["ok_ipn_id"] == str(second.id)
    first.join()


@pytest.mark.django_db(transaction=True)
def test_a_pump_that_is_stopped_gives_back_what_does_not_end(
    queue: Queue, sandbox: Sandbox, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "PATIENCE_AT_THE_END", 0.2)
    listener.will(Answer(200), Answer(hang=True))
    for number in range(3):
        queue(listener.url, transaction_id=number)
    pumping = pump.Pump(sandbox=sandbox, now=NOW, linger=60)

    def work() -> None:
        pumping.run()
        connection.close()

    working = threading.Thread(target=work)
    working.start()
    listener.wait_for(3)
    pumping.stop()
    working.join(5)

    assert not working.is_alive()
    assert IpnMessage.objects.filter(status=Status.SENT).count() == 1
    assert IpnMessage.objects.filter(status=Status.QUEUED, claimed_until=None, attempts_made=0).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("patience", [5, 0])
def test_a_connection_that_breaks_while_posting_costs_no_second_post(
    queue: Queue, sandbox: Sandbox, listener: Listener, patience: float
) -> None:
    listener.will(Answer(delay=0.3))
    for number in range(3):
        queue(listener.url, wallet_id=f"OK{number}")
    backends, failures = [], []

    def work() -> None:
        connection.ensure_connection()
        backends.append(connection.connection.info.backend_pid)
        try:
            pump.Pump(sandbox=sandbox, now=NOW, patience=patience).run()
        except OperationalError as failure:
            failures.append(failure)
        finally:
            connection.close()

    working = threading.Thread(target=work)
    working.start()
    listener.wait_for(3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", backends)
    working.join(10)

    assert not working.is_alive()
    # Who has no patience fails, but not before what was posted is written down.
    assert len(failures) == (0 if patience else 1)
    assert IpnMessage.objects.filter(status=Status.SENT).count() == 3
    assert len(listener.requests) == 3


@pytest.mark.django_db(transaction=True)
def test_dead_listeners_delay_nobody_but_themselves(
    queue: Queue, sandbox: Sandbox, listener: Listener, settings: Settings
) -> None:
    settings.IPN_TIMEOUT = 3
    silent = [free_port() for _ in range(2)]
    with listening(port=silent[0]) as hanging, listening(port=silent[1]) as hanging_too:
        hanging.will(Answer(hang=True))
        hanging_too.will(Answer(hang=True))
        # The dead ones' messages are older and many more.
        for _ in range(150):
            queue(hanging.url, transaction_id=None, now=NOW - timedelta(hours=1))
            queue(hanging_too.url, transaction_id=None, now=NOW - timedelta(hours=1))
        with_others = [listening() for _ in range(8)]
        others = [each.__enter__() for each in with_others]
        for _ in range(20):
            for other in others:
                queue(other.url, transaction_id=None)
        pumping = pump.Pump(sandbox=sandbox, now=NOW)

        def work() -> None:
            pumping.run()
            connection.close()

        started = time.monotonic()
        working = threading.Thread(target=work)
        working.start()
        try:
            for other in others:
                other.wait_for(20)
            delay = time.monotonic() - started
        finally:
            pumping.stop()
            working.join()
            for each in with_others:
                each.__exit__(None, None, None)

    assert delay < 2
    assert hanging.connections <= 12
    assert hanging_too.connections <= 12


@pytest.mark.django_db(transaction=True)
def test_nothing_goes_out_before_the_commit_or_after_a_rollback(
    queue: Queue, sandbox: Sandbox, listener: Listener
) -> None:
    with transaction.atomic():
        queue(listener.url)
        in_threads(1, lambda: delivery.deliver_due(sandbox, now=NOW))
        transaction.set_rollback(True)
    delivery.deliver_due(sandbox, now=NOW)

    assert listener.requests == []
