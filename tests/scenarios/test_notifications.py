"""Scenarios and notifications: dropped, doubled, late, out of order, forged, altered; delivered to a real listener."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from ipn import delivery, history, verification
from ipn.models import IpnMessage, Verification
from okpay_gateway import due
from sandbox import clock
from sandbox.models import Sandbox, ScenarioUse
from tests.conftest import wallet
from tests.listener import Answer, Listener
from tests.scenarios.conftest import Script
from wallets import decisions, payments
from wallets.models import Transaction, Wallet
from wallets.money import D
from wallets.tasks import decide

Pay = Callable[..., Transaction]
Approve = Callable[[Transaction], None]


Commits = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Commits) -> Commits:
    """`with commits(execute=True)`: at its end comes what follows a commit, which is where scenarios meet messages."""
    return django_capture_on_commit_callbacks


@pytest.fixture
def pay(buyer: Wallet, merchant: Wallet, listener: Listener, commits: Commits) -> Pay:
    """Send Money to the merchant, who has a listener."""
    merchant.ipn_enabled, merchant.ipn_url = True, listener.url
    merchant.save()

    def _pay(invoice: str = "", *, outcome: payments.Outcome = payments.PAID) -> Transaction:
        with commits(execute=True):
            return payments.send_money(
                payer=wallet(buyer.id),
                receiver=merchant.id,
                currency="EUR",
                amount=D("10.00"),
                invoice=invoice,
                outcome=outcome,
                now=clock.now(Sandbox.objects.get()),
            )

    return _pay


@pytest.fixture
def approve(commits: Commits) -> Approve:
    def _approve(payment: Transaction) -> None:
        with commits(execute=True):
            payments.approve(payment, now=clock.now(payment.sandbox))

    return _approve


def deliver() -> None:
    sandbox = Sandbox.objects.get()
    delivery.deliver_due(sandbox, now=clock.now(sandbox))


def advance(**time: float) -> due.Done:
    return due.advance(Sandbox.objects.get(), timedelta(**time))


def verdict(body: bytes) -> str:
    return Client().post("/ipn-verify.html", b"ok_verify=true&" + body, "text/plain").content.decode()


def statuses(listener: Listener) -> list[str]:
    return [request.variables["ok_txn_status"] for request in listener.requests]


def test_dropped(script: Script, pay: Pay, listener: Listener) -> None:
    scenario = script("drop", operation="ipn")

    payment = pay()
    deliver()

    assert listener.requests == []
    message = IpnMessage.objects.get()
    assert (message.status, message.next_attempt_at, message.claimed_until) == ("withheld", None, None)
    use = scenario.uses.get()
    assert (use.transaction_id, use.message_id) == (payment.id, message.id)

    pay()
    deliver()
    assert len(listener.requests) == 1
    assert history.can_be_resent(message)
    delivery.resend(message, now=clock.now(message.sandbox))
    deliver()
    assert listener.wait_for(2)[1].variables["ok_txn_id"] == str(payment.id)


@pytest.mark.parametrize(("effect", "times"), [("double", 2), ("double:4", 4)])
def test_doubled(script: Script, pay: Pay, listener: Listener, effect: str, times: int) -> None:
    script(effect, operation="ipn")

    pay()
    deliver()

    bodies = [request.body for request in listener.requests]
    assert len(bodies) == times
    assert len(set(bodies)) == 1
    assert {verdict(body) for body in bodies} == {"VERIFIED"}
    assert not history.unverified_among(IpnMessage.objects.all())


def test_a_copy_that_has_to_be_resent_verifies_too(script: Script, pay: Pay, listener: Listener) -> None:

    script("double", operation="ipn")
    listener.will(Answer(200), Answer(500), Answer(200))

    pay()
    deliver()
    advance(minutes=30)

    resent = listener.requests[-1]
    assert resent.variables["ok_ipn_resend"] == "true"
    assert list(dict(resent.pairs))[-1] == "ok_ipn_id"
    assert verdict(resent.body) == "VERIFIED"


def test_late(script: Script, pay: Pay, listener: Listener) -> None:
    script("late:2h", operation="ipn")

    pay()
    deliver()
    assert listener.requests == []
    assert advance(minutes=119).delivered == 0

    assert advance(minutes=1).delivered == 1
    assert verdict(listener.requests[0].body) == "VERIFIED"
    assert "ok_ipn_resend" not in listener.requests[0].variables


def test_later_ones_overtake_a_late_one(script: Script, pay: Pay, approve: Approve, listener: Listener) -> None:
    script("late:2h", operation="ipn")
    payment = pay(outcome=payments.PENDING)
    approve(payment)

    deliver()
    advance(hours=2)

    assert statuses(listener) == ["completed", "pending"]


def test_out_of_order(script: Script, pay: Pay, approve: Approve, listener: Listener) -> None:
    script("reorder", operation="ipn")
    payment = pay(outcome=payments.PENDING)
    deliver()
    assert listener.requests == []

    approve(payment)
    deliver()

    assert statuses(listener) == ["completed", "pending"]
    assert {verdict(request.body) for request in listener.requests} == {"VERIFIED"}
    advance(hours=1)
    assert len(listener.requests) == 2


def test_what_waits_for_a_next_one_that_never_comes(script: Script, pay: Pay, listener: Listener) -> None:
    script("reorder:1h", operation="ipn", times=None)

    pay()
    advance(minutes=59)
    assert listener.requests == []
    advance(minutes=1)

    assert statuses(listener) == ["completed"]


def test_two_that_are_both_told_to_wait_do_not_wait_for_one_another(
    script: Script, pay: Pay, approve: Approve, listener: Listener
) -> None:
    script("reorder", operation="ipn", times=None)
    payment = pay(outcome=payments.PENDING)
    approve(payment)

    deliver()

    assert statuses(listener) == ["completed", "pending"]


def test_forged(script: Script, pay: Pay, listener: Listener) -> None:
    script("forge", operation="ipn")

    payment = pay("order-17", outcome=payments.PENDING)
    deliver()

    genuine, forged = listener.requests
    assert genuine.variables["ok_txn_id"] == str(payment.id)
    assert forged.variables["ok_txn_id"] != str(payment.id)
    assert (forged.variables["ok_txn_status"], forged.variables["ok_invoice"]) == ("completed", "order-17")
    assert "ok_txn_pending_reason" not in forged.variables
    assert [verdict(genuine.body), verdict(forged.body)] == ["VERIFIED", "INVALID"]
    without_id = "&".join(part for part in forged.body.decode().split("&") if not part.startswith("ok_ipn_id="))
    assert verdict(without_id.encode()) == "INVALID"


def test_altered(script: Script, pay: Pay, listener: Listener) -> None:
    script("alter:ok_txn_gross=0.01", operation="ipn")

    pay()
    deliver()

    (altered,) = listener.requests
    assert altered.variables["ok_txn_gross"] == "0.01"
    assert verdict(altered.body) == "INVALID"
    assert Verification.objects.get().differences["changed"] == [["ok_txn_gross", "10.00", "0.01"]]


def test_only_those_that_it_waits_for(script: Script, pay: Pay, listener: Listener, merchant: Wallet) -> None:
    script("drop", operation="ipn", invoice="order-17", currency="EUR", wallet=merchant.id, times=None)
    script("drop", operation="ipn", min_amount=D("10.01"))

    for invoice in ("order-17", "order-18", "order-17"):
        pay(invoice)
    deliver()

    assert [request.variables["ok_invoice"] for request in listener.requests] == ["order-18"]


@pytest.mark.parametrize(
    ("item", "arrive"), [("drop", 0), ("double", 2), ("late:30", 0), ("forge", 2), ("alter:ok_txn_fee=9", 1)]
)
def test_a_directive_in_the_invoice(pay: Pay, listener: Listener, item: str, arrive: int) -> None:
    pay(f"order-17 [sandbox:ipn={item}]")
    deliver()

    assert len(listener.requests) == arrive
    assert {request.variables["ok_invoice"] for request in listener.requests} <= {f"order-17 [sandbox:ipn={item}]"}
    assert ScenarioUse.objects.get().directive == f"[sandbox:ipn={item}]"


def test_a_directive_is_for_every_notification_of_the_payment(pay: Pay, approve: Approve, listener: Listener) -> None:
    payment = pay("[sandbox:pending=review,ipn=late:30]", outcome=payments.PENDING)
    approve(payment)
    deliver()
    assert listener.requests == []

    advance(seconds=31)

    assert sorted(statuses(listener)) == ["completed", "pending"]


def test_a_message_that_nobody_decided_on_goes_out_all_the_same(script: Script, pay: Pay, listener: Listener) -> None:
    """The process died between commit and decision: the claim runs out."""
    script("drop", operation="ipn")
    pay()
    IpnMessage.objects.update(status="queued", next_attempt_at=clock.now(Sandbox.objects.get()), claimed_until=None)

    deliver()

    assert len(listener.requests) == 1


# The questions


def test_invalid_whatever_was_asked(script: Script, pay: Pay, listener: Listener) -> None:
    script("invalid", operation="ipn-verify", times=2)
    pay()
    deliver()
    body = listener.requests[0].body

    assert [verdict(body), verdict(body), verdict(body)] == ["INVALID", "INVALID", "VERIFIED"]
    first = Verification.objects.order_by("id").first()
    assert first
    assert first.reason.startswith("A scenario or a directive asked for this answer.")
    assert first.differences == {"scripted": "invalid"}


def test_a_verdict_of_500(script: Script, pay: Pay, listener: Listener) -> None:
    script("http:500", operation="ipn-verify")
    pay()
    deliver()

    answer = Client().post("/ipn-verify", b"ok_verify=true&" + listener.requests[0].body, "text/plain")

    assert answer.status_code == 500
    assert Verification.objects.get().verdict == "VERIFIED"


def test_by_a_directive(pay: Pay, listener: Listener) -> None:
    pay("[sandbox:verify=invalid]")
    deliver()

    assert verdict(listener.requests[0].body) == "INVALID"


def test_a_question_about_nothing_with_a_directive_in_it_is_answered(world: Sandbox) -> None:
    assert verdict(b"ok_invoice=[sandbox:verify=nonsense]") == "INVALID"
    assert Verification.objects.get().verdict == verification.Verdict.INVALID


def test_forged_and_altered_do_not_count_as_never_verified(script: Script, pay: Pay, listener: Listener) -> None:
    script("forge", operation="ipn")
    pay()
    deliver()
    for request in listener.requests:
        verdict(request.body)

    search = history.Search(["OK702746927"], never_verified=True)
    assert history.count(search) == 0
    assert dict(parse_qsl(listener.requests[0].body.decode()))["ok_ipn_id"]


# By the clock


def test_a_review_is_decided_by_the_clock(pay: Pay, listener: Listener, merchant: Wallet) -> None:

    payment = pay(outcome=payments.PENDING)
    decisions.schedule(payment, "approve", after=timedelta(minutes=10), now=payment.created_at)

    assert advance(minutes=9).decided == 0
    done = advance(minutes=2)

    assert (done.decided, done.delivered) == (1, 1)
    payment.refresh_from_db()
    assert (payment.status, payment.updated_at - payment.created_at) == ("completed", timedelta(minutes=10))
    assert merchant.balance("EUR") == D("10010.00")
    assert statuses(listener) == ["pending", "completed"]


def test_a_payment_that_was_decided_by_hand_is_not_decided_again(pay: Pay, listener: Listener) -> None:

    payment = pay(outcome=payments.PENDING)
    decisions.schedule(payment, "decline", after=timedelta(seconds=1), now=payment.created_at - timedelta(hours=1))
    payments.approve(payment, now=payment.created_at)

    decide()

    payment.refresh_from_db()
    assert payment.status == "completed"


def test_the_scheduler_decides_too(pay: Pay) -> None:

    payment = pay(outcome=payments.PENDING)
    decisions.schedule(payment, "decline", after=timedelta(seconds=1), now=payment.created_at - timedelta(hours=1))

    decide()

    payment.refresh_from_db()
    assert payment.status == "failed"
