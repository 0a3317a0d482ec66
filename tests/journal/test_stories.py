"""One correlation tells one payment's whole story, whichever way it was paid."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from ipn import delivery
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import JournalEntry
from tests.api.conftest import Api
from tests.journal.conftest import correlation_of, now, send_form, token_of
from tests.listener import Answer, Listener, listening
from tests.soapapi import calls
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(merchant: Wallet, live_server: LiveServer) -> Iterator[Listener]:
    """It asks ipn-verify before it answers, as it should."""
    with listening(verify_at=live_server.url) as listener:
        merchant.ipn_enabled, merchant.ipn_url = True, listener.url
        merchant.save()
        yield listener


def told(api: Api, correlation: str) -> list[str]:
    """The kinds of a story's events, as it happened."""
    return [entry["kind"] for entry in api.get("journal/", correlation=correlation).results[::-1]]


def test_from_the_form_to_verified(api: Api, shop: Listener, pay_at_checkout: Callable[..., str]) -> None:
    correlation = pay_at_checkout(ok_return_success="https://shop.example/thanks")
    delivery.deliver_due(clock.default_sandbox(), now=now())

    story = api.get("journal/", correlation=correlation).results[::-1]

    assert [entry["kind"] for entry in story] == ["form", "page", "payment", "return", "ipn", "verify"]
    form, page, payment, back, attempt, verdict = story
    transaction = Transaction.objects.get(kind="payment_link")
    assert (form["path"], form["status"], form["outcome"], form["invoice"]) == ("/process.html", 302, "opened", "A-1")
    assert (page["operation"], page["outcome"]) == ("checkout", "paid")
    assert payment["transaction"] == transaction.id
    assert {entry["wallet"]: entry["amount"] for entry in payment["entries"]} == {
        "OK100000001": "-12.50",
        "OK702746927": "12.50",
    }
    assert (back["direction"], back["transaction"]) == ("out", transaction.id)
    assert (attempt["direction"], attempt["url"], attempt["status"]) == ("out", shop.url, 200)
    assert f"ok_txn_id={transaction.id}" in attempt["request"]["body"]
    assert (verdict["outcome"], verdict["failed"]) == ("VERIFIED", False)
    assert verdict["response"]["body"] == "VERIFIED"
    assert {entry["wallet"] for entry in story} == {"OK702746927"}
    assert {entry["invoice"] for entry in story} == {"A-1"}


def test_paid_by_the_control_api(api: Api, shop: Listener) -> None:
    opened = send_form()
    api.post(f"checkout-sessions/{token_of(opened)}/pay/", {"payer": "buyer@example.com"})
    delivery.deliver_due(clock.default_sandbox(), now=now())

    assert told(api, correlation_of(opened)) == ["form", "api", "payment", "ipn", "verify"]


def test_a_soap_payment_and_its_receivers_notification(api: Api, shop: Listener, buyer: Wallet) -> None:
    answer = calls.post(
        calls.request(
            "Send_Money",
            **calls.credentials(buyer.id),
            Receiver="OK702746927",
            Currency="EUR",
            Amount="5.00",
            Comment="",
            IsReceiverPaysFees=False,
            Invoice="S-7",
        )
    )
    delivery.deliver_due(clock.default_sandbox(), now=now())

    story = api.get("journal/", correlation=correlation_of(answer)).results[::-1]

    assert [entry["kind"] for entry in story] == ["soap", "payment", "ipn", "verify"]
    call, payment, *_rest = story
    assert (call["operation"], call["outcome"], call["wallet"]) == ("Send_Money", "OK", "OK100000001")
    assert call["transaction"] == payment["transaction"]


def test_a_listener_that_fails_and_recovers(api: Api, shop: Listener, pay_at_checkout: Callable[..., str]) -> None:
    shop.will(Answer(500), Answer(200))
    correlation = pay_at_checkout()
    sandbox = clock.default_sandbox()
    delivery.deliver_due(sandbox, now=now())
    api.post("clock/", {"advance": "PT30M"})

    story = api.get("journal/", correlation=correlation, kind="ipn").results[::-1]

    assert [(entry["status"], entry["failed"]) for entry in story] == [(500, True), (200, False)]
    assert "ok_ipn_resend=true" in story[1]["request"]["body"]
    first, second = (entry["at"] for entry in story)
    assert first < second


def test_a_refund_belongs_to_the_story(api: Api, shop: Listener, pay_at_checkout: Callable[..., str]) -> None:
    correlation = pay_at_checkout()
    payment = Transaction.objects.get(kind="payment_link")

    api.post(f"transactions/{payment.id}/refund/", {"amount": "2.50"})

    refund = payment.reversals.get()
    story = api.get("journal/", correlation=correlation).results
    assert {entry["transaction"] for entry in story if entry["kind"] == "payment"} == {payment.id, refund.id}
    assert any(entry["kind"] == "api" and entry["path"].endswith("/refund/") for entry in story)


def test_money_that_moves_later_is_told_when_it_moves(api: Api, merchant: Wallet, buyer: Wallet) -> None:
    sent = payments.send_money(payer=buyer, receiver="nobody@example.com", currency="EUR", amount=D("10"), now=now())
    assert sent.status == "pending"
    clock.advance(clock.default_sandbox(), timedelta(hours=1))
    api.post(f"transactions/{sent.id}/decline/")

    story = api.get("journal/", correlation=sent.correlation).results[::-1]

    kinds = [entry["kind"] for entry in story]
    assert sorted(kinds) == ["api", "booking", "payment"]
    booking = story[kinds.index("booking")]
    assert ("OK100000001", "10.05") in {(entry["wallet"], entry["amount"]) for entry in booking["entries"]}


def test_a_simulated_message_has_a_story_of_its_own(api: Api, shop: Listener) -> None:
    sent = api.post("ipn-messages/simulate/", {"wallet": "OK702746927"})
    delivery.deliver_due(clock.default_sandbox(), now=now())
    message = IpnMessage.objects.get(id=sent.body["id"])

    story = api.get("journal/", correlation=f"ipn-{message.id}").results[::-1]

    assert [entry["kind"] for entry in story] == ["api", "ipn", "verify"]
    assert story[2]["outcome"] == "TEST"


def test_a_verification_outlives_its_request(api: Api, shop: Listener, pay_at_checkout: Callable[..., str]) -> None:
    correlation = pay_at_checkout()
    delivery.deliver_due(clock.default_sandbox(), now=now())
    JournalEntry.objects.all().delete()  # as if many newer ones had come

    story = api.get("journal/", correlation=correlation).results[::-1]

    assert [(entry["kind"], entry["outcome"]) for entry in story] == [
        ("payment", "completed"),
        ("ipn", "acknowledged"),
        ("verify", "VERIFIED"),
    ]


def test_a_payment_of_before_there_were_correlations(
    api: Api, shop: Listener, pay_at_checkout: Callable[..., str]
) -> None:
    pay_at_checkout()
    payment = Transaction.objects.get(kind="payment_link")
    Transaction.objects.filter(id=payment.id).update(correlation="")
    delivery.deliver_due(clock.default_sandbox(), now=now())

    assert told(api, f"transaction-{payment.id}") == ["payment", "ipn", "verify"]


def test_two_payments_do_not_mix(api: Api, shop: Listener, pay_at_checkout: Callable[..., str]) -> None:
    first, second = pay_at_checkout(ok_invoice="A-1"), pay_at_checkout(ok_invoice="A-2")
    delivery.deliver_due(clock.default_sandbox(), now=now())

    for correlation, invoice in ((first, "A-1"), (second, "A-2")):
        story = api.get("journal/", correlation=correlation).results
        assert {entry["invoice"] for entry in story} == {invoice}
        assert "verify" in {entry["kind"] for entry in story}


def test_every_answer_names_its_correlation(world: object) -> None:
    first, second = (Client().get("/process.html").headers["X-Correlation-ID"] for _time in range(2))

    assert first != second
    assert len(first) == 20
