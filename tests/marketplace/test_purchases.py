"""Buying: stock, order, payment and notification come together or not at all."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.mail import EmailMessage

from ipn.models import IpnMessage
from marketplace import purchases, stores
from marketplace.errors import OtherSandbox, OutOfStock, PriceChanged, ProductNotOnSale
from marketplace.models import Order, Product, Store
from marketplace.purchases import Line
from sandbox.models import Sandbox
from tests.marketplace.conftest import BERLIN, MakeProduct
from wallets import payments, reversals
from wallets.errors import (
    CannotPaySelf,
    IncorrectParameters,
    InsufficientFunds,
    PaymentError,
    SourceAccountBlocked,
    WrongState,
)
from wallets.models import Transaction, Wallet
from wallets.money import D
from wallets.payments import PENDING, REFUSED

pytestmark = pytest.mark.django_db


def left(product: Product) -> int | None:
    return Product.objects.get(id=product.id).stock


def nothing_happened(product: Product, stock: int) -> bool:
    return left(product) == stock and not (
        Order.objects.exists()
        or Transaction.objects.filter(kind=Transaction.Kind.MARKETPLACE).exists()
        or IpnMessage.objects.exists()
    )


def test_a_purchase_pays_the_store_and_takes_from_its_stock(
    buyer: Wallet, merchant: Wallet, poster: Product, now: datetime
) -> None:
    order = purchases.buy([Line(poster, 3)], payer=buyer, comment="For the hall", now=now)

    assert (order.status, order.buyer, order.store) == (Order.Status.PAID, buyer.account, poster.store)
    assert order.total == D("300.00")
    assert merchant.balance("USD") == D("10300.00")
    assert buyer.balance("USD") == D("9700.00")
    assert left(poster) == 7
    assert [event.kind for event in order.events.all()] == ["paid"]


def test_the_notification_is_that_of_the_official_reference(
    buyer: Wallet, merchant: Wallet, make_product: MakeProduct, now: datetime
) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/ipn"
    merchant.save()
    poster = make_product(
        article="555",
        type="shipment",
        shipping=D("10.00"),
        shipping2=D("2.00"),
        tax=D("1.50"),
        custom_1_title="Size",
        custom_2_title="Made in",
        custom_2_value="London",
    )
    robot = make_product(title="Robot", price=D("50.00"))
    lines = [Line(poster, 3, custom_1_value="A1"), Line(robot)]
    order = purchases.buy(lines, payer=buyer, address=BERLIN, now=now)

    sent = dict(parse_qsl(IpnMessage.objects.get().variables, keep_blank_values=True))
    expected = {
        "ok_txn_kind": "marketplace",
        "ok_txn_id": str(order.number),
        "ok_txn_gross": "368.50",
        "ok_txn_shipping": "14.00",
        "ok_txn_tax": "4.50",
        "ok_items_count": "2",
        "ok_item_1_id": str(poster.id),
        "ok_item_1_name": "OKPAY Poster",
        "ok_item_1_article": "555",
        "ok_item_1_type": "shipment",
        "ok_item_1_quantity": "3",
        "ok_item_1_gross": "318.50",
        "ok_item_1_price": "100.00",
        "ok_item_1_shipping": "14.00",
        "ok_item_1_tax": "4.50",
        "ok_item_1_custom_1_title": "Size",
        "ok_item_1_custom_1_value": "A1",
        "ok_item_1_custom_2_value": "London",
        "ok_item_2_id": str(robot.id),
        "ok_item_2_article": "",
        "ok_item_2_gross": "50.00",
        "ok_payer_street": "Lindenstraße 5",
    }
    assert {name: sent.get(name) for name in expected} == expected


def test_more_than_there_is_cannot_be_bought(buyer: Wallet, poster: Product, now: datetime) -> None:
    with pytest.raises(OutOfStock, match="only 10 pieces are left"):
        purchases.buy([Line(poster, 11)], payer=buyer, now=now)

    assert nothing_happened(poster, stock=10)


def test_the_same_product_on_two_lines_counts_together(buyer: Wallet, poster: Product, now: datetime) -> None:
    with pytest.raises(OutOfStock):
        purchases.buy([Line(poster, 6), Line(poster, 5)], payer=buyer, now=now)

    assert nothing_happened(poster, stock=10)


def test_what_is_unlimited_can_be_bought_by_the_thousand(
    buyer: Wallet, make_product: MakeProduct, now: datetime
) -> None:
    licence = make_product(price=D("0.50"))
    purchases.buy([Line(licence, 5000)], payer=buyer, now=now)

    assert left(licence) is None


def test_without_money_the_stock_stays(poor_buyer: Wallet, make_product: MakeProduct, now: datetime) -> None:
    sticker = make_product(price=D("0.02"), stock=5)
    with pytest.raises(InsufficientFunds):
        purchases.buy([Line(sticker)], payer=poor_buyer, now=now)

    assert nothing_happened(sticker, stock=5)


@pytest.mark.parametrize("fields", [{"is_published": False}, {"is_published": False, "is_removed": True}])
def test_what_is_not_published_is_not_for_sale(
    buyer: Wallet, make_product: MakeProduct, now: datetime, fields: dict[str, bool]
) -> None:
    with pytest.raises(ProductNotOnSale):
        purchases.buy([Line(make_product(**fields))], payer=buyer, now=now)


def test_a_suspended_store_sells_nothing(buyer: Wallet, store: Store, poster: Product, now: datetime) -> None:
    stores.suspend(store, reason="Complaints", now=now)
    with pytest.raises(ProductNotOnSale):
        purchases.buy([Line(Product.objects.get(id=poster.id))], payer=buyer, now=now)

    assert nothing_happened(poster, stock=10)


def test_who_is_blocked_or_the_owner_does_not_buy(
    blocked: Wallet, merchant: Wallet, poster: Product, now: datetime
) -> None:
    with pytest.raises(SourceAccountBlocked):
        purchases.buy([Line(poster)], payer=blocked, now=now)
    with pytest.raises(CannotPaySelf):
        purchases.buy([Line(poster)], payer=merchant, now=now)

    assert nothing_happened(poster, stock=10)


def test_sandboxes_know_nothing_of_one_another(buyer: Wallet, poster: Product, now: datetime) -> None:
    buyer.account.sandbox = Sandbox.objects.create(id="elsewhere")
    buyer.account.save()
    with pytest.raises(OtherSandbox):
        purchases.buy([Line(poster)], payer=buyer, now=now)


def test_one_order_is_for_one_store_and_one_currency(
    buyer: Wallet, stranger: Wallet, poster: Product, make_product: MakeProduct, now: datetime
) -> None:
    other = stores.register(stranger.account, wallet=stranger, name="Second Shop", now=now)
    stores.approve(other, now=now)
    for second in (make_product(store=other), make_product(currency_id="EUR")):
        with pytest.raises(IncorrectParameters) as refused:
            purchases.buy([Line(poster), Line(second)], payer=buyer, now=now)
        assert refused.value.field == "items"


@pytest.mark.parametrize("quantity", [0, -1, 100_000_000])
def test_a_quantity_is_a_whole_number_of_pieces(buyer: Wallet, poster: Product, now: datetime, quantity: int) -> None:
    with pytest.raises(IncorrectParameters) as refused:
        purchases.buy([Line(poster, quantity)], payer=buyer, now=now)

    assert refused.value.field == "quantity"


def test_goods_need_an_address_and_questions_an_answer(buyer: Wallet, make_product: MakeProduct, now: datetime) -> None:
    shirt = make_product(type="shipment", custom_1_title="Size")
    with pytest.raises(IncorrectParameters) as refused:
        purchases.buy([Line(shirt)], payer=buyer, address=BERLIN, now=now)
    assert refused.value.field == "custom_1_value"
    assert "Size" in str(refused.value)
    with pytest.raises(IncorrectParameters) as refused:
        purchases.buy([Line(shirt, custom_1_value="XL")], payer=buyer, now=now)
    assert refused.value.field == "address"


def test_a_charge_for_shipping_wants_to_know_where_to(buyer: Wallet, make_product: MakeProduct, now: datetime) -> None:
    album = make_product(shipping=D("4.00"))
    with pytest.raises(IncorrectParameters) as refused:
        purchases.buy([Line(album)], payer=buyer, now=now)
    assert refused.value.field == "address"


def test_who_was_shown_another_price_does_not_pay_the_new_one(buyer: Wallet, poster: Product, now: datetime) -> None:
    with pytest.raises(PriceChanged, match=r"it is 100\.00 USD now"):
        purchases.buy([Line(poster)], payer=buyer, expected_total=D("90.00"), now=now)

    assert nothing_happened(poster, stock=10)


def test_a_button_pressed_twice_buys_once(buyer: Wallet, poster: Product, now: datetime) -> None:
    key = uuid.uuid4()
    first = purchases.buy([Line(poster)], payer=buyer, key=key, now=now)
    second = purchases.buy([Line(poster)], payer=buyer, key=key, now=now)

    assert first == second
    assert left(poster) == 9
    assert Transaction.objects.filter(kind="marketplace").count() == 1


def test_a_key_belongs_to_who_used_it_first(buyer: Wallet, stranger: Wallet, poster: Product, now: datetime) -> None:
    key = uuid.uuid4()
    purchases.buy([Line(poster)], payer=buyer, key=key, now=now)
    with pytest.raises(IncorrectParameters):
        purchases.buy([Line(poster)], payer=stranger, key=key, now=now)


def test_a_key_whose_purchase_failed_can_be_used_again(buyer: Wallet, poster: Product, now: datetime) -> None:
    key = uuid.uuid4()
    with pytest.raises(OutOfStock):
        purchases.buy([Line(poster, 11)], payer=buyer, key=key, now=now)
    purchases.buy([Line(poster, 10)], payer=buyer, key=key, now=now)

    assert left(poster) == 0


# Payment systems


def from_outside(poster: Product, outcome: payments.Outcome, now: datetime, payer: Wallet | None = None) -> Transaction:
    order = purchases.order_for([Line(poster, 4)])
    return payments.pay_from_outside(
        order, method="CC", payer=payer.account if payer else None, outcome=outcome, now=now
    )


def test_a_pending_payment_holds_its_pieces_until_it_is_approved(buyer: Wallet, poster: Product, now: datetime) -> None:
    payment = from_outside(poster, PENDING, now, payer=buyer)
    assert (payment.order.status, left(poster)) == (Order.Status.PENDING, 6)

    payments.approve(payment, now=now)
    order = Order.objects.get(transaction=payment)
    assert (order.status, order.buyer, left(poster)) == (Order.Status.PAID, buyer.account, 6)
    assert [event.kind for event in order.events.all()] == ["ordered", "paid"]


def test_a_declined_payment_gives_its_pieces_back_once(poster: Product, now: datetime) -> None:
    payment = from_outside(poster, PENDING, now)
    payments.decline(payment, now=now)
    with pytest.raises(WrongState):
        payments.decline(payment, now=now)

    assert (Order.objects.get().status, left(poster)) == (Order.Status.CANCELED, 10)


def test_a_refused_payment_takes_nothing(poster: Product, now: datetime) -> None:
    payment = from_outside(poster, REFUSED, now)

    assert payment.status == Transaction.Status.FAILED
    assert left(poster) == 10
    assert not Order.objects.exists()


def test_who_buys_without_an_account_has_an_order_of_nobody(poster: Product, now: datetime) -> None:
    payment = from_outside(poster, payments.PAID, now)

    assert payment.order.buyer is None
    assert len(payment.order.token) == 32


@pytest.mark.parametrize("outcome", [payments.PAID, PENDING])
def test_outside_money_buys_no_more_than_there_is(
    make_product: MakeProduct, now: datetime, outcome: payments.Outcome
) -> None:
    rare = make_product(stock=3)
    with pytest.raises(OutOfStock):
        from_outside(rare, outcome, now)

    assert nothing_happened(rare, stock=3)


def test_nobody_is_paid_for_what_another_sells(buyer: Wallet, stranger: Wallet, poster: Product, now: datetime) -> None:
    order = purchases.order_for([Line(poster)])
    forged = payments.Order(order.kind, stranger, "USD", order.items)
    with pytest.raises(ProductNotOnSale):
        payments.pay_from_balance(forged, payer=buyer, now=now)

    assert nothing_happened(poster, stock=10)


# Taken back


def test_a_refund_before_shipping_puts_the_pieces_back(buyer: Wallet, poster: Product, now: datetime) -> None:
    order = purchases.buy([Line(poster, 4)], payer=buyer, now=now)
    reversals.refund(order.transaction, now=now)

    order.refresh_from_db()
    assert (order.status, left(poster)) == (Order.Status.REFUNDED, 10)
    assert buyer.balance("USD") == D("10000.00")
    assert (order.events.last().kind, order.events.last().amount) == ("refunded", D("400.00"))


def test_a_refund_in_parts_puts_the_pieces_back_with_the_last(buyer: Wallet, poster: Product, now: datetime) -> None:
    order = purchases.buy([Line(poster, 4)], payer=buyer, now=now)
    reversals.refund(order.transaction, amount=D("150.00"), now=now)
    assert (Order.objects.get().status, left(poster)) == (Order.Status.PAID, 6)

    reversals.refund(order.transaction, now=now)
    assert (Order.objects.get().status, left(poster)) == (Order.Status.REFUNDED, 10)
    assert Order.objects.get().lines.get().held == 0


def test_a_chargeback_ends_the_order_too(poster: Product, now: datetime) -> None:
    payment = from_outside(poster, payments.PAID, now)
    reversals.chargeback(payment, now=now)

    order = Order.objects.get()
    assert (order.status, order.events.last().kind, left(poster)) == (Order.Status.REFUNDED, "charged_back", 10)


def test_a_refund_that_the_merchant_cannot_pay_leaves_the_order(
    buyer: Wallet, merchant: Wallet, poster: Product, now: datetime
) -> None:
    order = purchases.buy([Line(poster, 4)], payer=buyer, now=now)
    payments.send_money(payer=merchant, receiver="OK100000004", currency="USD", amount=D("10300.00"), now=now)
    with pytest.raises(InsufficientFunds):
        reversals.refund(order.transaction, now=now)

    assert (Order.objects.get().status, left(poster)) == (Order.Status.PAID, 6)


# Low stock


@pytest.mark.parametrize(("bought", "mails"), [([7], 0), ([8], 1), ([8, 1], 1), ([4, 4, 1, 1], 1), ([10], 1)])
def test_the_owner_is_told_once_that_little_is_left(
    buyer: Wallet,
    poster: Product,
    now: datetime,
    bought: list[int],
    mails: int,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    for quantity in bought:
        with django_capture_on_commit_callbacks(execute=True):
            purchases.buy([Line(poster, quantity)], payer=buyer, now=now)

    told = [message.to for message in mailoutbox if message.subject.startswith("Only")]
    assert told == [["merchant@example.com"]] * mails


def test_what_came_back_and_is_sold_again_is_told_again(
    buyer: Wallet,
    poster: Product,
    now: datetime,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        order = purchases.buy([Line(poster, 8)], payer=buyer, now=now)
        reversals.refund(order.transaction, now=now)
        purchases.buy([Line(poster, 9)], payer=buyer, now=now)

    assert [message.subject for message in mailoutbox if message.subject.startswith("Only")] == [
        "Only 2 left: OKPAY Poster",
        "Only 1 left: OKPAY Poster",
    ]


def test_every_error_names_a_field() -> None:
    for error in (OutOfStock("Poster", 1), ProductNotOnSale(), PriceChanged(D("1.00"), "USD"), OtherSandbox()):
        assert isinstance(error, PaymentError)
        assert error.field
        assert str(error)
