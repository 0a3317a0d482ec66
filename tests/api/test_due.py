"""The sandbox's time moved along: one queue for all kinds of due things, and what `wait/` waits for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from checkout import payment_form, sessions, tasks
from checkout.models import CheckoutSession
from ipn import claims
from ipn.listener_check import checks
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway import due
from sandbox import clock
from sandbox.locks import one_at_a_time
from sandbox.models import Sandbox
from tests.api.conftest import Api
from tests.listener import Answer, Listener
from wallets import decisions, mass_payments, payments, registration
from wallets import tasks as wallet_tasks
from wallets.models import MassPayment, Transaction, Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime.fromisoformat("2030-01-01T12:00:00+00:00")
FORM = {"ok_receiver": "OK702746927", "ok_item_1_name": "Poster", "ok_item_1_price": "10.00", "ok_currency": "USD"}


@pytest.fixture
def shop(merchant: Wallet, listener: Listener, world: Sandbox) -> Wallet:
    """The merchant with a listener, on New Year's Day 2030 at noon, where time stands still."""
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    Sandbox.objects.filter(id=world.id).update(frozen_at=NOON)
    return Wallet.objects.select_related("account__sandbox").get(id=merchant.id)


def now() -> datetime:
    return clock.now(Sandbox.objects.get(id="default"))


def send(buyer: Wallet, receiver: str, amount: str = "10.00") -> Transaction:
    return payments.send_money(payer=buyer, receiver=receiver, currency="USD", amount=D(amount), now=now())


def open_checkout() -> CheckoutSession:
    return sessions.open_session(payment_form.parse(FORM.items()), now=now())


def hold(buyer: Wallet, shop: Wallet, verdict: str, after: timedelta) -> Transaction:
    """A pending payment that is decided by itself."""
    payment = payments.send_money(
        payer=buyer, receiver=shop.id, currency="USD", amount=D("1.00"), now=now(), outcome=payments.PENDING
    )
    decisions.schedule(payment, verdict, after=after, now=now())
    return payment


def started_list(wallet: Wallet, receiver: Wallet, rows: int = 3) -> MassPayment:
    listed = mass_payments.create(
        wallet,
        rows=mass_payments.read("\n".join(f"{receiver.id},1.00" for _row in range(rows))),
        currency="USD",
        receiver_pays_fee=False,
        now=now(),
    )
    mass_payments.start(listed, all_or_nothing=False)
    return listed


def told(body: dict[str, Any]) -> list[tuple[float, str, str, str]]:
    """The answer's events: minutes after noon, what, which, how it came out."""
    return [
        (
            (datetime.fromisoformat(event["at"]) - NOON) / timedelta(minutes=1),
            event["what"],
            event["id"],
            event["outcome"],
        )
        for event in body["events"]
    ]


def message_about(payment: Transaction) -> IpnMessage:
    """The newest."""
    return IpnMessage.objects.filter(transaction_id=payment.id).latest("id")


def test_all_kinds_in_one_queue(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(Answer(500), Answer())
    sale = send(buyer, shop.id)
    api.post("wait/")
    gone = send(buyer, "nobody@example.com")
    approved = hold(buyer, shop, "approve", timedelta(minutes=45))
    declined = hold(buyer, shop, "decline", timedelta(minutes=10))
    checkout = open_checkout()
    api.post("wait/")
    listed = started_list(buyer, shop, rows=1)

    body = api.post("clock/", {"advance": "P31D"}).body

    row = Transaction.objects.get(kind="mass_pay")
    day = 24 * 60.0
    assert told(body) == [
        (0.0, "mass_payment", str(listed.id), "sent"),
        (0.0, "ipn", str(message_about(row).id), "delivered"),
        (10.0, "payment", str(declined.id), "failed"),
        (10.0, "ipn", str(message_about(declined).id), "delivered"),
        (30.0, "ipn", str(message_about(sale).id), "delivered"),
        (45.0, "payment", str(approved.id), "completed"),
        (45.0, "ipn", str(message_about(approved).id), "delivered"),
        (day, "checkout", checkout.token, "expired"),
        (30 * day, "payment", str(gone.id), "failed"),
    ]
    assert (body["expired"], body["decided"], body["lists_sent"], body["events_omitted"]) == (1, 3, 1, 0)
    assert (body["delivered"], body["retried"], body["failed"]) == (4, 0, 0)
    assert body["now"] == "2030-02-01T12:00:00Z"
    assert [request.variables["ok_txn_id"] for request in listener.requests[-4:]] == [
        str(payment.id) for payment in (row, declined, sale, approved)
    ]


def test_what_an_earlier_thing_brings_comes_at_its_own_time(
    api: Api, shop: Wallet, buyer: Wallet, listener: Listener
) -> None:
    held = hold(buyer, shop, "approve", timedelta(minutes=20))
    api.post("wait/")
    api.post("scenarios/", {"operation": "ipn", "effect": "late:10m"})
    listener.will(Answer(500), Answer())

    body = api.post("clock/", {"advance": "PT2H"}).body

    message = message_about(held)
    assert told(body) == [
        (20.0, "payment", str(held.id), "completed"),
        (30.0, "ipn", str(message.id), "retried"),
        (60.0, "ipn", str(message.id), "delivered"),
    ]
    held.refresh_from_db()
    assert held.updated_at == message.created_at == NOON + timedelta(minutes=20)
    sent = DeliveryAttempt.objects.filter(message=message).values_list("sent_at", flat=True)
    assert list(sent) == [NOON + timedelta(minutes=30), NOON + timedelta(hours=1)]


def test_what_nobody_has_looked_after_is_done_in_its_order(api: Api, shop: Wallet, buyer: Wallet) -> None:
    early, late = (hold(buyer, shop, "approve", timedelta(hours=hours)) for hours in (1, 30))
    checkout = open_checkout()
    Sandbox.objects.update(frozen_at=NOON + timedelta(days=2))

    events = told(api.post("clock/", {"advance": "PT0S"}).body)

    assert [event for event in events if event[1] != "ipn"] == [
        (60.0, "payment", str(early.id), "completed"),
        (24 * 60.0, "checkout", checkout.token, "expired"),
        (30 * 60.0, "payment", str(late.id), "completed"),
    ]
    # What is posted is posted now, whenever it was due.
    assert {event[0] for event in events if event[1] == "ipn"} == {48 * 60.0}
    checkout.refresh_from_db()
    assert checkout.finished_at == checkout.expires_at


def test_a_message_that_hangs_holds_up_nothing_but_its_wallets_messages(
    api: Api, shop: Wallet, buyer: Wallet, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IPN_TIMEOUT = 0.1
    monkeypatch.setattr(claims, "LEASE_MARGIN", timedelta())
    stuck = message_about(send(buyer, shop.id))
    IpnMessage.objects.filter(id=stuck.id).update(claimed_until=timezone.now() + timedelta(hours=1))
    held = hold(buyer, shop, "approve", timedelta(minutes=10))
    checkout = open_checkout()

    events = told(api.post("clock/", {"advance": "P2D"}).body)

    assert [event for event in events if event[1] != "ipn"] == [
        (10.0, "payment", str(held.id), "completed"),
        (24 * 60.0, "checkout", checkout.token, "expired"),
    ]
    # The wallet's later messages wait for it; once it is free all of them go out.
    IpnMessage.objects.filter(id=stuck.id).update(claimed_until=None)
    assert api.post("wait/", {"timeout": 20}).body["idle"]
    assert message_about(held).status == "sent"


def test_who_collects_his_money_in_time_keeps_it(api: Api, shop: Wallet, buyer: Wallet, world: Sandbox) -> None:
    sent = send(buyer, "anna@example.com")
    api.post("clock/", {"advance": "P29D"})
    registration.register(sandbox=world, email="anna@example.com", password="wonderland", now=now())

    assert api.post("clock/", {"advance": "P9D"}).body["decided"] == 0
    sent.refresh_from_db()
    assert sent.status == "completed"


def test_money_that_nobody_collects_goes_back(api: Api, shop: Wallet, buyer: Wallet) -> None:
    before = buyer.balance("USD")
    sent = send(buyer, "anna@example.com", "20.00")
    listed = mass_payments.read("bella@example.com,5.00")
    [many] = payments.send_many(
        [payments.Sending(listed[0].receiver, D("5.00"), "", "")], payer=buyer, currency="USD", now=now()
    )

    assert api.post("clock/", {"advance": "P29D"}).body["decided"] == 0
    assert api.post("clock/", {"advance": "P1D"}).body["decided"] == 2
    assert {Transaction.objects.get(id=payment.id).status for payment in (sent, many)} == {"failed"}
    assert buyer.balance("USD") == before


def test_an_error_on_the_way_leaves_the_clock_running(
    api: Api, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(sessions, "expire_due", fail)
    open_checkout()

    with pytest.raises(OSError, match="disk"):
        due.advance(world, timedelta(days=2))
    assert not Sandbox.objects.get().frozen_at


def test_whoever_moves_time_performs_alone(shop: Wallet, buyer: Wallet, world: Sandbox) -> None:
    held = hold(buyer, shop, "approve", timedelta(minutes=10))
    checkout = open_checkout()
    Sandbox.objects.update(frozen_at=NOON + timedelta(days=2))
    is_moving, may_end = threading.Event(), threading.Event()

    def move() -> None:
        try:
            with one_at_a_time(clock.moving(world)):
                is_moving.set()
                may_end.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(move)
        is_moving.wait(10)
        wallet_tasks.decide()
        assert tasks.expire() == 0
        may_end.set()
    checkout.refresh_from_db()
    held.refresh_from_db()
    assert (checkout.status, held.status) == ("open", "pending")
    wallet_tasks.decide()
    assert tasks.expire() == 1


def test_a_list_that_is_being_sent_is_waited_for(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listed = started_list(buyer, shop)
    is_sending, may_end = threading.Event(), threading.Event()

    def send_elsewhere() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [mass_payments.SENDER])
                is_sending.set()
                may_end.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(send_elsewhere)
        is_sending.wait(10)
        left = api.post("wait/", {"timeout": 0.3}).body
        may_end.set()
    assert left["idle"] is False
    assert left["mass_payments"] == [listed.id]

    assert api.post("wait/", {"timeout": 20}).body["idle"]
    listed.refresh_from_db()
    assert (listed.status, len(listener.requests)) == ("sent", 3)


def test_a_listener_check_is_waited_for(api: Api, shop: Wallet, listener: Listener, world: Sandbox) -> None:
    check = checks.prepare(sandbox=world, wallet_id=shop.id, url=listener.url, now=now(), for_worker=True)

    assert api.post("wait/", {"timeout": 0.2}).body["listener_checks"] == [check.id]
    check.delete()
    assert api.post("wait/", {"timeout": 0.2}).body["idle"]
