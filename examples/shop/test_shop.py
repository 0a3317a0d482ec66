"""The shop's tests: `pytest -n 2`, each test in a sandbox of its own, so they may all use the same invoice numbers."""

import threading
from decimal import Decimal

import pytest
from shop import Shop

from okpay_sandbox import FormRefused, Problem, Sandbox


@pytest.mark.parametrize("currency", ["EUR", "USD", "GBP", "CHF", "PLN"])
@pytest.mark.parametrize("amount", ["0.50", "1.00", "12.50", "99.99", "250.00"])
def test_a_sale_is_shipped(okpay_sandbox: Sandbox, shop: Shop, amount: str, currency: str) -> None:
    order = shop.order(amount, currency)

    okpay_sandbox.open_checkout(shop.form(order)).pay()
    okpay_sandbox.wait()

    assert (order.invoice, order.state, order.shipped) == ("ORDER-1", "paid", 1)
    assert [row["invoice"] for row in okpay_sandbox.transactions(kind="payment_link")] == ["ORDER-1"]
    assert okpay_sandbox.audit()["ok"]


@pytest.mark.parametrize("copies", range(2, 7))
def test_a_message_that_comes_again_ships_once(okpay_sandbox: Sandbox, shop: Shop, copies: int) -> None:
    order = shop.order("5.00")
    okpay_sandbox.open_checkout(shop.form(order)).pay()
    okpay_sandbox.wait()

    for _copy in range(copies - 1):
        okpay_sandbox.resend(okpay_sandbox.messages()[0]["id"])
        okpay_sandbox.wait()

    assert order.shipped == 1
    assert order.log == ["completed"] + ["seen before"] * (copies - 1)


def test_a_cancelled_checkout_ships_nothing(okpay_sandbox: Sandbox, shop: Shop) -> None:
    order = shop.order("5.00")

    okpay_sandbox.open_checkout(shop.form(order)).cancel()
    okpay_sandbox.wait()

    assert (order.state, order.shipped) == ("new", 0)


def test_a_buyer_without_money_is_refused(okpay_sandbox: Sandbox, shop: Shop) -> None:
    order = shop.order("99999999.00")

    with pytest.raises(Problem) as refused:
        okpay_sandbox.open_checkout(shop.form(order)).pay()

    assert refused.value.name
    assert (order.state, order.shipped) == ("new", 0)


@pytest.mark.parametrize("paysystem", ["VMF", "BTC"])
def test_a_pending_payment_waits(okpay_sandbox: Sandbox, shop: Shop, paysystem: str) -> None:
    order = shop.order("20.00")

    okpay_sandbox.open_checkout(shop.form(order)).pay(paysystem=paysystem, outcome="pending")
    okpay_sandbox.wait()

    assert (order.state, order.shipped) == ("pending", 0)


def test_pending_then_completed_ships_once(okpay_sandbox: Sandbox, shop: Shop) -> None:
    order = shop.order("20.00")
    paid = okpay_sandbox.open_checkout(shop.form(order)).pay(paysystem="VMF", outcome="pending")
    okpay_sandbox.wait()

    okpay_sandbox.call("POST", f"transactions/{paid['transaction']}/approve/", {})
    okpay_sandbox.wait()

    assert (order.state, order.shipped) == ("paid", 1)
    assert order.log == ["pending", "completed"]


@pytest.mark.parametrize("amount", ["1.00", "19.99", None])
def test_money_given_back(okpay_sandbox: Sandbox, shop: Shop, amount: str | None) -> None:
    order = shop.order("20.00")
    paid = okpay_sandbox.open_checkout(shop.form(order)).pay()
    okpay_sandbox.wait()

    okpay_sandbox.refund(paid["transaction"], amount)
    okpay_sandbox.wait()

    assert order.log[0] == "completed"
    assert "reversed" in order.log or amount is not None
    assert okpay_sandbox.audit()["ok"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ok_currency", "XXX"), ("ok_item_1_price", "-1"), ("ok_item_1_price", "ten"), ("ok_receiver", "OK999999999")],
)
def test_a_wrong_form_is_refused(okpay_sandbox: Sandbox, shop: Shop, variable: str, value: str) -> None:
    form = shop.form(shop.order("5.00")) | {variable: value}

    with pytest.raises(FormRefused) as refused:
        okpay_sandbox.open_checkout(form)

    assert variable in refused.value.text


def test_a_listener_that_was_down_gets_it_half_an_hour_later(okpay_sandbox: Sandbox, shop: Shop) -> None:
    order = shop.order("5.00")
    form = shop.form(order) | {"ok_ipn": "http://127.0.0.1:9/"}
    okpay_sandbox.open_checkout(form).pay()
    okpay_sandbox.call("POST", "wait/", {"timeout": 5})
    assert okpay_sandbox.messages()[0]["status"] == "retrying"

    done = okpay_sandbox.advance("PT30M")

    assert done["retried"] == 1
    assert len(okpay_sandbox.messages()[0]["attempts"]) == 2


@pytest.mark.parametrize("buyers", [2, 5])
def test_many_orders_at_once(okpay_sandbox: Sandbox, shop: Shop, buyers: int) -> None:
    orders = [shop.order("1.00") for _ in range(buyers)]
    before = okpay_sandbox.balance("EUR")

    payers = [
        threading.Thread(target=lambda order=order: okpay_sandbox.open_checkout(shop.form(order)).pay())
        for order in orders
    ]
    for payer in payers:
        payer.start()
    for payer in payers:
        payer.join()
    okpay_sandbox.wait()

    assert [order.shipped for order in orders] == [1] * buyers
    gained = okpay_sandbox.balance("EUR") - before
    assert Decimal(0) < gained <= buyers
    assert okpay_sandbox.audit()["ok"]


@pytest.mark.parametrize("kind", ["payment_link", "marketplace", "send_money"])
def test_a_test_message_ships_nothing(okpay_sandbox: Sandbox, shop: Shop, kind: str) -> None:
    order = shop.order("5.00")

    okpay_sandbox.simulate(kind=kind, url=shop.url)
    okpay_sandbox.wait()

    assert shop.suspicious == ["TEST"]
    assert order.shipped == 0


@pytest.mark.parametrize("position", [1, 2])
def test_strangers_see_nothing(okpay_sandbox: Sandbox, shop: Shop, position: int) -> None:
    """Whatever the other tests do at the same time, this sandbox holds what was done here."""
    for _ in range(position):
        okpay_sandbox.open_checkout(shop.form(shop.order("1.00"))).pay()
    okpay_sandbox.wait()

    assert len(okpay_sandbox.transactions(kind="payment_link")) == position
    assert len(okpay_sandbox.messages()) == position
