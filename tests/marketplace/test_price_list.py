"""The price list: out, changed in a spreadsheet, in again; every row is checked before any is written."""

import csv
import io
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import price_list, seed, stores
from marketplace.models import Product, Store
from tests.marketplace.conftest import MakeProduct
from wallets.errors import IncorrectParameters
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db


def exported(store: Store) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(price_list.export(store))
    return file.getvalue()


def read(store: Store, *lines: str) -> list[price_list.Row]:
    return price_list.read("\n".join(lines), store)


def errors(rows: list[price_list.Row]) -> dict[int, list[str]]:
    return {row.number: [column for column, _text in row.errors] for row in rows if row.errors}


def test_what_is_exported_can_be_imported_and_changes_nothing(
    store: Store, merchant: Wallet, now: datetime, make_product: MakeProduct, poster: Product
) -> None:
    seed.categories()
    make_product(title="The end\u2028of a line", description="A\u2029B\x1cC\x85D")
    make_product(
        title="=HYPERLINK(evil)",
        description='Two lines,\nand "quotes"; semicolons',
        category_id="art",
        shipping=D("1.50"),
        custom_1_title="-Size",
        custom_2_title="'=Colour",
        members_only=True,
        is_published=False,
    )
    before = list(Product.objects.order_by("id").values())
    text = exported(store)
    assert "'=HYPERLINK(evil)" in text
    assert "'-Size" in text

    rows = price_list.read(text, store)
    assert errors(rows) == {}
    done = price_list.write(store, rows, now=now)
    assert (done.created, done.changed) == (0, 3)
    assert list(Product.objects.order_by("id").values()) == [row | {"updated_at": now} for row in before]


def test_new_ones_need_a_title_a_description_and_a_price(store: Store, now: datetime) -> None:
    rows = read(store, "title,description,price", "Tea cup,White,12.50", 'Tea pot,"Holds, a litre",24')
    price_list.write(store, rows, now=now)

    cup, pot = Product.objects.order_by("id")
    assert (cup.title, cup.price, cup.currency_id, cup.stock, cup.is_published) == (
        "Tea cup",
        D("12.50"),
        "EUR",
        None,
        False,
    )
    assert pot.description == "Holds, a litre"


def test_an_item_number_or_an_id_says_which_is_changed(
    store: Store, now: datetime, make_product: MakeProduct, poster: Product
) -> None:
    robot = make_product(title="Robot", stock=4)
    rows = read(store, "id,article,price,stock", f"{robot.id},,60.00,", ",555,110.00,12")
    assert errors(rows) == {}
    price_list.write(store, rows, now=now)

    robot.refresh_from_db()
    poster.refresh_from_db()
    assert (robot.title, robot.price, robot.stock) == ("Robot", D("60.00"), None)
    assert (poster.title, poster.price, poster.stock, poster.low_stock) == ("OKPAY Poster", D("110.00"), 12, 2)


def test_a_column_that_is_missing_changes_nothing(store: Store, now: datetime, poster: Product) -> None:
    price_list.write(store, read(store, "article;price", "555;99.00"), now=now)

    poster.refresh_from_db()
    assert (poster.price, poster.stock, poster.description, poster.is_published) == (
        D("99.00"),
        10,
        "A poster for your wall.",
        True,
    )


@pytest.mark.parametrize("divider", [";", "\t"])
def test_a_comma_before_cents_is_a_point_where_none_divides(store: Store, now: datetime, divider: str) -> None:
    rows = read(
        store,
        "title,description,price,shipping,custom_1_title,custom_1_value".replace(",", divider),
        divider.join(("Tea cup", "Holds 0,25 l", "12,50", "1.234,50", "Litres", "0,25")),
        divider.join(("Tea pot", "X", "1,250", "4,9", "", "")),
    )
    assert errors(rows) == {1: ["shipping"]}

    price_list.write(store, rows[1:], now=now)
    pot = Product.objects.get()
    assert (pot.price, pot.shipping) == (D("1250.00"), D("4.90"))
    assert rows[0].values["price"] == "12.50"
    assert rows[0].values["custom_1_value"] == "0,25"


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\ntitle;description;price\nTea;X;1.00",
        "title,description,price\rTea,X,1.00\r",
        "\ufeffsep=,\r\ntitle,description,price\r\nTea,X,1.00",
    ],
)
def test_what_spreadsheets_write_around_it_does_not_matter(store: Store, text: str) -> None:
    rows = price_list.read(text, store)

    assert errors(rows) == {}
    assert [row.title for row in rows] == ["Tea"]


def test_an_exclusive_offer_comes_in_as_one(store: Store, now: datetime, poster: Product) -> None:
    rows = read(store, "article,members_only", "555,yes", ",maybe")
    assert "members_only" in errors(rows)[2]
    price_list.write(store, rows[:1], now=now)

    poster.refresh_from_db()
    assert poster.members_only


def test_every_row_says_what_is_wrong_with_it(store: Store, stranger: Wallet, now: datetime, poster: Product) -> None:
    other = stores.register(stranger.account, wallet=stranger, name="Second Shop", now=now)
    theirs = Product.objects.create(
        store=other, title="A", description="B", price=1, currency_id="EUR", created_at=now, updated_at=now
    )
    rows = read(
        store,
        "id\ttitle\tdescription\tprice\tcurrency\ttype\tstock\tpublished\tarticle\tcategory",
        "\tGood\tFine\t1.00\teur\tservice\t5\tyes\t\t",
        "\t\tNo title\t1.00\t\t\t\t\t\t",
        "\tNo price\tX\tfree\tEUR\tgold\t-1\tperhaps\t\tnowhere",
        "\tNo currency\tX\t1.00\tXXX\t\t\t\t\t",
        f"{theirs.id}\tNot mine\tX\t1.00\t\t\t\t\t\t",
        "\tOne\tX\t1.00\t\t\t\t\tSAME\t",
        "\tTwo\tX\t1.00\t\t\t\t\tSAME\t",
        f"{poster.id}\tP\tX\t1.00\t\t\t\t\t\t\ttoo many",
    )

    assert errors(rows) == {
        2: ["title"],
        3: ["published", "price", "type", "category", "stock"],
        4: ["currency"],
        5: ["id"],
        7: [""],
        8: [""],
    }
    assert Product.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first row"),
        ("title,description,price", "first row"),
        ("title,colour\nA,red", "Not known, or twice: colour"),
        ("title,title\nA,B", "Not known, or twice: title"),
        ('title,price\n"A,1.00', "quotation mark"),
        ("title,price\n" + "A,1.00\n" * 2001, "At most 2,000"),
        ("\0\0\0", "first row"),
    ],
)
def test_what_is_no_list_is_refused(store: Store, text: str, words: str) -> None:
    with pytest.raises(IncorrectParameters, match=words):
        price_list.read(text, store)


def test_a_long_list_asks_the_database_once(store: Store) -> None:
    lines = [f"Thing {number},Good,1.00,N-{number}" for number in range(200)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rows = read(store, "title,description,price,article", *lines)

    assert errors(rows) == {}
    assert len(asked) <= 5
