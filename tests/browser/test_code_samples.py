"""The official page "Code Samples": "Click on the "Buy Now" button below to view checkout page example in action"."""

import re

from playwright.sync_api import Page, expect

from sandbox.models import Sandbox
from tests.browser.test_auto_return_urls import log_in_to_pay
from tests.official.code_samples import CODE_SAMPLES
from wallets.models import Transaction, Wallet
from wallets.money import D

# What of each form is to be seen at its checkout, by whoever is logged in.
SHOWN = {
    "Basic": ["OKPAY Poster", "100.00 USD"],
    "Basic with Invoice": ["Invoice 99999"],
    "Several Items": ["Robot", "Article 777", "150.00 USD"],
    "Items Quantity": ["3 × 100.00", "300.00 USD"],
    "Shipping": ["Where to deliver to", "110.00 USD"],
    "Taxes and Handling": ["Where to deliver to", "Handling", "7.00", "Tax", "3.00", "120.00 USD"],
    "Payment Argument": ["The shop needs to know", "Description"],
    "Custom Payment Arguments": ["Description: OKPAY Company promo wall poster", "Size: A1 Poster"],
    "Custom Price": ["You enter the price, in USD"],
    # "This amount will include total price plus transaction fee."
    "Commission on Buyer": ["Sofort", "103.00 USD", "fee 3.00"],
    "Custom Payment Options": ["Credit cards", "Sofort", "OKPAY balance"],
    # "forward Buyer directly to the particular Payment System processing page"
    "Direct Payment Processing": ["What shall it answer?", "100.00 USD"],
}


def test_every_buy_now_button_shows_its_checkout(unscripted: Page, world: Sandbox) -> None:
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Developers").click()
    page.get_by_role("link", name="Code samples").first.click()
    samples = page.get_by_role("button", name="Buy Now")
    expect(samples).to_have_count(len(CODE_SAMPLES))
    assert [*SHOWN] == [*CODE_SAMPLES]
    samples.first.click()
    log_in_to_pay(page)

    for title, shown in SHOWN.items():
        buy_now(page, title)
        main = page.get_by_role("main")
        expect(main).to_contain_text("Demo Merchant")
        for words in shown:
            expect(main).to_contain_text(words)
        if title == "Custom Payment Options":
            # "For example we will only accept Credit Cards and Sofort."
            systems = [
                name for name in page.locator(".choice-name").all_inner_texts() if name and "balance" not in name
            ]
            assert systems == ["Credit cards", "Sofort"]
        if title == "Direct Payment Processing":
            # "Buyer will no longer be able to use other than specified payment method."
            expect(page.get_by_role("heading", level=1)).to_have_text("Sofort")
            expect(page.get_by_role("link", name="Choose another payment method")).to_have_count(0)


def buy_now(page: Page, title: str) -> None:
    page.goto("/developers/code-samples/")
    page.get_by_role("region", name=title, exact=True).get_by_role("button", name="Buy Now").click()


def test_what_only_the_buyer_can_say(unscripted: Page, merchant: Wallet) -> None:
    page = unscripted
    # "Buyer will need to login to OKPAY account, select a payment method and then enter a Shipping address."
    buy_now(page, "Shipping")
    log_in_to_pay(page)
    page.get_by_label("Sofort").check()
    page.get_by_label("Recipient").fill("Bob Buyer")
    page.get_by_label("Street and number").fill("Lindenstraße 5")
    page.get_by_label("City").fill("Berlin")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("button", name="Paid").click()
    done(page)
    # "It will feature as required field in order to complete payment operation."
    buy_now(page, "Payment Argument")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and pay")
    page.get_by_label("Description").fill("To hang in the hall")
    page.get_by_role("button", name="Pay", exact=True).click()
    done(page)
    # "Buyer will need to manually enter the amount he desires to pay."
    buy_now(page, "Custom Price")
    page.get_by_label("Price (USD)").fill("7.50")
    page.get_by_role("button", name="Pay", exact=True).click()
    done(page)

    sent, argued, given = Transaction.objects.filter(kind="payment_link").order_by("created_at", "id")
    assert (sent.gross, sent.delivery_address.street) == (D("110.00"), "Lindenstraße 5")
    assert argued.items.get().custom_1_value == "To hang in the hall"
    assert given.gross == D("7.50")


def done(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("the payment is done"))
