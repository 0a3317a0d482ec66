"""What anybody sees of the Marketplace."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace import purchases, stores, windows
from marketplace.models import Category, OneClick, Order, Product, Store
from marketplace.purchases import Line
from marketplace.windows import PAGE
from tests.marketplace.conftest import MakeProduct
from wallets import deposits
from wallets.models import User, Wallet
from wallets.money import D


def page_of(client: Client, path: str = "/marketplace/", **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'good-title">([^<]+)<', page.split('id="all-heading"')[-1])


def fields_of(page: str) -> dict[str, str]:
    """What a browser sends of the page's form to buy, as it was shown."""
    tags = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input [^>]*>", page)]
    return {tag["name"]: tag["value"] for tag in tags if tag["type"] in ("hidden", "number")}


@pytest.fixture
def buyers_client(buyer: Wallet) -> Client:
    client = Client()
    client.force_login(User.objects.get(account=buyer.account))
    return client


def test_the_newest_come_first_page_by_page(client: Client, make_product: MakeProduct) -> None:
    for number in range(PAGE + 2):
        make_product(title=f"Cup {number}")

    first = titles(page_of(client))
    second = titles(page_of(client, after=str(Product.objects.get(title="Cup 2").id)))

    assert first[0] == f"Cup {PAGE + 1}"
    assert len(first) == PAGE
    assert second == ["Cup 1", "Cup 0"]


def test_search_knows_beginnings_of_words_everywhere(client: Client, make_product: MakeProduct) -> None:
    make_product(title="Blue tea cup", description="Porcelain")
    make_product(title="Poster", description="Tea time, printed", article="")
    make_product(title="Чашка", description="Фарфор", article="")

    assert set(titles(page_of(client, q="tea"))) == {"Blue tea cup", "Poster"}
    assert titles(page_of(client, q="porc blu")) == ["Blue tea cup"]
    assert titles(page_of(client, q="чаш")) == ["Чашка"]
    assert titles(page_of(client, q="saucer")) == []


@pytest.mark.parametrize("rare", [0, 1, 1000])
def test_rare_and_common_words_are_found_in_the_same_order(
    client: Client, make_product: MakeProduct, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(windows, "RARE", rare)
    for title in ("Tea cup", "Poster", "Tea pot"):
        make_product(title=title, description="Good", article="")

    assert titles(page_of(client, q="tea")) == ["Tea pot", "Tea cup"]
    assert titles(page_of(client, q="post")) == ["Poster"]
    assert titles(page_of(client, q="saucer")) == []


@pytest.mark.parametrize("search", ["' OR 1=1 --", "a & | ! ( ) :*", "\0", "%", "\\", "<script>", "!!!", "x" * 5000])
def test_any_search_is_answered(client: Client, make_product: MakeProduct, search: str) -> None:
    make_product()

    page = page_of(client, q=search)

    assert "<script>" not in page


def test_prices_are_ordered_within_a_currency(client: Client, make_product: MakeProduct) -> None:
    for price, currency in (("5.00", "EUR"), ("2.00", "EUR"), ("9.00", "EUR"), ("1.00", "USD")):
        make_product(title=f"{price} {currency}", price=D(price), currency_id=currency)

    assert titles(page_of(client, sort="cheapest", currency="EUR")) == ["2.00 EUR", "5.00 EUR", "9.00 EUR"]
    assert titles(page_of(client, sort="dearest", currency="EUR")) == ["9.00 EUR", "5.00 EUR", "2.00 EUR"]


def test_a_category_holds_its_own(client: Client, make_product: MakeProduct) -> None:
    books = Category.objects.create(slug="some-books", name="Some books")
    make_product(title="A book", category=books)
    make_product(title="A cup")

    assert titles(page_of(client, category="some-books")) == ["A book"]
    assert client.get("/marketplace/", {"category": "none"}).status_code == 404


@pytest.mark.parametrize("query", [{"page": "0"}, {"page": "-1"}, {"page": "x"}, {"sort": "x"}, {"currency": "€€€"}])
def test_what_an_address_cannot_mean_is_left_out(client: Client, poster: Product, query: dict[str, str]) -> None:
    assert titles(page_of(client, **query)) == ["OKPAY Poster"]


def test_what_is_not_on_sale_is_nowhere(client: Client, make_product: MakeProduct, store: Store, now: datetime) -> None:
    hidden = make_product(title="Hidden", is_published=False)
    shown = make_product(title="Shown")

    assert titles(page_of(client)) == ["Shown"]
    assert client.get(f"/marketplace/products/{hidden.id}/").status_code == 404

    stores.suspend(store, reason="why", now=now)

    assert titles(page_of(client)) == []
    assert client.get(f"/marketplace/products/{shown.id}/").status_code == 404
    assert client.get(f"/marketplace/stores/{store.id}/").status_code == 404


def test_an_exclusive_offer_is_for_registered_users(
    client: Client, buyers_client: Client, make_product: MakeProduct
) -> None:
    offer = make_product(title="Only for you", members_only=True)

    assert "Only for you" not in page_of(client)
    assert client.get(f"/marketplace/products/{offer.id}/").status_code == 404
    assert client.post("/marketplace/buy/", {"product": offer.id, "quantity": "1", "next": "/marketplace/"}).url == (
        "/marketplace/"
    )
    assert "Exclusive offers for you" in page_of(buyers_client)
    assert buyers_client.get(f"/marketplace/products/{offer.id}/").status_code == 200


def test_exclusive_offers_stand_in_the_private_space(
    buyers_client: Client, make_product: MakeProduct, poster: Product
) -> None:
    heading = "Exclusive offers for you"
    assert heading not in page_of(buyers_client, "/account/marketplace/")
    make_product(title="First print", members_only=True)
    make_product(title="Gone", members_only=True, stock=0)

    for path in ("/account/marketplace/", "/marketplace/"):
        page = page_of(buyers_client, path)
        offers = page[page.index(heading) : page.index("</section>", page.index(heading))]
        assert re.findall(r'good-title">([^<]+)<', offers) == ["First print"]


def test_the_popular_are_what_sold_of_late(
    client: Client, make_product: MakeProduct, buyer: Wallet, now: datetime
) -> None:
    popular, other, old = (make_product(title=title, currency_id="EUR", price=D("1.00")) for title in ("P", "O", "Old"))
    purchases.buy([Line(popular, 3)], payer=buyer, now=now)
    purchases.buy([Line(other, 2)], payer=buyer, now=now)
    long_ago = purchases.buy([Line(old, 9)], payer=buyer, now=now)
    Order.objects.filter(pk=long_ago.pk).update(created_at=timezone.now() - timedelta(days=40))

    page = page_of(client)

    section = page.split('id="popular-heading"')[1].split('id="all-heading"')[0]
    assert re.findall(r'good-title">([^<]+)<', section)[:2] == ["P", "O"]
    assert "P" in re.findall(r'good-title">([^<]+)<', page_of(client, "/"))


def test_a_product_page_says_all_and_escapes_it(client: Client, make_product: MakeProduct) -> None:
    product = make_product(
        title="<b>Cup</b>", description="Line\n<script>alert(1)</script>", shipping=D("2.50"), tax=D("0.19"), stock=3
    )

    page = page_of(client, f"/marketplace/products/{product.id}/")

    assert "<b>Cup</b>" not in page
    assert "<script>alert" not in page
    for words in ("100.00 USD", "2.50 USD", "0.19 USD", "3 pieces in stock", 'itemprop="price" content="100.00"'):
        assert words in page


def test_what_machines_read_is_the_same_in_every_language(
    client: Client, buyers_client: Client, make_product: MakeProduct
) -> None:
    robot = make_product(price=D("1234.50"), shipping=D("4.90"), type="shipment", stock=1200)
    for each in (client, buyers_client):
        each.cookies["okpay_language"] = "de"
    page = page_of(client, f"/marketplace/products/{robot.id}/")
    assert "1234,50 USD" in page
    assert 'itemprop="price" content="1234.50"' in page
    assert 'max="1200"' in page

    to_buy = page_of(buyers_client, f"/marketplace/products/{robot.id}/buy/", quantity="1100")
    assert fields_of(to_buy)["terms"] == "USD 1234.50 4.90 0.00 0.00"
    assert fields_of(to_buy)["pieces"] == "1100"
    assert "Deutschland" in to_buy


def test_a_store_page(client: Client, store: Store, poster: Product) -> None:
    page = page_of(client, f"/marketplace/stores/{store.id}/")

    assert "Demo Store" in page
    assert "help@demo.example" in page
    assert titles(page) == ["OKPAY Poster"]


class TestBuyNow:
    def test_one_look_then_paid(self, buyers_client: Client, poster: Product, buyer: Wallet) -> None:
        asked = buyers_client.post(f"/marketplace/products/{poster.id}/one-click/", {"quantity": "2"})
        page = page_of(buyers_client, asked.url.split("?")[0], quantity="2")
        assert "200.00 USD" in page
        key = re.search(r'name="key" value="([^"]+)"', page)[1]
        form = {"quantity": "2", "wallet": buyer.id, "key": key, "comment": ""}

        first = buyers_client.post(f"/marketplace/products/{poster.id}/buy/", form)
        second = buyers_client.post(f"/marketplace/products/{poster.id}/buy/", form)

        assert first.status_code == 302
        assert second.url == first.url
        poster.refresh_from_db()
        assert poster.stock == 8
        assert buyer.balance("USD") == D("9800.00")

    def test_one_click_pays_and_twice_the_same_click_pays_once(
        self, buyers_client: Client, poster: Product, buyer: Wallet, now: datetime
    ) -> None:
        OneClick.objects.create(account=buyer.account, since=now)
        page = page_of(buyers_client, f"/marketplace/products/{poster.id}/")
        key = re.search(r'name="key" value="([^"]+)"', page)[1]

        for _press in range(2):
            done = buyers_client.post(f"/marketplace/products/{poster.id}/one-click/", {"quantity": "1", "key": key})
            assert done.status_code == 302

        assert Order.objects.count() == 1
        assert buyer.balance("USD") == D("9900.00")

        buyers_client.post("/marketplace/ask-again/")
        assert not OneClick.objects.exists()

    def test_what_is_missing_is_asked_and_nothing_is_bought(
        self, buyers_client: Client, make_product: MakeProduct, buyer: Wallet, now: datetime
    ) -> None:
        OneClick.objects.create(account=buyer.account, since=now)
        shirt = make_product(title="Shirt", custom_1_title="Size")
        page = page_of(buyers_client, f"/marketplace/products/{shirt.id}/")
        key = re.search(r'name="key" value="([^"]+)"', page)[1]

        asked = buyers_client.post(f"/marketplace/products/{shirt.id}/one-click/", {"quantity": "1", "key": key})

        assert asked.status_code == 422
        assert "Size" in asked.content.decode()
        assert not Order.objects.exists()

    def test_more_than_there_is_is_refused_beside_the_field(
        self, buyers_client: Client, poster: Product, buyer: Wallet
    ) -> None:
        key = "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a11"

        refused = buyers_client.post(
            f"/marketplace/products/{poster.id}/buy/", {"quantity": "11", "wallet": buyer.id, "key": key}
        )

        assert refused.status_code == 422
        assert not Order.objects.exists()
        assert buyer.balance("USD") == D("10000.00")

    @pytest.mark.parametrize(
        ("asked", "offered", "total", "words"),
        [
            ("10", "10", "1000.00", ""),
            ("11", "10", "1000.00", "Of “OKPAY Poster” only 10 pieces are left."),
            ("99999999", "10", "1000.00", "only 10 pieces are left."),
            ("0", "1", "100.00", "Write a whole number of pieces, at least 1."),
            ("²", "1", "100.00", "Write a whole number of pieces, at least 1."),
            ("many", "1", "100.00", "Write a whole number of pieces, at least 1."),
            ("1" * 5000, "1", "100.00", "Write a whole number of pieces, at least 1."),
        ],
    )
    def test_what_can_be_had_is_said_at_once(
        self, buyers_client: Client, poster: Product, asked: str, offered: str, total: str, words: str
    ) -> None:
        page = page_of(buyers_client, f"/marketplace/products/{poster.id}/buy/", quantity=asked)

        field = re.search(r'<input type="number"[^>]*name="quantity"[^>]*>', page)[0]
        assert f'value="{offered}"' in field
        assert 'max="10"' in field
        assert f"{total} USD" in page
        assert words in page
        assert ("banner warning" in page) is bool(words)

    def test_what_is_sold_out_is_not_offered(self, buyers_client: Client, make_product: MakeProduct) -> None:
        page = page_of(buyers_client, f"/marketplace/products/{make_product(stock=0).id}/buy/")

        assert "Sold out at present." in page
        assert "Confirm and pay" not in page

    def test_the_owner_is_led_to_what_is_his(self, client: Client, merchant: Wallet, poster: Product) -> None:
        client.force_login(User.objects.get(account=merchant.account))

        led = client.get(f"/marketplace/products/{poster.id}/buy/")
        assert led.url == f"/marketplace/products/{poster.id}/"

    def test_another_number_than_the_one_shown_is_priced_before_it_is_paid(
        self, buyers_client: Client, poster: Product, buyer: Wallet
    ) -> None:
        address = f"/marketplace/products/{poster.id}/buy/"
        form = fields_of(page_of(buyers_client, address, quantity="2")) | {"wallet": buyer.id, "quantity": "3"}

        asked = buyers_client.post(address, form)
        assert asked.status_code == 422
        assert "3 pieces come to 300.00 USD. Nothing is bought yet" in asked.content.decode()
        assert not Order.objects.exists()

        too_many = buyers_client.post(address, form | {"quantity": "12"})
        assert "only 10 pieces are left." in too_many.content.decode()

        confirmed = buyers_client.post(address, form | {"pieces": fields_of(asked.content.decode())["pieces"]})
        assert confirmed.status_code == 302
        assert buyer.balance("USD") == D("9700.00")

    @pytest.mark.parametrize(
        ("change", "now_at"),
        [
            ({"price": D("120.00")}, "240.00 USD"),
            ({"shipping2": D("1.00")}, "201.00 USD"),
            ({"currency_id": "EUR"}, "200.00 EUR"),
        ],
    )
    @pytest.mark.parametrize("way", ["buy", "one-click"])
    def test_nobody_pays_a_price_that_he_was_not_shown(
        self,
        buyers_client: Client,
        poster: Product,
        buyer: Wallet,
        now: datetime,
        way: str,
        change: dict[str, object],
        now_at: str,
    ) -> None:
        if way == "one-click":
            OneClick.objects.create(account=buyer.account, since=now)
        seen = page_of(buyers_client, f"/marketplace/products/{poster.id}/{'buy/' if way == 'buy' else ''}")
        form = fields_of(seen) | {"wallet": buyer.id, "quantity": "2", "pieces": "2"}
        Product.objects.filter(id=poster.id).update(**change)

        refused = buyers_client.post(f"/marketplace/products/{poster.id}/{way}/", form)

        assert refused.status_code == 422
        assert f"The price has changed meanwhile: it is {now_at} now." in refused.content.decode()
        assert not Order.objects.exists()
        shown = fields_of(refused.content.decode()) | {"wallet": buyer.id}
        assert buyers_client.post(f"/marketplace/products/{poster.id}/buy/", shown).status_code == 302

    @pytest.mark.parametrize("quantity", ["²", "1" * 5000, "1e3", "-1", "", "\0"])
    def test_what_is_no_number_is_refused_beside_its_field(
        self, buyers_client: Client, poster: Product, buyer: Wallet, quantity: str
    ) -> None:
        form = {"quantity": quantity, "wallet": buyer.id, "key": "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a13"}

        refused = buyers_client.post(f"/marketplace/products/{poster.id}/buy/", form)

        assert refused.status_code == 422
        assert list(refused.context["form"].errors) == ["quantity"]
        assert "100.00 USD" in refused.content.decode()

    def test_the_wallet_that_can_pay_for_all_of_it_pays(
        self, buyers_client: Client, poster: Product, buyer: Wallet, now: datetime
    ) -> None:
        OneClick.objects.create(account=buyer.account, since=now)
        first = Wallet.objects.create(
            id="OK000000009", account=buyer.account, title="Small", created_at=buyer.created_at
        )
        deposits.deposit(first, currency="USD", amount=D("150.00"), now=now)

        form = {"quantity": "2", "key": "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a14"}
        assert buyers_client.post(f"/marketplace/products/{poster.id}/one-click/", form).status_code == 302
        assert buyer.balance("USD") == D("9800.00")

    def test_a_click_without_a_key_is_asked_and_then_buys(
        self, buyers_client: Client, poster: Product, buyer: Wallet, now: datetime
    ) -> None:
        OneClick.objects.create(account=buyer.account, since=now)
        asked = buyers_client.post(f"/marketplace/products/{poster.id}/one-click/", {"quantity": "1"})
        assert asked.status_code == 422

        form = fields_of(asked.content.decode()) | {"wallet": buyer.id}
        assert buyers_client.post(f"/marketplace/products/{poster.id}/buy/", form).status_code == 302

    def test_a_foreign_wallet_cannot_pay(self, buyers_client: Client, poster: Product, stranger: Wallet) -> None:
        key = "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a12"

        refused = buyers_client.post(
            f"/marketplace/products/{poster.id}/buy/", {"quantity": "1", "wallet": stranger.id, "key": key}
        )

        assert refused.status_code == 422
        assert not Order.objects.exists()

    def test_a_stranger_logs_in_first(self, client: Client, poster: Product) -> None:
        assert client.get(f"/marketplace/products/{poster.id}/buy/").status_code == 302


def test_the_number_of_queries_does_not_grow(
    client: Client, make_product: MakeProduct, django_assert_max_num_queries
) -> None:
    for _ in range(PAGE):
        make_product()

    with django_assert_max_num_queries(20):
        page_of(client)
