"""The official page "Marketplace": from a store that is registered to a product that is sold, at a desk and on a phone.

Nobody's browser runs scripts. The seller's listener is real, and asks whether what it is told is true.
"""

import io

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Order, Product, Store
from tests.browser.inspection import DESK, PHONE
from tests.browser.walking import go, log_in
from tests.ipn_pages.conftest import worker
from tests.listener import Listener
from wallets.models import Wallet
from wallets.money import D

__all__ = ["worker"]  # a fixture


def photo() -> FilePayload:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((800, 600)).convert("RGB").save(file, "JPEG")
    return FilePayload(name="cup.jpg", mimeType="image/jpeg", buffer=file.getvalue())


@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_a_store_from_its_registration_to_a_sale(
    unscripted: Page, live_server: LiveServer, listener: Listener, worker: None, stranger: Wallet, screen: ViewportSize
) -> None:
    page = unscripted
    page.set_viewport_size(screen)
    listener.verify_at = live_server.url
    Wallet.objects.filter(id=stranger.id).update(ipn_enabled=True, ipn_url=listener.url)

    register(page, stranger)
    describe_a_product(page)
    approve(page)
    buy(page)

    order = Order.objects.get()
    assert (order.total, order.currency, order.store.account) == (D("29.90"), "EUR", stranger.account)
    assert Product.objects.get(store__account=stranger.account).stock == 3, "with every purchase it is reduced"
    told = listener.wait_for(1)[0]
    assert told.verdict == "VERIFIED"
    assert (told.variables["ok_txn_kind"], told.variables["ok_txn_gross"]) == ("marketplace", "29.90")
    assert (told.variables["ok_item_1_article"], told.variables["ok_item_1_quantity"]) == ("CUP-1", "2")
    assert told.variables["ok_item_1_id"] == str(Product.objects.get(store__account=stranger.account).id)

    buy_with_one_click(page)
    assert Product.objects.get(store__account=stranger.account).stock == 2
    assert listener.wait_for(2)[1].verdict == "VERIFIED"

    send_it(page)


def register(page: Page, seller: Wallet) -> None:
    """ "simply register in the Profile -> Merchant -> Marketplace section" """
    log_in(page, "shop")
    go(page, "Profile -> Merchant -> Marketplace")
    page.get_by_role("link", name="Register a store").click()
    page.get_by_label("Wallet").select_option(seller.id)
    page.get_by_label("Name of the store").fill("Cups of the World")
    page.get_by_label("Description").fill("Every cup there is.")
    page.get_by_label("Logo").set_input_files(photo())
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Your store is registered. Staff will look at it.")
    fits(page)


def describe_a_product(page: Page) -> None:
    """Three fields are enough: title, description, and price. "In addition, you can upload images, associate your
    product with your existing catalogue ... using the field "Item No.", indicate the available quantity" """
    page.get_by_role("link", name="Stock manager").click()
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Title").first.fill("Tea cup")
    page.get_by_label("Description").fill("Holds tea.")
    page.get_by_label("Price").fill("12.50")
    page.get_by_label("Item No.").fill("CUP-1")
    page.get_by_label("Type").select_option("Tangible goods")
    page.get_by_label("Pieces in stock").fill("5")
    page.get_by_label("Shipping", exact=False).first.fill("4.90")
    page.get_by_label("Published").check()
    page.get_by_role("button", name="Save").click()
    fits(page)
    page.get_by_label("Picture", exact=True).set_input_files(photo())
    page.get_by_label("What it shows").fill("A cup from above")
    page.get_by_role("button", name="Add the picture").click()
    expect(page.get_by_role("img", name="A cup from above")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Log out").click()
    page.goto("/marketplace/")
    expect(page.get_by_text("Tea cup")).to_have_count(0)


def approve(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail").fill("admin@example.com")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/marketplace/store/?status__exact=pending")
    page.get_by_role("link", name=str(Store.objects.get().id), exact=True).click()
    page.get_by_role("link", name="Approve").click()
    page.get_by_role("button", name="Approve").click()
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()


def buy(page: Page) -> None:
    """Popular products are "displayed on the main page", "as well as in registered users' private space"."""
    log_in(page, "buyer")
    go(page, "Profile -> Merchant -> Marketplace")
    expect(page.get_by_role("region", name="From the Marketplace")).to_contain_text("Tea cup")
    page.goto("/")
    page.get_by_role("link", name="Tea cup").click()
    expect(page.get_by_role("img", name="A cup from above")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Cups of the World").first.click()
    fits(page)
    page.get_by_role("link", name="Tea cup").click()
    page.get_by_label("Pieces").fill("2")
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Buy Tea cup")
    expect(page.get_by_role("main")).to_contain_text("29.90 EUR")
    fits(page)
    page.get_by_label("Recipient").fill("Bob Buyer")
    page.get_by_label("Street and number").fill("Lindenstraße 5")
    page.get_by_label("City").fill("Berlin")
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("Next time buy with one click").check()
    page.get_by_role("button", name="Confirm and pay").click()
    expect(page.get_by_role("status").first).to_contain_text("Bought. Thank you!")
    expect(page.get_by_role("region", name="Delivery")).to_contain_text("Lindenstraße 5")
    fits(page)


def buy_with_one_click(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Tea cup").click()
    expect(page.get_by_text("You pay with this click, without another question.")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Buy now").click()
    expect(page.get_by_role("status").first).to_contain_text("Bought. Thank you!")
    page.get_by_role("button", name="Log out").click()


def send_it(page: Page) -> None:
    log_in(page, "shop")
    go(page, "Profile -> Merchant -> Marketplace")
    page.get_by_role("link", name="2 orders", exact=True).click()
    page.get_by_role("link", name=str(Order.objects.earliest("created_at").number), exact=True).click()
    page.get_by_label("Tracking").fill("Parcel 4711")
    page.get_by_role("button", name="Mark as shipped").click()
    expect(page.get_by_text("Shipped", exact=True).first).to_be_visible()
    fits(page)


def fits(page: Page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
