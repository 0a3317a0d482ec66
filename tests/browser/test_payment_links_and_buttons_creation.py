"""The official page "How to create an OKPAY Payment Link or Button", walked through to the paid sale and its IPN."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from checkout.models import CheckoutSession, PaymentLink
from ipn.models import IpnMessage
from sandbox.models import Sandbox
from tests.browser.walking import go, log_in
from tests.listener import Answer, Listener, ask_ipn_verify, listening
from wallets.models import Transaction, Wallet
from wallets.money import D

PAGE = '<!doctype html><html lang="en"><meta charset="windows-1252"><title>Shop</title><h1>My shop</h1>{}</html>'


@pytest.fixture
def shop(merchant: Wallet) -> Iterator[Listener]:
    """The merchant's website, on another host than the gateway."""
    with listening() as shop:
        shop.url = f"http://127.0.0.1:{shop.port}"
        yield shop


def to_the_form(page: Page) -> None:
    """ "Firstly, log in to your account with OKPAY and go to: Profile -> Merchant -> Payment Links & Buttons." """
    log_in(page, "merchant")
    go(page, "Profile -> Merchant -> Payment Links & Buttons")


def paste(shop: Listener, code: str) -> None:
    """Into a page that is not even in UTF-8."""
    html = PAGE.format(code).encode("cp1252", "xmlcharrefreplace")
    shop.will(Answer(body=html, headers=(("Content-Type", "text/html"),)))


def as_buyer(browser: Browser, live_server: LiveServer) -> Page:
    context = browser.new_context(base_url=live_server.url, locale="en-GB", java_script_enabled=False)
    context.set_default_timeout(10_000)
    return context.new_page()


def test_how_to_create_an_okpay_payment_button(
    unscripted: Page, browser: Browser, live_server: LiveServer, shop: Listener, merchant: Wallet, buyer: Wallet
) -> None:
    page = unscripted
    to_the_form(page)
    # "Describe your item": wallet, item type, name, article number.
    page.get_by_label("Wallet").select_option("OK702746927")
    page.get_by_label("Item type").select_option("Services")
    page.get_by_label("Item name").fill('Robot für "R2" <b>')
    page.get_by_label("Article number").fill("777")
    # "You can set the price, or your customer can decide how much he wants to pay"
    page.get_by_label("Amount").fill("50")
    page.get_by_label("Currency").select_option("USD")
    # "Choose a graphic for your payment button"
    page.get_by_label("Buy Now, dark, with a cart").check()
    # "These settings are optional and hidden by default. You should click to Show extra details": URLs, IPN URL.
    expect(page.get_by_label("Success URL")).to_be_hidden()
    page.get_by_text("Show extra details").click()
    page.get_by_label("Success URL").fill(f"{shop.url}/thanks")
    page.get_by_label("Fail URL").fill(f"{shop.url}/sorry")
    page.get_by_label("Payment Notification (IPN) URL").fill(f"{shop.url}/ipn")
    page.get_by_label("Invoice").fill("99999")
    page.get_by_label("Encrypt the button").check()
    page.get_by_role("button", name="Create").click()

    # "'copy' the OKPAY code of your preferred payment image and insert it in your website"
    code = page.get_by_label("HTML code").input_value()
    assert "ok_item_1_price" not in code
    paste(shop, code)
    customer = as_buyer(browser, live_server)
    customer.goto(shop.url)
    customer.get_by_role("button", name="OKPAY Payment").click()
    expect(customer.get_by_role("main")).to_contain_text('Robot für "R2" <b>')
    log_in_at_checkout(customer)
    customer.get_by_role("button", name="Pay", exact=True).click()

    expect(customer).to_have_url(re.compile(f"^{re.escape(shop.url)}/thanks\\?ok_charset=utf-8&"))
    payment = Transaction.objects.get(kind="payment_link")
    assert (payment.gross, payment.currency_id, payment.status) == (D("50.00"), "USD", "completed")
    message = IpnMessage.objects.get(transaction_id=payment.id)
    assert message.url == f"{shop.url}/ipn"
    sent = dict(message.pairs)
    assert sent["ok_txn_kind"] == "payment_link"
    assert sent["ok_receiver"] == "OK702746927"
    assert (sent["ok_item_1_name"], sent["ok_item_1_article"]) == ('Robot für "R2" <b>', "777")
    assert (sent["ok_item_1_type"], sent["ok_item_1_price"], sent["ok_invoice"]) == ("service", "50.00", "99999")
    assert "ok_link" not in sent
    assert ask_ipn_verify(live_server.url, customer.url.partition("?")[2].encode()) == "VERIFIED"
    page.reload()
    expect(page.get_by_role("term").filter(has_text="Clicks").locator("+ dd")).to_contain_text("1")
    expect(page.get_by_role("term").filter(has_text="Payments").locator("+ dd")).to_contain_text("1")
    page.get_by_role("link", name="All links").click()
    saved = page.get_by_role("region", name="Saved links and buttons").get_by_role("row", name='Robot für "R2" <b>')
    expect(saved).to_contain_text("50 USD")
    customer.context.close()


def log_in_at_checkout(page: Page) -> None:
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Password").fill("buyer")
    page.get_by_role("button", name="Log in").click()


def test_a_donation_by_the_url_in_an_e_mail(
    page: Page, browser: Browser, live_server: LiveServer, merchant: Wallet
) -> None:
    to_the_form(page)
    page.get_by_label("Item type").select_option("Donations")
    page.get_by_label("Item name").fill("Our roof")
    page.get_by_label("Just a link").check()
    page.get_by_role("button", name="Create").click()
    url = page.get_by_label("URL code").input_value()
    assert "/process.html?ok_receiver=OK702746927&ok_item_1_type=donation&ok_item_1_name=Our+roof" in url

    giver = as_buyer(browser, live_server)
    giver.goto(url)
    log_in_at_checkout(giver)
    giver.get_by_label("Price (EUR)").fill("12,50")
    giver.get_by_role("button", name="Pay", exact=True).click()

    expect(giver.get_by_role("heading", level=1)).to_have_text("Thank you, the payment is done")
    payment = Transaction.objects.get(kind="payment_link")
    assert (payment.gross, payment.items.get().type) == (D("12.50"), "donation")
    giver.context.close()


def test_a_price_that_somebody_changes_in_the_page(
    page: Page, browser: Browser, live_server: LiveServer, shop: Listener, merchant: Wallet
) -> None:
    """In a plain button it counts, so merchants are told; an encrypted one is refused."""
    to_the_form(page)
    page.get_by_label("Item name").fill("Robot")
    page.get_by_label("Amount").fill("50")
    page.get_by_text("Show extra details").click()
    page.get_by_label("Encrypt the button").check()
    page.get_by_role("button", name="Create").click()
    code = page.get_by_label("HTML code").input_value()
    paste(shop, code.replace("<input", '<input type="hidden" name="ok_item_1_price" value="1"><input', 1))

    thief = as_buyer(browser, live_server)
    thief.goto(shop.url)
    thief.get_by_role("button", name="OKPAY Payment").click()

    expect(thief.get_by_role("heading", level=1)).to_have_text("This payment form cannot be used")
    expect(thief.get_by_role("row", name="ok_item_1_price")).to_contain_text("what is fixed")
    assert not CheckoutSession.objects.exists()
    thief.context.close()


def test_the_developers_form_on_a_phone_without_javascript(
    browser: Browser, live_server: LiveServer, world: Sandbox
) -> None:
    page = as_buyer(browser, live_server)
    page.set_viewport_size({"width": 360, "height": 640})
    log_in(page, "merchant")
    page.goto("/account/buttons/developer/")
    page.get_by_label("Value 3").fill("Robot")
    page.get_by_label("Value 4").fill("five")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_label("Value 4")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("Some rows are wrong")
    page.get_by_label("Value 4").fill("5")
    page.get_by_role("button", name="More rows").click()
    expect(page.get_by_label("Name 16")).to_be_visible()
    page.get_by_label("Name 16").fill("ok_fees")
    page.get_by_label("Value 16").fill("1")
    page.get_by_role("button", name="Create").click()

    link = PaymentLink.objects.get()
    assert dict(link.pairs)["ok_fees"] == "1"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"/account/buttons/{link.id}/edit/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


def test_enter_in_a_field_creates_the_button(page: Page, merchant: Wallet) -> None:
    """Not the button that comes first on the page, which only shows other graphics."""
    to_the_form(page)
    page.get_by_label("Item name").fill("Robot")
    page.get_by_label("Amount").press("Enter")
    expect(page.get_by_label("HTML code")).to_be_visible()
    assert PaymentLink.objects.count() == 1
