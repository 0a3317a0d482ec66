"""The sandbox as a whole: back to the start, on to a later hour, waiting until all is quiet."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from checkout import payment_form, sessions
from checkout.models import CheckoutSession
from ipn import verification
from ipn.models import AutoReturn, DeliveryAttempt, IpnMessage, Verification
from sandbox import clock
from sandbox.models import Sandbox
from tests.api.conftest import Api
from tests.listener import Answer, Listener
from wallets import audit, payments, reversals, seed
from wallets.errors import PaymentError
from wallets.models import Account, Balance, Currency, DisabledApiFunction, Transaction, User, Wallet
from wallets.money import D

FORM = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "Poster",
    "ok_item_1_price": "10.00",
    "ok_currency": "USD",
}
# What `wait/` says when all is quiet.
NOTHING: dict[str, list[object]] = {
    "ipn_messages": [],
    "checkout_sessions": [],
    "transactions": [],
    "mass_payments": [],
    "listener_checks": [],
}


@pytest.fixture
def shop(transactional_db: None, merchant: Wallet, listener: Listener) -> Wallet:
    """The merchant with a listener."""
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    merchant.refresh_from_db()
    return merchant


def sell(shop: Wallet, buyer: Wallet, amount: str = "10.00") -> Transaction:
    return payments.send_money(
        payer=buyer, receiver=shop.id, currency="USD", amount=D(amount), now=clock.now(shop.account.sandbox)
    )


def open_checkout(shop: Wallet) -> CheckoutSession:
    return sessions.open_session(payment_form.parse(FORM.items()), now=clock.now(shop.account.sandbox))


def a_full_world(shop: Wallet, buyer: Wallet, api: Api) -> None:
    """Something in every table that a reset empties."""
    now = clock.now(shop.account.sandbox)
    sale = sell(shop, buyer)
    reversals.refund(sale, now=now, amount=D("1.00"))
    session = open_checkout(shop)
    api.post(f"checkout-sessions/{session.token}/pay/", {"payer": "OK100000001"})
    open_checkout(shop)
    api.post("wait/", {"timeout": 10})
    message = IpnMessage.objects.latest("id")
    for question in (message.body(resend=False), "ok_txn_id=1"):
        verification.verify(
            f"ok_verify=true&{question}".encode(), method="POST", content_type="", remote_address="127.0.0.1", now=now
        )
    api.post("accounts/", {"email": "anna@example.com", "password": "wonderland"})
    api.patch("wallets/OK100000003/", {"title": "Changed", "api_password": "other"})
    api.patch("accounts/100000003/", {"is_blocked": False, "email": "bella@example.com"})
    Currency.objects.filter(code="USD").update(per_euro=9, enabled=False)
    DisabledApiFunction.objects.create(name="Send_Money")
    api.post("clock/", {"freeze": True, "advance": "P3D"})


def snapshot() -> dict[str, object]:
    return {
        "accounts": list(Account.objects.exclude(kind="house").values().order_by("id")),
        "wallets": [
            (wallet.id, wallet.title, wallet.api_password, wallet.ipn_url)
            for wallet in Wallet.objects.filter(role="client")
        ],
        "balances": list(Balance.objects.values_list("wallet_id", "currency_id", "amount").order_by("wallet", "id")),
        "currencies": list(Currency.objects.values()),
        "logins": list(User.objects.values_list("email", "account_id", "is_staff").order_by("email")),
    }


def without_times(world: dict[str, object]) -> str:
    for account in world["accounts"]:  # type: ignore[attr-defined]
        account.pop("created_at")
    return str(world)


def test_reset_restores_the_cast_and_nothing_else(api: Api, shop: Wallet, buyer: Wallet) -> None:
    Wallet.objects.update(ipn_url="", ipn_enabled=False)
    before = without_times(snapshot())
    Wallet.objects.filter(id=shop.id).update(ipn_enabled=True, ipn_url=shop.ipn_url)
    a_full_world(shop, buyer, api)

    answer = api.post("reset/")

    assert answer.status == 200
    assert answer.body["sandbox"] == "default"
    assert abs(datetime.fromisoformat(answer.body["now"]) - timezone.now()) < timedelta(minutes=1)
    assert without_times(snapshot()) == before
    for model in (CheckoutSession, IpnMessage, DeliveryAttempt, AutoReturn, Verification, DisabledApiFunction):
        assert not model.objects.exists(), model  # type: ignore[attr-defined]
    assert Transaction.objects.count() == 26
    assert api.get("ledger/audit/").body["ok"]
    assert api.get("clock/").body["frozen"] is False
    assert authenticate(username="merchant@example.com", password="merchant")


def test_identifiers_go_on_growing(api: Api, shop: Wallet, buyer: Wallet) -> None:
    sale = sell(shop, buyer)
    api.post("reset/")

    assert min(Transaction.objects.values_list("id", flat=True)) > sale.id


def test_reset_is_quick(api: Api, shop: Wallet, buyer: Wallet) -> None:
    api.post("reset/")
    for _number in range(50):
        sell(shop, buyer, "1.00")
    started = time.monotonic()
    api.post("reset/")

    assert time.monotonic() - started < 3


def test_staff_keep_their_logins(api: Api, world: Sandbox) -> None:
    clerk = User.objects.create_user("clerk@example.com", "clerk", is_staff=True)
    clerk.groups.add(Group.objects.create(name="Support"))
    api.post("accounts/", {"email": "anna@example.com", "password": "wonderland"})
    User.objects.filter(email__in=["anna@example.com", "shop@example.com"]).update(is_staff=True)
    for user in User.objects.filter(is_staff=True):
        LogEntry.objects.create(
            user=user, action_flag=2, content_type=ContentType.objects.get_for_model(User), object_id="1"
        )
    admin = User.objects.get(email="admin@example.com")
    admin.set_password("changed")
    admin.is_active = admin.is_superuser = False
    admin.save()

    assert api.post("reset/").status == 200

    assert authenticate(username="clerk@example.com", password="clerk") == clerk
    assert clerk.groups.count() == 1
    anna = User.objects.get(email="anna@example.com")
    assert (anna.account, anna.is_staff) == (None, True)
    assert not User.objects.get(email="shop@example.com").is_staff
    restored = authenticate(username="admin@example.com", password="admin")
    assert restored == admin
    assert User.objects.get(email="admin@example.com").is_superuser
    assert {entry.user.email for entry in LogEntry.objects.all()} >= {"anna@example.com", "admin@example.com"}


def test_reset_leaves_other_sandboxes_alone(api: Api, world: Sandbox) -> None:
    other = Sandbox.objects.create(id="other")
    clock.advance(other, timedelta(days=1))
    account = api.post("accounts/", {"email": "anna@example.com", "password": "wonderland"}, sandbox="other").body
    api.post(f"wallets/{account['wallets'][0]}/deposit/", {"currency": "USD", "amount": "5.00"}, sandbox="other")
    assert api.get(f"accounts/{account['id']}/").status == 404

    api.post("reset/")

    assert api.get(f"wallets/{account['wallets'][0]}/", sandbox="other").body["balances"] == {"USD": "5.00"}
    assert api.get("ledger/audit/", sandbox="other").body["ok"]
    assert len(api.get("transactions/", sandbox="other").results) == 1
    other.refresh_from_db()
    assert other.clock_offset == timedelta(days=1)


def test_a_hosted_gateway_is_not_reset(api: Api, settings: LazySettings) -> None:
    settings.SANDBOX = False
    answer = api.post("reset/")

    assert answer.status == 409
    assert "SANDBOX=false" in answer.body["detail"]
    assert Account.objects.filter(id="100000001").exists()


def test_reset_takes_no_body(api: Api) -> None:
    assert api.post("reset/", {"everything": True}).errors.keys() == {"everything"}


@pytest.fixture
def busy(shop: Wallet, buyer: Wallet, poor_buyer: Wallet) -> Iterator[list[BaseException]]:
    """Payments in both directions by four threads, as long as the test goes on."""
    stop, surprises = threading.Event(), list[BaseException]()

    def trade(payer: str, receiver: str) -> None:
        try:
            while not stop.is_set():
                try:
                    wallet = Wallet.objects.select_related("account__sandbox").get(id=payer)
                    payments.send_money(
                        payer=wallet, receiver=receiver, currency="USD", amount=D("0.05"), now=timezone.now()
                    )
                except PaymentError:
                    pass
                time.sleep(0.005)
        except BaseException as error:
            surprises.append(error)
        finally:
            connection.close()

    pairs = [(shop.id, buyer.id), (buyer.id, shop.id), (buyer.id, poor_buyer.id), (shop.id, poor_buyer.id)]
    threads = [threading.Thread(target=trade, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    yield surprises
    stop.set()
    for thread in threads:
        thread.join()


def test_reset_while_money_moves_and_messages_go_out(
    api: Api, shop: Wallet, busy: list[BaseException], listener: Listener
) -> None:
    def reset(_number: int) -> int:
        try:
            return Api().post("reset/").status
        finally:
            connection.close()

    def deliver(_number: int) -> int:
        try:
            return Api().post("wait/", {"timeout": 1}).status
        finally:
            connection.close()

    for _round in range(3):
        with ThreadPoolExecutor(4) as threads:
            answers = [*threads.map(reset, range(2)), *threads.map(deliver, range(2))]
        assert answers == [200] * 4
        Wallet.objects.filter(id=shop.id).update(ipn_enabled=True, ipn_url=listener.url)
        time.sleep(0.2)
        result = audit.audit()
        assert result.ok, result

    # Somebody who read his wallet just before a reset and pays just after it pays from the new one; he meets no error.
    assert not busy


def test_wait_with_nothing_to_do(api: Api) -> None:
    assert api.post("wait/").body == {"idle": True, **NOTHING}


def test_wait_delivers_what_is_due(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    sale = sell(shop, buyer)

    assert api.post("wait/", {"timeout": 10}).body["idle"]
    assert [request.variables["ok_txn_id"] for request in listener.requests] == [str(sale.id)]
    assert IpnMessage.objects.get().status == "sent"


def test_wait_says_what_still_is_under_way(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(Answer(delay=2), Answer())
    sell(shop, buyer)
    message = IpnMessage.objects.get()
    started = time.monotonic()
    answer = api.post("wait/", {"timeout": 0.3})

    assert time.monotonic() - started < 1.5
    assert answer.body == {"idle": False, **NOTHING, "ipn_messages": [message.id]}
    assert api.post("wait/", {"timeout": 20}).body["idle"]
    assert len(listener.requests) == 1


def test_a_retry_in_half_an_hour_is_not_waited_for(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(Answer(500))
    sell(shop, buyer)

    assert api.post("wait/", {"timeout": 10}).body["idle"]
    assert IpnMessage.objects.get().status == "retrying"


@pytest.mark.parametrize("timeout", [-1, 301, "soon", None, True, []])
def test_an_odd_timeout(api: Api, timeout: object) -> None:
    answer = api.post("wait/", {"timeout": timeout})
    assert answer.status == 400 or timeout is True
    if answer.status == 400:
        assert answer.errors.keys() == {"timeout"}


def test_the_clock(api: Api) -> None:
    answer = api.get("clock/").body

    assert answer["now"].endswith("Z")
    assert abs(datetime.fromisoformat(answer["now"]) - timezone.now()) < timedelta(seconds=20)
    assert (answer["frozen"], answer["offset"]) == (False, "PT0S")


def test_what_the_steps_take_is_not_lost(api: Api) -> None:
    api.post("clock/", {"advance": "PT25H"})
    api.post("clock/", {"advance": "PT30M"})

    assert clock.default_sandbox().clock_offset == timedelta(hours=25, minutes=30)


def test_time_moves_on(api: Api) -> None:
    answer = api.post("clock/", {"advance": "P1DT2H30M"}).body

    ahead = datetime.fromisoformat(answer["now"]) - timezone.now()
    assert abs(ahead - timedelta(days=1, hours=2, minutes=30)) < timedelta(seconds=20)
    assert (answer["delivered"], answer["retried"], answer["failed"], answer["expired"]) == (0, 0, 0, 0)
    assert datetime.fromisoformat(api.get("clock/").body["now"]) >= datetime.fromisoformat(answer["now"])
    assert api.post("clock/", {"advance": "P2W"}).body["now"] > answer["now"]


def test_time_stands_still_and_goes_on(api: Api) -> None:
    frozen = api.post("clock/", {"freeze": True}).body
    assert frozen["frozen"]
    assert api.get("clock/").body["now"] == frozen["now"]

    advanced = api.post("clock/", {"advance": "PT1H"}).body
    assert datetime.fromisoformat(advanced["now"]) - datetime.fromisoformat(frozen["now"]) == timedelta(hours=1)
    assert api.get("clock/").body["now"] == advanced["now"]

    running = api.post("clock/", {"run": True}).body
    assert not running["frozen"]
    assert (
        timedelta()
        < datetime.fromisoformat(api.get("clock/").body["now"]) - datetime.fromisoformat(advanced["now"])
        < timedelta(seconds=20)
    )


IMPOSSIBLE_TIMES = [
    ({}, "body"),
    ({"advance": "30 minutes"}, "advance"),
    ({"advance": "-PT1M"}, "advance"),
    ({"advance": "P"}, "advance"),
    ({"advance": "PT"}, "advance"),
    ({"advance": "P1Y"}, "advance"),
    ({"advance": "P1M"}, "advance"),
    ({"advance": "P999999999999D"}, "advance"),
    ({"advance": "P36501D"}, "advance"),
    ({"advance": 1800}, "advance"),
    ({"advance": None}, "advance"),
    ({"freeze": False}, "freeze"),
    ({"freeze": "yes"}, "freeze"),
    ({"freeze": True, "run": True}, "run"),
    ({"rewind": "PT1M"}, "rewind"),
]


def test_an_impossible_time(api: Api) -> None:
    before = Sandbox.objects.values().get()
    for body, field in IMPOSSIBLE_TIMES:
        answer = api.post("clock/", body)

        assert answer.status == 400, body
        assert answer.errors.keys() == {field}
        assert Sandbox.objects.values().get() == before


def test_each_step_of_half_an_hour_is_one_retry(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(Answer(500))
    sell(shop, buyer)
    api.post("wait/")

    for number in range(1, 16):
        answer = api.post("clock/", {"advance": "PT30M"}).body
        assert (answer["delivered"], answer["retried"], answer["failed"]) == (0, int(number < 15), int(number == 15))
        assert len(listener.requests) == number + 1
    assert api.post("clock/", {"advance": "P1D"}).body["retried"] == 0
    assert len(listener.requests) == 16


def test_one_long_step_performs_all_in_order(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(*[Answer(500)] * 20)
    first = sell(shop, buyer)
    api.post("wait/")
    api.post("clock/", {"advance": "PT10M"})
    second = sell(shop, buyer, "11.00")
    session = open_checkout(shop)

    answer = api.post("clock/", {"advance": "P2D"}).body

    assert (answer["delivered"], answer["retried"], answer["failed"], answer["expired"]) == (0, 29, 2, 1)
    order = [int(request.variables["ok_txn_id"]) for request in listener.requests]
    assert order == [first.id, *[second.id, first.id] * 15, second.id]
    attempts = DeliveryAttempt.objects.filter(message__transaction_id=first.id).values_list("sent_at", flat=True)
    gaps = {later - earlier for earlier, later in pairwise(attempts)}
    assert len(attempts) == 16
    assert all(abs(gap - timedelta(minutes=30)) < timedelta(seconds=1) for gap in gaps)
    session.refresh_from_db()
    assert session.status == "expired"
    assert session.finished_at == session.expires_at
    assert api.get("clock/").body["frozen"] is False


def test_a_listener_that_recovers_is_told_once(api: Api, shop: Wallet, buyer: Wallet, listener: Listener) -> None:
    listener.will(Answer(500), Answer(503), Answer(200))
    sell(shop, buyer)

    answer = api.post("clock/", {"advance": "P1D"}).body

    assert (answer["delivered"], answer["retried"], answer["failed"]) == (1, 2, 0)
    assert len(listener.requests) == 3
    assert "ok_ipn_resend" not in listener.requests[0].variables
    assert listener.requests[2].variables["ok_ipn_resend"] == "true"


def test_a_reset_in_the_middle_of_a_long_step_ends_it(
    api: Api, shop: Wallet, buyer: Wallet, listener: Listener
) -> None:
    listener.will(Answer(500, delay=0.3))
    sell(shop, buyer)

    def advance() -> object:
        try:
            return Api().post("clock/", {"advance": "P1D"}).body
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        long_step = threads.submit(advance)
        listener.wait_for(2)
        assert api.post("reset/").status == 200
        assert long_step.result(timeout=30)

    now = api.get("clock/").body
    assert not now["frozen"]
    assert abs(datetime.fromisoformat(now["now"]) - timezone.now()) < timedelta(seconds=20)
    assert seed.STAFF
