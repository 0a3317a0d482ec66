"""The top of the checkout: the shop in its own words, which can do nothing but be read."""

import io
import re

import pytest
from django.test import Client
from PIL import Image

from checkout.models import CheckoutSession
from marketplace import pictures, seed
from marketplace.models import Product, Store
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import Open
from wallets import shops
from wallets.models import Wallet

SAYS = {
    "name": "Tea <script>alert(1)</script>",
    "description": "Leaves & <img src=https://evil.example/x.png> cups",
    "site": 'https://tea.example.com/"onclick="x',
    "email": "help@tea.example.com",
    "phone": "+44 20 7946 0018",
    "support_url": "https://tea.example.com/help",
}


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 32), "teal").save(file, "PNG")
    return file.getvalue()


def front(content: str) -> str:
    """The section of the shop, "" where there is none."""
    found = re.search(r'<section class="shop-front".*?</section>', content, re.DOTALL)
    return found[0] if found else ""


def test_who_says_nothing_has_nothing_there(open_session: Open) -> None:
    content = Client().get(f"/checkout/{open_session().token}/").content.decode()

    assert front(content) == ""
    assert "Demo Merchant" in content


def test_the_shop_stands_at_the_top_as_text(open_session: Open, merchant: Wallet, world: Sandbox) -> None:
    shops.describe(merchant, SAYS, logo=png(), now=clock.now(world))
    session = open_session()

    content = Client().get(f"/checkout/{session.token}/").content.decode()

    shop = front(content)
    assert content.index(shop) < content.index("<h1>")
    assert "Tea &lt;script&gt;alert(1)&lt;/script&gt;" in shop
    assert "<script" not in shop
    assert "help@tea.example.com" in shop
    assert "+44 20 7946 0018" in shop
    assert "Demo Merchant" in content  # who gets the money is said by us
    # One picture, and from here.
    assert re.findall(r'<img[^>]* src="([^"]*)"', shop) == [f"/shop-logos/{merchant.shop.logo.name}.webp"]
    assert 'width="64" height="32"' in shop
    # Every link is as it was written, and opens elsewhere without saying where one comes from.
    links = re.findall(r"<a ([^>]*)>", shop)
    assert links[:2] == [
        'href="https://tea.example.com/&quot;onclick=&quot;x" target="_blank" rel="nofollow noopener noreferrer"',
        'href="https://tea.example.com/help" target="_blank" rel="nofollow noopener noreferrer"',
    ]
    assert links[2:] == ['href="mailto:help@tea.example.com"']


@pytest.mark.parametrize("page", ["guest/", "register/", "receipt/"])
def test_it_stands_on_every_page_of_the_order(open_session: Open, merchant: Wallet, world: Sandbox, page: str) -> None:
    shops.describe(merchant, SAYS, logo=None, now=clock.now(world))
    session = open_session()
    if page == "receipt/":
        Client().post(f"/checkout/{session.token}/cancel/")

    assert "Customer support" in front(Client().get(f"/checkout/{session.token}/{page}").content.decode())


def test_another_wallet_is_another_shop(open_session: Open, stranger: Wallet, world: Sandbox) -> None:
    shops.describe(stranger, SAYS, logo=None, now=clock.now(world))

    assert front(Client().get(f"/checkout/{open_session().token}/").content.decode()) == ""


@pytest.fixture
def store(world: Sandbox) -> Store:
    seed.categories()
    seed.demo_store(world, now=clock.now(world))
    return Store.objects.get(account__sandbox=world)


def buy(store: Store) -> CheckoutSession:
    product = Product.objects.filter(store=store, is_published=True).exclude(stock=0).first()
    assert product
    answer = Client().post("/marketplace/buy/", {"product": product.id, "quantity": 1})
    return CheckoutSession.objects.get(token=answer["Location"].split("/")[2])


def test_in_the_marketplace_the_store_sells(store: Store, merchant: Wallet, world: Sandbox) -> None:
    shops.describe(merchant, SAYS, logo=png(), now=clock.now(world))
    Store.objects.filter(id=store.id).update(name="Robots & more", description="<b>" + "long " * 200)
    logo = pictures.set_logo(store, pictures.draw(png()), now=clock.now(world))

    shop = front(Client().get(f"/checkout/{buy(store).token}/").content.decode())

    assert "Robots &amp; more" in shop
    assert "Tea" not in shop
    assert "&lt;b&gt;long" in shop
    assert len(shop) < 1500  # what is too long for a checkout is cut
    address = f"/marketplace/pictures/{logo.name}/small.webp"
    assert f'src="{address}"' in shop
    assert Client().get(address).status_code == 200


def test_a_store_that_sells_no_more_is_not_shown(store: Store, merchant: Wallet, world: Sandbox) -> None:
    session = buy(store)
    Store.objects.filter(id=store.id).update(status=Store.Status.SUSPENDED)

    assert store.name not in front(Client().get(f"/checkout/{session.token}/").content.decode())
