"""Debit card orders: paid in advance, shipped or given back, each once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from ipn.models import IpnMessage
from sandbox import clock
from wallets import cards, payments, reversals, seed
from wallets.errors import (
    CurrencyNotFound,
    IncorrectEmail,
    IncorrectParameters,
    InsufficientFunds,
    LimitsExceeded,
    PaymentError,
    SourceAccountBlocked,
    WrongState,
)
from wallets.models import DebitCardOrder, Entry, Transaction, User, Wallet
from wallets.money import D

FRIEND = "friend@example.com"


def prepay(wallet: Wallet, **more: object) -> DebitCardOrder:
    given = {"email": FRIEND, "currency": "USD", "courier": False, "now": clock.now(wallet.account.sandbox)}
    return cards.prepay(wallet, **given | more)


def house_has(role: str, currency: str = "USD") -> list[str]:
    return [str(entry.amount) for entry in Entry.objects.filter(wallet__role=role, currency=currency)]


@pytest.mark.parametrize(
    ("currency", "courier", "price"),
    [("EUR", False, "9.95"), ("EUR", True, "39.90"), ("USD", False, "10.95"), ("JPY", True, "6384.00")],
)
def test_the_price_is_in_the_cards_currency(buyer: Wallet, currency: str, courier: bool, price: str) -> None:
    order = prepay(buyer, currency=currency, courier=courier, comment="A gift")

    assert order.transaction.gross == D(price)
    assert order.transaction.comment == "A gift"
    assert order.status == "ordered"
    assert buyer.balance(currency) == D("10000.00") - D(price)
    assert house_has("hold", currency) == [price]


def test_a_shipped_card_is_earned(buyer: Wallet) -> None:
    order = prepay(buyer)

    cards.ship(order, now=clock.now(buyer.account.sandbox))

    assert order.status == "shipped"
    assert DebitCardOrder.objects.get(pk=order.pk).status == "shipped"
    assert house_has("fees") == ["10.95"]
    assert sum(map(D, house_has("hold"))) == 0
    assert buyer.balance("USD") == D("9989.05")


def test_a_refused_card_gives_the_money_and_the_limit_back(buyer: Wallet) -> None:
    buyer.account.verification = "Unverified"
    buyer.account.save()
    orders = [prepay(buyer, currency="EUR", courier=True) for _ in range(7)]
    with pytest.raises(LimitsExceeded):
        prepay(buyer, currency="EUR", courier=True)

    cards.refuse(orders[0], now=clock.now(buyer.account.sandbox))

    assert orders[0].status == "refused"
    assert buyer.balance("EUR") == D("10000.00") - 6 * D("39.90")
    assert prepay(buyer, currency="EUR", courier=True).status == "ordered"


@pytest.mark.parametrize("first", [cards.ship, cards.refuse])
@pytest.mark.parametrize("second", [cards.ship, cards.refuse])
def test_an_order_is_decided_once(buyer: Wallet, first: object, second: object) -> None:
    order, now = prepay(buyer), clock.now(buyer.account.sandbox)
    first(order, now=now)
    balance = buyer.balance("USD")

    with pytest.raises(WrongState):
        second(order, now=now)

    assert buyer.balance("USD") == balance


def test_whoever_decides_the_transaction_decides_the_order(buyer: Wallet) -> None:
    order, now = prepay(buyer), clock.now(buyer.account.sandbox)

    payments.decline(order.transaction, now=now)

    assert DebitCardOrder.objects.get(pk=order.pk).status == "refused"
    with pytest.raises(WrongState):
        reversals.refund(order.transaction, now=now)


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"currency": "XXX"}, CurrencyNotFound),
        ({"email": "friend"}, IncorrectEmail),
        ({"email": ""}, IncorrectEmail),
        ({"email": "x" * 120 + "@example.com"}, IncorrectEmail),
        ({"comment": "x" * 256}, IncorrectParameters),
    ],
)
def test_refusals_leave_no_trace(merchant: Wallet, more: dict[str, object], refusal: type[PaymentError]) -> None:
    before = Transaction.objects.count()

    with pytest.raises(refusal):
        prepay(merchant, **more)

    assert Transaction.objects.count() == before
    assert not DebitCardOrder.objects.exists()


def test_who_may_not_or_cannot_pay(blocked: Wallet, poor_buyer: Wallet) -> None:
    with pytest.raises(SourceAccountBlocked):
        prepay(blocked)
    with pytest.raises(InsufficientFunds):
        prepay(poor_buyer)

    assert not DebitCardOrder.objects.exists()


def test_nobody_is_notified(merchant: Wallet) -> None:
    order = prepay(merchant)
    cards.ship(order, now=clock.now(merchant.account.sandbox))

    assert not IpnMessage.objects.exists()


class TestStaffPages:
    @pytest.fixture
    def browser(self, client: Client, world: object) -> Client:
        client.force_login(User.objects.get(email="admin@example.com"))
        return client

    def decide(self, browser: Client, action: str, *orders: DebitCardOrder) -> str:
        page = browser.post(
            "/admin/wallets/debitcardorder/",
            {"action": action, "_selected_action": [order.pk for order in orders]},
            follow=True,
        )
        return page.text

    def test_cards_are_shipped_and_refused(self, browser: Client, merchant: Wallet) -> None:
        shipped, refused = prepay(merchant), prepay(merchant, courier=True)

        assert "1 card is on its way." in self.decide(browser, "ship", shipped)
        assert "1 card was refused." in self.decide(browser, "refuse", refused)
        again = self.decide(browser, "refuse", shipped, refused)

        assert "0 cards were refused." in again
        assert again.count("The transaction&#x27;s status, ") == 2
        assert merchant.balance("USD") == D("9989.05")

    def test_orders_are_found_by_status(self, browser: Client, merchant: Wallet) -> None:
        shipped = prepay(merchant, email="shipped@example.com")
        prepay(merchant, email="waiting@example.com")
        cards.ship(shipped, now=clock.now(merchant.account.sandbox))

        page = browser.get("/admin/wallets/debitcardorder/?status=ordered").text

        assert "waiting@example.com" in page
        assert "shipped@example.com" not in page
        assert "10.95 USD" in browser.get(f"/admin/wallets/debitcardorder/{shipped.pk}/change/").text


@pytest.mark.django_db(transaction=True)
def test_two_clerks_give_the_money_back_once() -> None:
    seed.currencies()
    sandbox = clock.default_sandbox()
    now = clock.now(sandbox)
    seed.demo_cast(sandbox, now=now)
    merchant = Wallet.objects.select_related("account__sandbox").get(id="OK702746927")
    order = prepay(merchant)
    start = threading.Barrier(6)

    def decide(number: int) -> str:
        start.wait()
        mine = DebitCardOrder.objects.select_related("transaction").get(pk=order.pk)
        try:
            (cards.ship if number == 0 else cards.refuse)(mine, now=now)
        except WrongState:
            return ""
        finally:
            connection.close()
        return mine.status

    with ThreadPoolExecutor(6) as threads:
        decisions = [decision for decision in threads.map(decide, range(6)) if decision]

    assert len(decisions) == 1
    assert merchant.balance("USD") == (D("10000.00") if decisions == ["refused"] else D("9989.05"))
