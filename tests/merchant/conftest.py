"""A merchant's day: sales, buyers who turn back, messages that go out, calls and forms that are refused."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from checkout import payment_form, sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from ipn.models import IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from tests.account.conftest import logged_in
from wallets import payments, reversals
from wallets.models import ApiCall, Transaction, Wallet
from wallets.money import D

FORM = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "Poster",
    "ok_item_1_price": "10.00",
    "ok_currency": "USD",
    "ok_invoice": "A-1",
}
Send = Callable[..., Transaction]
Open = Callable[..., CheckoutSession]


@pytest.fixture
def now(world: Sandbox) -> datetime:
    """A frozen moment, far from midnight."""
    world.frozen_at = datetime(2030, 5, 15, 12, tzinfo=UTC)
    world.save(update_fields=["frozen_at"])
    return clock.now(world)


@pytest.fixture
def as_merchant(merchant: Wallet) -> Client:
    return logged_in(merchant)


@pytest.fixture
def send(buyer: Wallet, merchant: Wallet, now: datetime) -> Send:
    """`send("5", currency="EUR", now=...)`: the buyer sends money."""

    def send(amount: str, **details: object) -> Transaction:
        arguments = {"payer": buyer, "receiver": merchant.id, "currency": "USD", "amount": D(amount), "now": now}
        return payments.send_money(**arguments | details)  # type: ignore[arg-type]

    return send


@pytest.fixture
def open_checkout(now: datetime) -> Open:
    def open_checkout(**changes: str) -> CheckoutSession:
        return sessions.open_session(payment_form.parse((FORM | changes).items()), now=now)

    return open_checkout


@pytest.fixture
def busy(
    merchant: Wallet, buyer: Wallet, now: datetime, send: Send, open_checkout: Open, settings: LazySettings
) -> None:
    """Of everything something, and of no two things equally much."""
    settings.JOURNAL = True
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    for _time in range(3):
        sessions.pay(open_checkout(), payer=buyer.account, choices=Choices(), now=now)
    reversals.refund(send("5"), amount=D("2"), now=now)
    reversals.refund(send("7", currency="EUR"), now=now)
    for outcome in (payments.PENDING, payments.REFUSED, payments.REFUSED):
        session = open_checkout()
        sessions.choose(session, payer=buyer.account, choices=Choices(method="SF"), now=now)
        sessions.pay(session, outcome=outcome, now=now)
    sessions.cancel(open_checkout(), now=now)
    open_checkout()
    states = IpnMessage.objects.order_by("id").values_list("id", flat=True)
    for number, status in zip(states, ("sent", "sent", "sent", "failed", "retrying"), strict=False):
        IpnMessage.objects.filter(id=number).update(status=status)
    for operation in ("Send_Money", "Send_Money", "Wallet_Get_Balance"):
        ApiCall.objects.create(wallet=merchant, at=timezone.now(), operation=operation, outcome="Authentication_Failed")
    for _time in range(2):
        assert Client().post("/process.html", FORM | {"ok_currency": "XYZ"}).status_code == 400
