"""A merchant puts his seal on his web site, and a visitor clicks on it. The shop's logo is seen at the checkout."""

import io
import re

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.test_account import log_in
from tests.listener import Answer, Listener, listening
from wallets.models import OkpaySeal, Wallet

FORM = "ok_receiver=OK702746927&ok_item_1_name=Poster&ok_item_1_price=5&ok_currency=USD"


def logo() -> FilePayload:
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "teal").save(file, "PNG")
    return {"name": "logo.png", "mimeType": "image/png", "buffer": file.getvalue()}


def describe_the_shop(page: Page, site: str) -> None:
    page.goto("/account/wallets/OK702746927/shop/")
    page.get_by_label("Name of the shop").fill("Robots on paper")
    page.get_by_label("Web address of the shop").fill(site)
    page.get_by_label("Logo").set_input_files(logo())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")


def click_the_seal(page: Page, site: Listener) -> Page:
    page.goto(f"http://127.0.0.1:{site.port}/")
    graphic = page.get_by_alt_text("Click here to verify")
    assert graphic.evaluate("image => image.naturalWidth") == 168
    with page.context.expect_page() as opened:
        graphic.click()
    return opened.value


def test_from_the_generator_to_the_visitor(page: Page, merchant: Wallet) -> None:
    OkpaySeal.objects.all().delete()  # the demo merchant has put up his already
    log_in(page, "merchant")
    with listening() as site:
        describe_the_shop(page, f"http://127.0.0.1:{site.port}/")
        # "Go to Profile -> Merchant -> OKPAY Seal where you will find the seal code generator."
        page.goto("/account/profile/")
        page.get_by_role("region", name="Merchant").get_by_role("link", name="OKPAY Seal").click()
        page.get_by_label("Show the seal to everybody").check()
        page.get_by_role("button", name="Save").click()
        code = page.get_by_label("HTML code of graphic 1").input_value()
        page.get_by_role("button", name="Log out").click()
        html = f'<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>{code}</html>'
        site.will(Answer(body=html.encode(), headers=(("Content-Type", "text/html; charset=utf-8"),)))

        seal = click_the_seal(page, site)

        expect(seal.get_by_role("heading", level=1)).to_have_text("OKPAY Seal")
        expect(seal.get_by_role("main")).to_contain_text("Demo Merchant")
        expect(seal.get_by_role("main")).to_contain_text("You came from 127.0.0.1: that is this address.")

        merchant.shop.site = "https://robots.example.com/"
        merchant.shop.save()
        expect(click_the_seal(page, site).get_by_role("main")).to_contain_text("This seal is for another web site")


def test_the_shops_logo_at_the_checkout(page: Page, merchant: Wallet) -> None:
    log_in(page, "merchant")
    describe_the_shop(page, "https://robots.invalid/")
    page.get_by_role("button", name="Log out").click()

    page.goto(f"/process.html?{FORM}")

    shop = page.get_by_role("region", name="The shop")
    expect(shop).to_contain_text("Robots on paper")
    assert shop.locator("img").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [320, 160]
    with page.context.expect_page() as opened:
        shop.get_by_role("link", name="Web site").click()
    opened.value.close()
    expect(page).to_have_url(re.compile("/checkout/"))
