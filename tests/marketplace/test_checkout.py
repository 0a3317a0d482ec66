"""From the windows through the ordinary checkout to the order: no price can be changed, the payment holds the stock."""

import re
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from checkout.models import CheckoutSession
from marketplace import catalogue, stores
from marketplace.models import Order, Product, Store
from tests.marketplace.conftest import MakeProduct
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db

BUY = "/marketplace/buy/"


@pytest.fixture
def as_buyer(buyer: Wallet) -> Client:
    client = Client()
    client.force_login(buyer.account.user)
    return client


def path_of(response: HttpResponse) -> str:
    assert response.status_code == 302, response.content
    return urlsplit(response["Location"]).path


def follow_back(client: Client, response: HttpResponse) -> str:
    """By way of /marketplace/bought/ to where the buyer ends up."""
    assert path_of(response).startswith("/marketplace/bought/")
    return path_of(client.get(response["Location"], headers={"Host": "testserver"}))


def test_from_the_window_to_the_order(as_buyer: Client, buyer: Wallet, merchant: Wallet, poster: Product) -> None:
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 2, "total": "200.00"}))
    page = as_buyer.get(checkout).content.decode()
    assert "OKPAY Poster" in page
    assert "200.00 USD" in page
    assert Product.objects.get(id=poster.id).stock == 10, "looking takes nothing"

    end = follow_back(as_buyer, as_buyer.post(checkout, {"method": "OKB"}))
    order = Order.objects.get()
    assert end == f"/account/marketplace/purchases/{order.number}/"
    assert (order.status, order.buyer, order.total) == (Order.Status.PAID, buyer.account, D("200.00"))
    assert order.transaction.kind == "marketplace"
    assert order.transaction.items.get().product_id == poster.id
    assert Product.objects.get(id=poster.id).stock == 8
    assert as_buyer.get(end).status_code == 200


def test_the_buyer_cannot_change_the_price(as_buyer: Client, poster: Product) -> None:
    forged = {"price": "1", "ok_item_1_price": "1.00", "ok_currency": "PHP", "total": "100.00"}
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 1, **forged}))
    as_buyer.post(checkout, {"method": "OKB", "ok_item_1_price": "1.00", "price": "1"})

    assert (Order.objects.get().total, Order.objects.get().currency) == (D("100.00"), "USD")


def test_a_shops_own_form_is_no_way_to_a_store(as_buyer: Client, merchant: Wallet, poster: Product) -> None:
    """Whoever sends process.html the ID of a product pays a payment link, and takes nothing from stock."""
    form = {
        "ok_receiver": merchant.id,
        "ok_currency": "USD",
        "ok_item_1_name": "Poster",
        "ok_item_1_price": "0.01",
        "ok_item_1_id": str(poster.id),
    }
    checkout = path_of(as_buyer.post("/process.html", form))
    as_buyer.post(checkout, {"method": "OKB"})

    assert Transaction.objects.latest("id").kind == "payment_link"
    assert not Order.objects.exists()
    assert Product.objects.get(id=poster.id).stock == 10


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"quantity": "0"}, "at least 1"),
        ({"quantity": "-2"}, "at least 1"),
        ({"quantity": "1.5"}, "at least 1"),
        ({"quantity": "99999999999"}, "at least 1"),
        ({"quantity": "11"}, "only 10 pieces are left"),
        ({"quantity": "1", "total": "99.00"}, "The price has changed"),
        ({"quantity": "1", "total": "cheap"}, "The price has changed"),
        ({}, "Choose a product"),
    ],
)
def test_what_is_wrong_is_told_where_the_buyer_was(
    as_buyer: Client, poster: Product, sent: dict[str, str], words: str
) -> None:
    response = as_buyer.post(BUY, {"product": poster.id, "next": "/account/marketplace/", **sent}, follow=True)

    assert response.request["PATH_INFO"] == "/account/marketplace/"
    assert words in response.content.decode()
    assert not CheckoutSession.objects.exists()


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere(as_buyer: Client, poster: Product, next_page: str) -> None:
    response = as_buyer.post(BUY, {"product": poster.id, "quantity": "0", "next": next_page})

    assert response["Location"] == "/marketplace/"


def test_what_is_no_product_is_refused(as_buyer: Client, poster: Product) -> None:
    assert as_buyer.post(BUY, {"product": "'; --", "quantity": 1}).status_code == 404
    unknown = as_buyer.post(BUY, {"product": 10**17, "quantity": 1, "next": "/account/"}, follow=True)
    assert "not for sale" in unknown.content.decode()
    assert as_buyer.get(BUY).status_code == 405


def test_a_form_from_elsewhere_is_refused(buyer: Wallet, poster: Product) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(buyer.account.user)

    assert client.post(BUY, {"product": poster.id, "quantity": 1}).status_code == 403


def test_a_guest_pays_by_card_and_keeps_his_address(make_product: MakeProduct, now: datetime) -> None:
    book = make_product(title="Book", price=D("9.90"), stock=5)
    catalogue.set_digital_text(book, "The butler did it.", now=now)
    catalogue.set_digital_file(book, "book.html", b"<script>alert(1)</script>", now=now)
    guest = Client()
    checkout = path_of(guest.post(BUY, {"product": book.id, "quantity": 1}))
    paysystem = path_of(guest.post(f"{checkout}guest/", {"method": "CC"}))
    end = follow_back(guest, guest.post(paysystem, {"outcome": "paid"}))

    order = Order.objects.get()
    assert end == f"/marketplace/orders/{order.token}/"
    assert (order.buyer, order.status) == (None, Order.Status.DELIVERED)
    page = Client().get(end).content.decode()
    assert "The butler did it." in page
    download = Client().get(f"{end}files/{book.id}/")
    assert download.content == b"<script>alert(1)</script>"
    assert download["Content-Type"] == "application/octet-stream"
    assert download["Content-Disposition"] == 'attachment; filename="book.html"'
    assert download["X-Content-Type-Options"] == "nosniff"
    assert Client().get(f"/marketplace/orders/{'A' * 32}/").status_code == 404


def test_a_pending_payment_holds_stock_and_hands_out_nothing(make_product: MakeProduct, now: datetime) -> None:
    book = make_product(title="Book", price=D("9.90"), stock=5)
    catalogue.set_digital_text(book, "The butler did it.", now=now)
    guest = Client()
    checkout = path_of(guest.post(BUY, {"product": book.id, "quantity": 2}))
    paysystem = path_of(guest.post(f"{checkout}guest/", {"method": "CC"}))
    end = follow_back(guest, guest.post(paysystem, {"outcome": "pending"}))

    assert Product.objects.get(id=book.id).stock == 3
    assert "The butler" not in guest.get(end).content.decode()
    payments.approve(Order.objects.get().transaction, now=now)
    assert "The butler" in guest.get(end).content.decode()


@pytest.mark.parametrize("outcome", ["refused", None])
def test_a_payment_that_fails_leads_back_to_the_window(poster: Product, outcome: str | None) -> None:
    guest = Client()
    checkout = path_of(guest.post(BUY, {"product": poster.id, "quantity": 1, "next": "/account/login/"}))
    paysystem = path_of(guest.post(f"{checkout}guest/", {"method": "CC"}))
    response = guest.post(paysystem, {"outcome": outcome}) if outcome else guest.post(f"{checkout}cancel/")

    assert path_of(response) == "/account/login/"
    assert Product.objects.get(id=poster.id).stock == 10
    assert not Order.objects.exists()


def test_who_pays_too_late_is_told_so_and_keeps_his_money(
    as_buyer: Client, buyer: Wallet, poster: Product, now: datetime
) -> None:
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 6}))
    Product.objects.filter(id=poster.id).update(stock=5)
    page = as_buyer.post(checkout, {"method": "OKB"})

    assert page.status_code == 200
    assert "only 5 pieces are left" in page.content.decode()
    assert buyer.balance("USD") == D("10000.00")
    assert CheckoutSession.objects.get().status == "open"


def test_a_store_that_was_closed_meanwhile_is_not_paid(
    as_buyer: Client, buyer: Wallet, store: Store, poster: Product, now: datetime
) -> None:
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 1}))
    stores.suspend(store, reason="Complaints", now=now)
    page = as_buyer.post(checkout, {"method": "OKB"})

    assert "not for sale" in page.content.decode()
    assert buyer.balance("USD") == D("10000.00")


def test_an_open_checkout_keeps_the_price_that_it_showed(as_buyer: Client, poster: Product, now: datetime) -> None:
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 1}))
    catalogue.change(poster, price=D("500.00"), now=now)
    as_buyer.post(checkout, {"method": "OKB"})

    assert Order.objects.get().total == D("100.00")


def test_several_things_and_what_the_buyer_fills_in(as_buyer: Client, make_product: MakeProduct) -> None:
    shirt = make_product(title="Shirt", type="shipment", custom_1_title="Size", shipping=D("5.00"), shipping2=D("1.00"))
    sticker = make_product(title="Sticker", price=D("1.00"))
    sent = {"product": [shirt.id, sticker.id], "quantity": [3, 10], "total": "317.00"}
    checkout = path_of(as_buyer.post(BUY, sent))
    page = as_buyer.get(checkout).content.decode()
    assert "Size" in page
    fields = dict(re.findall(r'name="(address_\w+)"[^>]*value="([^"]*)"', page))
    filled_in = {**fields, "address_country_code": "DE", "ok_item_1_custom_1_value": "XL", "method": "OKB"}
    as_buyer.post(checkout, filled_in)

    order = Order.objects.get()
    first, second = order.transaction.items.all()
    assert (order.total, first.shipping, first.custom_1_value) == (D("317.00"), D("7.00"), "XL")
    assert (second.quantity, second.gross) == (10, D("10.00"))
    assert order.transaction.delivery_address.city == "Berlin"


def test_another_clients_order_is_not_shown_by_its_token(as_buyer: Client, poster: Product, stranger: Wallet) -> None:
    checkout = path_of(as_buyer.post(BUY, {"product": poster.id, "quantity": 1}))
    as_buyer.post(checkout, {"method": "OKB"})
    order = Order.objects.get()
    other = Client()
    other.force_login(stranger.account.user)

    assert path_of(other.get(f"/marketplace/orders/{order.token}/")).endswith(f"/purchases/{order.number}/")
    assert other.get(f"/account/marketplace/purchases/{order.number}/").status_code == 404
    assert other.get(f"/marketplace/orders/{order.token}/files/{poster.id}/").status_code == 404
