"""The stock manager as its owner uses it, and what is bought as both sides see it."""

import io
import re
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.test import Client
from PIL import Image

from marketplace import catalogue, purchases, stores
from marketplace.models import DigitalContent, Order, Picture, Product, Store
from marketplace.purchases import Line
from tests.account.conftest import logged_in
from tests.marketplace.conftest import BERLIN, MakeProduct
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db

BASE = "/account/marketplace/"


@pytest.fixture
def seller(merchant: Wallet) -> Client:
    return logged_in(merchant)


@pytest.fixture
def as_buyer(buyer: Wallet) -> Client:
    return logged_in(buyer)


@pytest.fixture
def order(buyer: Wallet, make_product: MakeProduct, now: datetime) -> Order:
    """Two posters, to be sent to Berlin."""
    poster = make_product(type="shipment", stock=10, shipping=D("5.00"))
    return purchases.buy([Line(poster, 2)], payer=buyer, address=BERLIN, comment="Ring twice", now=now)


def png(colour: str = "green") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return SimpleUploadedFile("photo.png", file.getvalue(), "image/png")


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the product's form, as it was shown."""
    form = page[page.index("Item ID") :]
    form = form[: form.index("</form>")]
    values = dict(re.findall(r'<input type="(?:text|number|hidden)" name="(\w+)"(?: value="([^"]*)")?', form))
    values |= {name: text.strip() for name, text in re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)', form)}
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        values[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return values | ({"is_published": "on"} if "checked" in form else {})


# The store


def test_a_store_is_registered_and_waits(seller: Client, merchant: Wallet) -> None:
    assert "Register a store" in seller.get(BASE).content.decode()
    assert seller.get(f"{BASE}products/")["Location"] == f"{BASE}store/"
    sent = {
        "wallet": merchant.id,
        "name": "Tea & Co",
        "description": "Tea.",
        "url": "https://tea.example/",
        "logo": png(),
    }
    response = seller.post(f"{BASE}store/", sent, follow=True)

    store = Store.objects.get()
    assert (store.name, store.status, store.wallet, store.account) == (
        "Tea & Co",
        "pending",
        merchant,
        merchant.account,
    )
    assert "waits for approval" in response.content.decode()
    assert store.pictures.filter(product=None).count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Tea \u202eeht ni"}, "name"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"email": "nobody"}, "email"),
        ({"wallet": "OK100000001"}, "wallet"),
        ({"logo": SimpleUploadedFile("x.svg", b"<svg/>", "image/svg+xml")}, "logo"),
    ],
)
def test_a_wrong_store_is_not_registered(seller: Client, merchant: Wallet, change: dict, field: str) -> None:
    response = seller.post(f"{BASE}store/", {"wallet": merchant.id, "name": "Tea", **change})

    assert list(response.context["form"].errors) == [field]
    assert not Store.objects.exists()


def test_why_it_is_suspended_is_told(seller: Client, store: Store, now: datetime) -> None:
    stores.suspend(store, reason="Nobody got his tea <b>", now=now)

    assert "Nobody got his tea &lt;b&gt;" in seller.get(f"{BASE}products/").content.decode()


# Products


def test_a_product_of_three_fields(seller: Client, store: Store) -> None:
    sent = {"title": "Tea cup", "description": "White", "price": "12.50"}
    response = seller.post(f"{BASE}products/new/", sent, follow=True)

    product = Product.objects.get()
    assert response.redirect_chain[-1][0] == f"{BASE}products/{product.id}/"
    assert (product.title, product.price, product.currency_id, product.type) == (
        "Tea cup",
        D("12.50"),
        "EUR",
        "digital",
    )
    assert (product.stock, product.is_published) == (None, False)


def test_everything_that_can_be_said(seller: Client, store: Store, poster: Product) -> None:
    page = seller.get(f"{BASE}products/{poster.id}/").content.decode()
    sent = fields_of(page) | {
        "title": "Robot",
        "price": "1,050.00",
        "currency": "GBP",
        "type": "shipment",
        "stock": "12",
        "low_stock": "",
        "shipping": "3",
        "custom_1_title": "Colour",
    }
    seller.post(f"{BASE}products/{poster.id}/", sent)

    poster.refresh_from_db()
    assert (poster.title, poster.price, poster.currency_id, poster.type) == ("Robot", D("1050.00"), "GBP", "shipment")
    assert (poster.stock, poster.low_stock, poster.shipping, poster.article) == (12, None, D("3.00"), "555")
    assert poster.questions == [("custom_1_value", "Colour")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"description": ""}, "description"),
        ({"price": "0"}, "price"),
        ({"price": "1.234"}, "price"),
        ({"price": "12,50"}, "price"),
        ({"stock": "-1"}, "stock"),
        ({"stock": "many"}, "stock"),
        ({"currency": "XXX"}, "currency"),
        ({"type": "gold"}, "type"),
        ({"shipping": "-1"}, "shipping"),
        ({"custom_2_value": "red"}, "custom_2_title"),
        ({"article": "x" * 41}, "article"),
        ({"title": "a\0b"}, "title"),
        ({"title": "Cup\u202egpj"}, "title"),
        ({"article": "555\u200b"}, "article"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(
    seller: Client, poster: Product, change: dict[str, str], field: str
) -> None:
    sent = fields_of(seller.get(f"{BASE}products/{poster.id}/").content.decode()) | change
    response = seller.post(f"{BASE}products/{poster.id}/", sent)

    assert list(response.context["form"].errors) == [field]
    assert Product.objects.values().get() == Product.objects.filter(title="OKPAY Poster", price="100.00").values().get()


def test_who_saves_over_a_sale_is_asked_to_look_again(
    seller: Client, buyer: Wallet, poster: Product, now: datetime
) -> None:
    sent = fields_of(seller.get(f"{BASE}products/{poster.id}/").content.decode()) | {"stock": "20", "title": "New"}
    purchases.buy([Line(poster, 3)], payer=buyer, now=now)
    response = seller.post(f"{BASE}products/{poster.id}/", sent)

    page = response.content.decode()
    assert "there are 7 now" in page
    assert (Product.objects.get().stock, Product.objects.get().title) == (7, "OKPAY Poster")
    again = fields_of(page)
    assert (again["stock"], again["stock_seen"], again["title"]) == ("7", "7", "New")
    seller.post(f"{BASE}products/{poster.id}/", again | {"stock": "20"})
    assert (Product.objects.get().stock, Product.objects.get().title) == (20, "New")


def test_a_sale_does_not_hinder_who_leaves_the_stock(
    seller: Client, buyer: Wallet, poster: Product, now: datetime
) -> None:
    sent = fields_of(seller.get(f"{BASE}products/{poster.id}/").content.decode()) | {"title": "New"}
    purchases.buy([Line(poster, 3)], payer=buyer, now=now)
    seller.post(f"{BASE}products/{poster.id}/", sent)

    assert (Product.objects.get().stock, Product.objects.get().title) == (7, "New")


def test_what_a_program_changes_meanwhile_stays(seller: Client, poster: Product, now: datetime) -> None:
    sent = fields_of(seller.get(f"{BASE}products/{poster.id}/").content.decode()) | {"description": "Line\r\nby line"}
    catalogue.change(poster, now=now, price=D("120.00"), description=poster.description)
    seller.post(f"{BASE}products/{poster.id}/", sent)

    poster.refresh_from_db()
    assert (poster.price, poster.description) == (D("120.00"), "Line\r\nby line")


def test_what_both_have_changed_is_asked_and_then_saved(seller: Client, poster: Product, now: datetime) -> None:
    changes = {"price": "90.00", "title": "Cheap Poster", "is_published": ""}
    sent = fields_of(seller.get(f"{BASE}products/{poster.id}/").content.decode()) | changes
    catalogue.change(poster, now=now, price=D("120.00"), type="service")
    asked = seller.post(f"{BASE}products/{poster.id}/", sent)

    assert asked.context["form"].errors == {
        "price": ["Changed meanwhile, to: 120.00. Save again to write yours over it."]
    }
    poster.refresh_from_db()
    assert (poster.price, poster.title) == (D("120.00"), "OKPAY Poster"), "nothing is half done"

    again = fields_of(asked.content.decode())
    assert again["price"] == "90.00"
    seller.post(f"{BASE}products/{poster.id}/", again)
    poster.refresh_from_db()
    assert (poster.price, poster.title, poster.is_published) == (D("90.00"), "Cheap Poster", False)


def test_buttons_that_are_pressed_twice_count_once(seller: Client, poster: Product, order: Order) -> None:
    key = lambda page, button: re.search(rf'name="key" value="([^"]+)"(?=(?:(?!</form>).)*{button})', page, re.S)[1]  # noqa: E731
    page = seller.get(f"{BASE}products/{poster.id}/").content.decode()
    presses: list[tuple[str, dict[str, object]]] = [
        (f"products/{poster.id}/stock/", {"add": "5", "key": key(page, "Add to the stock")}),
        (f"products/{poster.id}/pictures/", {"file": png(), "key": key(page, "Add the picture")}),
        (
            "products/new/",
            {
                "title": "Cup",
                "description": "White",
                "price": "12.50",
                "key": key(seller.get(f"{BASE}products/new/").content.decode(), "Save"),
            },
        ),
        (
            "products/import/",
            {
                "pasted": "title,description,price\nPot,Blue,24.00",
                "key": key(seller.get(f"{BASE}products/import/").content.decode(), "Import"),
            },
        ),
        (
            f"orders/{order.number}/refund/",
            {"amount": "5.00", "key": key(seller.get(f"{BASE}orders/{order.number}/").content.decode(), "Refund")},
        ),
    ]
    for address, sent in presses:
        for _press in range(2):
            if "file" in sent:
                sent["file"] = png()
            assert seller.post(BASE + address, sent).status_code == 302

    poster.refresh_from_db()
    assert (poster.stock, poster.images.count()) == (15, 1)
    assert Product.objects.filter(title__in=("Cup", "Pot")).count() == 2
    assert order.events.filter(kind="refunded").count() == 1


def test_no_id_stands_twice_on_a_page(seller: Client, poster: Product) -> None:
    page = seller.get(f"{BASE}products/{poster.id}/").content.decode()
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(re.findall('name="key"', page)) == 2
    assert len(ids) == len(set(ids))


def test_a_press_that_was_refused_can_be_mended(seller: Client, poster: Product) -> None:
    sent = {"add": "-11", "key": "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a15"}
    assert seller.post(f"{BASE}products/{poster.id}/stock/", sent).status_code == 200
    assert seller.post(f"{BASE}products/{poster.id}/stock/", sent | {"add": "-10"}).status_code == 302
    assert Product.objects.get().stock == 0


def test_more_has_arrived(seller: Client, poster: Product) -> None:
    seller.post(f"{BASE}products/{poster.id}/stock/", {"add": "5"})
    assert Product.objects.get().stock == 15
    response = seller.post(f"{BASE}products/{poster.id}/stock/", {"add": "-16"})
    assert "There are 15 pieces" in response.content.decode()
    assert Product.objects.get().stock == 15


def test_the_list_is_searched_filtered_and_acted_on(seller: Client, make_product: MakeProduct, poster: Product) -> None:
    robot = make_product(title="Robot", is_published=False)
    shown = lambda query: [product.title for product in seller.get(f"{BASE}products/?{query}").context["products"]]  # noqa: E731
    assert shown("") == ["Robot", "OKPAY Poster"]
    assert shown("q=555") == shown("q=oster") == shown("show=published") == ["OKPAY Poster"]
    assert shown("show=low") == []
    assert shown("q=%00%27%22&show=nonsense&before=x") == []

    both = {"product": [poster.id, robot.id]}
    seller.post(f"{BASE}products/", both | {"do": "publish"})
    assert Product.objects.filter(is_published=True).count() == 2
    asked = seller.post(f"{BASE}products/", both | {"do": "remove"}).content.decode()
    assert "Robot" in asked
    assert Product.objects.count() == 2, "it asks first"
    seller.post(f"{BASE}products/", both | {"do": "remove", "sure": "1"})
    assert not Product.objects.exists()


def test_the_list_turns_its_pages(seller: Client, make_product: MakeProduct) -> None:
    for number in range(55):
        make_product(title=f"Thing {number}")
    first = seller.get(f"{BASE}products/")
    assert len(first.context["products"]) == 50
    second = seller.get(f"{BASE}products/?after={first.context['page'].after}")
    assert [product.title for product in second.context["products"]] == [
        f"Thing {number}" for number in (4, 3, 2, 1, 0)
    ]


def test_pictures_are_added_and_taken_away(seller: Client, poster: Product) -> None:
    address = f"{BASE}products/{poster.id}/pictures/"
    for colour in ("red", "blue"):
        seller.post(address, {"file": png(colour), "alt": colour})
    first, second = poster.images.all()
    seller.post(f"{address}{second.id}/", {"first": "1"})
    assert list(poster.images.all()) == [second, first]
    seller.post(f"{address}{second.id}/", {"remove": "1"})
    assert list(poster.images.all()) == [first]

    refused = seller.post(address, {"file": SimpleUploadedFile("a.png", b"<script>", "image/png")})
    assert "no whole JPEG" in refused.content.decode()
    assert Picture.objects.count() == 1


def test_what_buyers_get(seller: Client, poster: Product) -> None:
    address = f"{BASE}products/{poster.id}/digital/"
    seller.post(address, {"text": "Key 42", "file": SimpleUploadedFile("../book.pdf", b"%PDF")})
    content = DigitalContent.objects.get()
    assert (content.text, content.file_name, content.size) == ("Key 42", "book.pdf", 4)
    page = seller.get(f"{BASE}products/{poster.id}/").content.decode()
    assert "book.pdf" in page

    seller.post(address, {"remove_file": "1"})
    assert not DigitalContent.objects.get().has_file


# The price list


def test_the_price_list_goes_out_and_comes_in(seller: Client, poster: Product) -> None:
    response = seller.get(f"{BASE}products.csv")
    text = b"".join(response).decode("utf-8-sig")
    assert response["Content-Disposition"] == 'attachment; filename="products.csv"'
    changed = text.replace("OKPAY Poster", "Big Poster")
    seller.post(f"{BASE}products/import/", {"file": SimpleUploadedFile("p.csv", changed.encode("utf-8-sig"))})

    assert Product.objects.get().title == "Big Poster"


def test_one_wrong_row_stops_all_unless_told_otherwise(seller: Client, store: Store) -> None:
    rows = "title,description,price\nCup,White,12.50\nPot,Blue,free\n"
    page = seller.post(f"{BASE}products/import/", {"file": SimpleUploadedFile("p.csv", rows.encode())})
    shown = page.content.decode()
    assert "1 row is wrong" in shown
    assert "Pot,Blue,free" in shown, "to be corrected in place"
    assert not Product.objects.exists()

    page = seller.post(f"{BASE}products/import/", {"pasted": rows, "only_good": "on"})
    assert "1 new, 0 changed, 1 left out" in page.content.decode()
    assert Product.objects.get().title == "Cup"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Paste rows or choose a file"),
        ({"file": SimpleUploadedFile("p.csv", b"\xff\xfe\x00")}, "no text in UTF-8"),
        (
            {"file": SimpleUploadedFile("p.csv", "title;price\nKäse;1".encode("cp1252"))},
            "Save your list as “CSV UTF-8”",
        ),
        ({"file": SimpleUploadedFile("p.xlsx", b"PK\x03\x04\x14\0\0\0\x08")}, "Save your list as “CSV UTF-8”"),
        ({"file": SimpleUploadedFile("p.csv", b"x" * (2 * 1024 * 1024 + 1))}, "at most 2 MB"),
        ({"pasted": "hello"}, "first row"),
    ],
)
def test_what_is_no_price_list_is_refused(seller: Client, store: Store, sent: dict, words: str) -> None:
    response = seller.post(f"{BASE}products/import/", sent)

    assert response.status_code == 200
    assert len(response.context["form"].errors) == 1
    assert words in response.content.decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_spreadsheet_calls_unicode_is_read(seller: Client, store: Store, encoding: str) -> None:
    rows = "title\tdescription\tprice\r\nКружка\tGrün 🍵\t12,50\r\n".encode(encoding)
    seller.post(f"{BASE}products/import/", {"file": SimpleUploadedFile("p.txt", rows)})

    cup = Product.objects.get()
    assert (cup.title, cup.description, cup.price) == ("Кружка", "Grün 🍵", D("12.50"))


# Orders


def test_an_order_is_shipped_delivered_and_given_back(
    seller: Client,
    as_buyer: Client,
    order: Order,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: object,
) -> None:
    address, seen = f"{BASE}orders/{order.number}/", f"{BASE}purchases/{order.number}/"
    page = seller.get(address).content.decode()
    assert all(words in page for words in ("Lindenstraße 5", "Ring twice", "buyer@example.com", "205.00 USD"))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        seller.post(f"{address}ship/", {"tracking": "Parcel <4711>"})
        seller.post(f"{address}ship/", {"tracking": "again"})
    assert "Parcel &lt;4711&gt;" in as_buyer.get(seen).content.decode()
    told = mailoutbox[0]
    assert (told.to, told.subject) == (["buyer@example.com"], f"Your order {order.number} is on its way")
    assert "Parcel <4711>" in told.body
    assert len(mailoutbox) == 1

    seller.post(f"{address}refund/", {"amount": "5.00"})
    seller.post(f"{address}deliver/")
    order.refresh_from_db()
    assert order.status == Order.Status.DELIVERED
    seller.post(f"{address}refund/", {"amount": "200.01"})
    assert order.transaction.reversals.count() == 1, "only 200.00 are left"
    seller.post(f"{address}refund/", {})
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    by = [event.by.email if event.by else None for event in order.events.all()]
    assert by == [None, *["merchant@example.com"] * 4]
    assert "200.00 USD" in as_buyer.get(seen).content.decode()


def test_nobody_but_the_seller_acts_on_an_order(as_buyer: Client, order: Order) -> None:
    address = f"{BASE}orders/{order.number}/"
    for act in ("ship", "deliver", "refund"):
        assert as_buyer.post(f"{address}{act}/")["Location"] == f"{BASE}store/", "he has no store"

    order.refresh_from_db()
    assert order.status == Order.Status.PAID


def test_orders_are_filtered(seller: Client, as_buyer: Client, order: Order) -> None:
    for client, page in ((seller, "orders"), (as_buyer, "purchases")):
        assert [each.number for each in client.get(f"{BASE}{page}/").context["orders"]] == [order.number]
        assert client.get(f"{BASE}{page}/?status=shipped").context["orders"] == []
        assert len(client.get(f"{BASE}{page}/?status=nonsense&before=x").context["orders"]) == 1


def test_the_newest_order_comes_first_and_pages_turn(
    seller: Client, as_buyer: Client, buyer: Wallet, make_product: MakeProduct, now: datetime
) -> None:
    tip = make_product(title="Tip", price=D("0.50"))
    numbers = [purchases.buy([Line(tip)], payer=buyer, now=now).number for _ in range(52)]
    for client, page in ((seller, "orders"), (as_buyer, "purchases")):
        first = client.get(f"{BASE}{page}/").context
        assert [order.number for order in first["orders"]] == numbers[:1:-1]
        second = client.get(f"{BASE}{page}/?after={first['page'].after}").context
        assert [order.number for order in second["orders"]] == numbers[1::-1]
        assert second["page"].after == ""
    assert seller.get(BASE).context["sold"][0].number == numbers[-1]


def test_a_page_of_orders_asks_no_more_for_more(
    seller: Client, buyer: Wallet, order: Order, now: datetime, django_assert_max_num_queries: object
) -> None:
    product = order.lines.get().product
    for _ in range(5):
        purchases.buy([Line(product)], payer=buyer, address=BERLIN, now=now)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        seller.get(f"{BASE}orders/")


def test_the_buyer_gets_a_receipt_and_the_seller_an_order(
    buyer: Wallet,
    make_product: MakeProduct,
    now: datetime,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: object,
) -> None:
    book = make_product(title="A book\r\nBcc: all@example.com", article="B-1", price=D("9.90"))
    catalogue.set_digital_text(book, "The butler did it.", now=now)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        order = purchases.buy([Line(book, 2)], payer=buyer, now=now)

    receipt, sold = mailoutbox
    assert (receipt.to, sold.to) == (["buyer@example.com"], ["merchant@example.com"])
    assert receipt.subject == f"Your order {order.number} at Demo Store"
    assert "19.80 USD" in receipt.body
    assert "help@demo.example" in receipt.body
    assert f"/account/marketplace/purchases/{order.number}/" in receipt.body
    assert f"/account/marketplace/orders/{order.number}/" in sold.body
    assert not receipt.cc
    assert not receipt.bcc
    assert "butler" not in receipt.body + sold.body, "a mailbox is no place for what was paid for"


def test_a_file_is_only_for_who_has_bought_it(
    as_buyer: Client, buyer: Wallet, stranger: Wallet, seller: Client, make_product: MakeProduct, now: datetime
) -> None:
    book, other = make_product(title="Book"), make_product(title="Other")
    for product in (book, other):
        catalogue.set_digital_file(product, "Grüße.txt", b"Once", now=now)
    order = purchases.buy([Line(book)], payer=buyer, now=now)
    address = f"{BASE}purchases/{order.number}/files/"

    response = as_buyer.get(f"{address}{book.id}/")
    assert response.content == b"Once"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt"
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert as_buyer.get(f"{address}{other.id}/").status_code == 404
    for client in (seller, logged_in(stranger)):
        assert client.get(f"{address}{book.id}/").status_code == 404
    assert Client().get(f"{address}{book.id}/").status_code == 302

    seller.post(f"{BASE}orders/{order.number}/refund/", {})
    assert as_buyer.get(f"{address}{book.id}/").status_code == 404, "he has his money back"
