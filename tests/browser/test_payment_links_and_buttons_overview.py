"""The official page "Payment Links & Buttons Overview": "A typical payment routine", without JavaScript."""

import re

from playwright.sync_api import Page, expect

from tests.browser.test_auto_return_urls import log_in_to_pay, to_the_integration_tab
from tests.browser.walking import go
from tests.listener import Answer, listening
from wallets.models import Wallet


def test_purchasing_with_a_few_mouse_clicks(unscripted: Page, merchant: Wallet) -> None:
    page = unscripted
    with listening() as site:
        here = f"http://127.0.0.1:{site.port}"
        introduce(page, here)
        # "1. You place a payment link (button) for any of your goods or services on a page on your website."
        go(page, "Profile -> Merchant -> Payment Links & Buttons")
        page.get_by_label("Item name").fill("Robot")
        page.get_by_label("Amount").fill("50")
        page.get_by_role("button", name="Create", exact=True).last.click()
        button = page.get_by_label("HTML code").input_value()
        page.get_by_role("button", name="Log out").click()
        html = f'<!doctype html><html lang="en"><title>Robots</title><h1>Robots</h1>{button}</html>'
        site.will(Answer(body=html.encode(), headers=(("Content-Type", "text/html; charset=utf-8"),)))

        # "2. A visitor clicks on this link and is transferred to a payment processing page at OKPAY. This page may
        # contain a logo, title and description of your online store", and whom to ask for support.
        page.goto(here)
        page.get_by_role("button", name="OKPAY Payment").click()
        shop = page.get_by_role("region", name="The shop")
        for words in ("Robots & Sons", "Walking since 1921", "help@robots.example"):
            expect(shop).to_contain_text(words)
        log_in_to_pay(page)
        expect(shop).to_contain_text("Robots & Sons")
        page.get_by_role("button", name="Pay", exact=True).click()

        # "3. Once the customer has paid, he/she returns to your website, to the page that you specify"
        expect(page).to_have_url(re.compile(f"^{here}/thanks\\?.*ok_txn_gross=50.00"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Robots")


def introduce(page: Page, here: str) -> None:
    """Where customers return to, and what they read at the top of the checkout."""
    to_the_integration_tab(page)
    page.get_by_label("Success URL").fill(f"{here}/thanks")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("navigation", name="Wallet properties").get_by_role("link", name="Shop").click()
    page.get_by_label("Name").first.fill("Robots & Sons")
    page.get_by_label("Description").fill("Walking since 1921")
    page.get_by_label("E-mail").fill("help@robots.example")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_be_visible()
