"""Products: made, changed, published, taken away, and what buyers of digital ones get."""

from datetime import datetime

import pytest

from marketplace import catalogue, purchases, stock
from marketplace.errors import ProductNotOnSale, StockChanged
from marketplace.models import DigitalContent, Order, Product
from marketplace.purchases import Line
from tests.marketplace.conftest import MakeProduct
from wallets.errors import IncorrectParameters
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db


def test_an_item_number_stands_for_one_product_of_a_store(
    make_product: MakeProduct, poster: Product, now: datetime
) -> None:
    robot = make_product(title="Robot")
    with pytest.raises(IncorrectParameters) as refused:
        catalogue.change(robot, article="555", now=now)
    assert refused.value.field == "article"

    catalogue.remove(poster, now=now)
    catalogue.change(robot, article="555", now=now)
    assert Product.objects.get(article="555") == robot


def test_what_nobody_has_bought_is_deleted_what_was_sold_stays(
    buyer: Wallet, make_product: MakeProduct, poster: Product, now: datetime
) -> None:
    robot = make_product(title="Robot")
    order = purchases.buy([Line(poster)], payer=buyer, now=now)
    catalogue.remove(poster, now=now)
    catalogue.remove(robot, now=now)

    assert list(Product.objects.all()) == [poster]
    assert (Product.objects.get().is_removed, Product.objects.get().is_published) == (True, False)
    assert order.lines.get().product == poster
    with pytest.raises(ProductNotOnSale):
        purchases.buy([Line(Product.objects.get())], payer=buyer, now=now)


def test_published_and_hidden(make_product: MakeProduct, poster: Product, now: datetime) -> None:
    robot = make_product(title="Robot", is_published=False)
    assert catalogue.publish([poster, robot], published=True, now=now) == 1
    assert Product.objects.filter(is_published=True).count() == 2
    assert catalogue.publish([poster, robot], published=False, now=now) == 2


def test_nobody_overwrites_what_was_sold_meanwhile(buyer: Wallet, poster: Product, now: datetime) -> None:
    purchases.buy([Line(poster, 3)], payer=buyer, now=now)
    with pytest.raises(StockChanged, match="there are 7 now"):
        stock.write(poster, 20, seen=10, now=now)
    stock.write(poster, 20, seen=7, now=now)

    assert Product.objects.get().stock == 20


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("book.pdf", "book.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\book.pdf", "book.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("line\r\nX-Header: 1.pdf", "lineX-Header_ 1.pdf"),
        ("\u202etxt.exe", "txt.exe"),
        (".htaccess", "htaccess"),
        ("  ", "file"),
        ("Grüße.pdf", "Grüße.pdf"),
        ("x" * 200 + ".pdf", "x" * 123 + ".pdf"),
    ],
)
def test_a_file_name_is_one_everywhere(given: str, kept: str) -> None:
    assert catalogue.clean_name(given) == kept
    assert len(kept) <= 127


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"x" * (10 * 1024 * 1024 + 1), "at most 10 MB")])
def test_an_empty_or_enormous_file_is_refused(poster: Product, now: datetime, content: bytes, words: str) -> None:
    with pytest.raises(IncorrectParameters, match=words):
        catalogue.set_digital_file(poster, "a", content, now=now)

    assert not DigitalContent.objects.exists()


def test_text_and_file_come_and_go(poster: Product, now: datetime) -> None:
    catalogue.set_digital_text(poster, "Key 1", now=now)
    catalogue.set_digital_file(poster, "a.txt", b"A", now=now)
    catalogue.set_digital_file(poster, "b.txt", b"BB", now=now)
    content = DigitalContent.objects.get()
    assert (content.text, content.file_name, content.size, bytes(content.file)) == ("Key 1", "b.txt", 2, b"BB")

    catalogue.remove_digital_file(poster, now=now)
    assert DigitalContent.objects.get().text == "Key 1"
    catalogue.set_digital_text(poster, "", now=now)
    assert not DigitalContent.objects.exists()


def test_what_is_digital_is_delivered_with_the_payment(
    buyer: Wallet, make_product: MakeProduct, poster: Product, now: datetime
) -> None:
    key = make_product(title="Key", price=D("1.00"))
    catalogue.set_digital_text(key, "42", now=now)

    alone = purchases.buy([Line(key)], payer=buyer, now=now)
    together = purchases.buy([Line(key), Line(poster)], payer=buyer, now=now)
    assert (alone.status, together.status) == (Order.Status.DELIVERED, Order.Status.PAID)
    assert [event.kind for event in alone.events.all()] == ["paid", "delivered"]
