"""Scenarios at the checkout: how a payment ends, by scenario, by directive and by magic amount."""

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from checkout import sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from sandbox import clock
from tests.api.conftest import Api
from tests.checkout.conftest import BASIC, Open
from tests.scenarios.conftest import Script
from wallets import payments
from wallets.errors import InsufficientFunds
from wallets.models import Decision, Transaction, Wallet

D = Decimal


def pay(session: CheckoutSession, buyer: Wallet, **choices: str) -> Transaction:
    return sessions.pay(session, payer=buyer.account, choices=Choices(**choices), now=clock.now(session.sandbox))


def send_form(**changes: str) -> "Mapping[str, object]":
    response = Client().post("/process.html", BASIC | changes)
    return {"status": response.status_code, "page": response.content.decode(), "location": response.get("Location", "")}


@pytest.mark.parametrize("reason", ["review", "unilateral", "verify", "other"])
def test_a_balance_pays_and_the_payment_is_pending(
    script: Script, open_session: Open, buyer: Wallet, merchant: Wallet, reason: str
) -> None:
    scenario = script(f"pending:{reason}:approve:5m", operation="checkout", wallet=merchant.id)
    session = open_session()

    payment = pay(session, buyer)

    assert (payment.status, payment.pending_reason, session.status) == ("pending", reason, "pending")
    assert (buyer.balance("USD"), merchant.balance("USD")) == (D("9900.00"), D("10000.00"))
    assert Decision.objects.get(transaction=payment).verdict == "approve"
    assert scenario.uses.get().transaction_id == payment.id

    payments.approve(payment, now=payment.created_at)
    assert merchant.balance("USD") == D("10000.00") + payment.net


def test_a_conversion_that_is_pending_and_declined_goes_back_whole(
    script: Script, open_session: Open, buyer: Wallet
) -> None:
    script("pending:review", operation="checkout")

    payment = pay(open_session(), buyer, from_currency="EUR")
    assert buyer.balance("EUR") < D("10000.00")

    payments.decline(payment, now=payment.created_at)
    assert buyer.balance("EUR") == D("10000.00")


def test_a_failed_payment_ends_the_checkout_and_moves_nothing(
    script: Script, open_session: Open, buyer: Wallet
) -> None:
    script("failed", operation="checkout")
    session = open_session()

    payment = pay(session, buyer)

    assert (payment.status, session.status) == ("failed", "failed")
    assert buyer.balance("USD") == D("10000.00")


def test_a_refusal_is_told_to_the_buyer_who_may_try_again(script: Script, open_session: Open, buyer: Wallet) -> None:
    scenario = script("fault:Insufficient_Funds", operation="checkout")
    session = open_session()

    with pytest.raises(InsufficientFunds):
        pay(session, buyer)
    session.refresh_from_db()
    assert session.is_open
    scenario.refresh_from_db()
    assert scenario.used == 1

    assert pay(session, buyer).status == "completed"


def test_who_presses_pay_again_uses_nothing_up(script: Script, open_session: Open, buyer: Wallet) -> None:
    scenario = script("pending:review", operation="checkout", times=2)
    session = open_session()

    assert pay(session, buyer) == pay(session, buyer)

    scenario.refresh_from_db()
    assert scenario.used == 1


def test_a_payment_system_answers_what_the_scenario_says(script: Script, open_session: Open) -> None:
    script("pending:verify", operation="checkout")

    payment = sessions.pay(
        session := open_session(),
        choices=Choices(method="CC"),
        outcome=payments.REFUSED,
        now=clock.now(session.sandbox),
    )

    assert (payment.status, payment.pending_reason) == ("pending", "verify")


def test_in_the_browser_the_refusal_stands_on_the_page(script: Script, open_session: Open, buyer: Wallet) -> None:
    script("fault:Limits_Exceeded", operation="checkout")
    session = open_session()
    browser = Client()
    browser.force_login(buyer.account.user)

    page = browser.post(f"/checkout/{session.token}/", {"method": "OKB"})

    assert page.status_code == 200
    assert "would exceed" in page.content.decode()
    assert "scenario" in page["X-Sandbox-Scenario"]


# Directives


def test_a_directive_in_the_form_and_an_invoice_that_stays_as_it_is(api: Api, merchant: Wallet) -> None:
    merchant.return_success = "https://shop.example.com/thanks"
    merchant.save()
    invoice = "order-17 [sandbox:pending=review,ipn=late:30]"

    sent = send_form(ok_invoice=invoice)
    assert sent["status"] == 302
    token = str(sent["location"]).split("/")[-2]
    paid = api.post(f"checkout-sessions/{token}/pay/", {"payer": "buyer@example.com"})

    assert paid.body["status"] == "pending"
    back = parse_qs(urlsplit(paid.body["return_url"]).query)
    assert back["ok_invoice"] == [invoice]
    assert back["ok_txn_pending_reason"] == ["review"]
    uses = api.get("scenarios/uses/", transaction=paid.body["transaction"]).results
    assert [(use["directive"], use["effect"]) for use in uses] == [
        ("[sandbox:pending=review,ipn=late:30]", "pending:review")
    ]


def test_an_unknown_directive_is_named_with_those_that_there_are(world: object) -> None:
    sent = send_form(ok_invoice="order-17 [sandbox:pendign=review]")

    assert sent["status"] == 400
    assert "ok_invoice" in str(sent["page"])
    assert "There is no directive “pendign” here. Known: succeed, fault=NAME, pending=REASON" in str(sent["page"])
    assert not CheckoutSession.objects.exists()


def test_hosted_the_invoice_is_a_text_like_any_other(
    script: Script, open_session: Open, buyer: Wallet, settings: Settings
) -> None:
    script("failed", operation="checkout", times=None)
    settings.SANDBOX = False

    session = open_session(ok_invoice="[sandbox:pendign=review]")
    payment = pay(session, buyer)

    assert (payment.status, payment.invoice) == ("completed", "[sandbox:pendign=review]")


def test_an_impossible_directive_that_came_in_elsewhere_is_refused_too(open_session: Open, buyer: Wallet) -> None:
    session = open_session()
    CheckoutSession.objects.update(invoice="[sandbox:nonsense]")

    with pytest.raises(sessions.CheckoutError) as error:
        pay(session, buyer)

    assert "nonsense" in str(error.value)
    assert buyer.balance("USD") == D("10000.00")


# Magic amounts


@pytest.mark.parametrize(
    ("price", "status", "reason"),
    [
        ("10.31", "pending", "review"),
        ("10.34", "pending", "other"),
        ("10.39", "failed", ""),
        ("10.40", "completed", ""),
    ],
)
def test_the_cents_say_how_it_ends(
    script: Script, open_session: Open, buyer: Wallet, merchant: Wallet, price: str, status: str, reason: str
) -> None:
    script("magic", wallet=merchant.id, times=None)

    payment = pay(open_session(ok_item_1_price=price), buyer)

    assert (payment.status, payment.pending_reason) == (status, reason)


def test_the_cents_refuse_it(script: Script, open_session: Open, buyer: Wallet) -> None:
    script("magic", times=None)

    with pytest.raises(InsufficientFunds):
        pay(open_session(ok_item_1_price="10.51"), buyer)


def test_at_the_door(script: Script, merchant: Wallet) -> None:
    script("http:503", operation="process.html", receiver=merchant.id)
    script("http:500:processed", operation="process.html", receiver=merchant.id)

    assert send_form()["status"] == 503
    assert not CheckoutSession.objects.exists()
    assert send_form()["status"] == 500
    assert CheckoutSession.objects.count() == 1
