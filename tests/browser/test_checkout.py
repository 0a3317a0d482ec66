"""A buyer in a real browser: from the shop's button through the checkout and back to the shop."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from ipn import encoding
from sandbox.models import Sandbox
from tests.listener import Answer, Listener, Received, ask_ipn_verify, listening
from tests.official.code_samples import CODE_SAMPLES, HOST
from wallets.models import Transaction, Wallet
from wallets.money import D

PAGE = '<!doctype html><html lang="en"><title>Shop</title><h1>A shop elsewhere</h1>{}</html>'


@pytest.fixture
def shop(live_server: LiveServer, merchant: Wallet) -> Iterator[Listener]:
    """A shop on another host than the gateway's (127.0.0.1, not localhost), so that its form is a cross-site one."""
    with listening() as shop:
        sample = CODE_SAMPLES["Basic"].replace(HOST, live_server.url).replace('src="' + live_server.url, 'src="')
        serve(shop, PAGE.format(sample))
        shop.url = f"http://127.0.0.1:{shop.port}"
        Wallet.objects.filter(id=merchant.id).update(
            return_success=f"{shop.url}/thanks?order=5", return_fail=f"{shop.url}/sorry"
        )
        yield shop


def serve(shop: Listener, html: str, **headers: str) -> None:
    shop.will(Answer(body=html.encode(), headers=(("Content-Type", "text/html; charset=utf-8"), *headers.items())))


def thanks(shop: Listener) -> Received:
    """The request that brought the buyer back. A browser also asks for an icon."""
    (request,) = (request for request in shop.requests if request.target == "/thanks?order=5")
    return request


def log_in(page: Page) -> None:
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Password").fill("buyer")
    page.get_by_role("button", name="Log in").click()


def test_the_basic_form_in_a_real_browser(
    page: Page, shop: Listener, merchant: Wallet, live_server: LiveServer
) -> None:
    page.goto(shop.url)
    page.get_by_role("button", name="OKPAY Payment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in to pay")
    expect(page.get_by_role("main")).to_contain_text("Demo Merchant")
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and pay")
    expect(page.get_by_label("OKPAY balance", exact=False).first).to_be_checked()

    page.get_by_role("button", name="Pay", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("A shop elsewhere")
    payment = Transaction.objects.get(kind="payment_link")
    carried = parse_qs(urlsplit(page.url).query, keep_blank_values=True)
    assert page.url.startswith(f"{shop.url}/thanks?order=5&ok_charset=utf-8&")
    assert carried["ok_txn_id"] == [str(payment.id)]
    assert carried["ok_txn_status"] == ["completed"]
    assert payment.gross == D("100.00")
    pairs = urlsplit(page.url).query.removeprefix("order=5&")
    assert ask_ipn_verify(live_server.url, pairs.encode()) == "VERIFIED"
    # Who goes back finds it paid, and the way to the shop.
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, the payment is done")
    page.get_by_role("link", name="Back to the shop").click()
    expect(page).to_have_url(f"{shop.url}/thanks?order=5&{pairs}")
    assert Transaction.objects.filter(kind="payment_link").count() == 1


def test_who_is_logged_in_comes_from_the_shop_straight_to_the_review(page: Page, shop: Listener) -> None:
    page.goto("/account/login/")
    log_in(page)
    page.goto(shop.url)

    page.get_by_role("button", name="OKPAY Payment").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Review and pay")


def test_a_link_whose_values_nobody_encoded(page: Page, shop: Listener, live_server: LiveServer) -> None:
    link = (
        f"{live_server.url}/process.html?ok_receiver=OK702746927&ok_item_1_name=Two words, grün"
        f"&ok_item_1_price=1,000.00&ok_return_fail={shop.url}/sorry?order=5 a&ok_currency=usd"
    )
    serve(shop, PAGE.format(f'<meta charset="utf-8"><a href="{link}">Pay</a>'))
    page.goto(shop.url)

    page.get_by_role("link", name="Pay").click()

    expect(page.get_by_role("main")).to_contain_text("Two words, grün")
    expect(page.get_by_role("main")).to_contain_text("1000.00 USD")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url(f"{shop.url}/sorry?order=5%20a&*")


def test_the_shop_may_redirect_further_to_another_host(page: Page, shop: Listener, live_server: LiveServer) -> None:
    page.goto(shop.url)
    page.get_by_role("button", name="OKPAY Payment").click()
    log_in(page)
    shop.will(
        Answer(302, headers=(("Location", f"http://localhost:{shop.port}/welcome"),)), Answer(body=b"<h1>Further</h1>")
    )

    page.get_by_role("button", name="Pay", exact=True).click()

    page.wait_for_url(f"http://localhost:{shop.port}/welcome", wait_until="commit")


def test_a_return_by_post_submits_itself(page: Page, shop: Listener, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(return_method="POST")
    page.goto(shop.url)
    page.get_by_role("button", name="OKPAY Payment").click()
    log_in(page)

    page.get_by_role("button", name="Pay", exact=True).click()

    expect(page).to_have_url(f"{shop.url}/thanks?order=5")
    posted = thanks(shop)
    payment = Transaction.objects.get(kind="payment_link")
    assert posted.method == "POST"
    assert posted.variables["ok_txn_id"] == str(payment.id)
    assert posted.headers["content-type"] == "application/x-www-form-urlencoded"


def test_on_a_phone_without_javascript(
    browser: Browser, live_server: LiveServer, world: Sandbox, shop: Listener, merchant: Wallet
) -> None:
    Wallet.objects.filter(id=merchant.id).update(return_method="POST")
    context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)

    page.goto(shop.url)
    page.get_by_role("button", name="OKPAY Payment").click()
    page.get_by_role("link", name="Pay without an account").click()
    page.get_by_label("Sofort").check()
    page.get_by_label("Comment for the shop").fill("Grüße")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("A simulation")
    page.get_by_role("button", name="Paid").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Back to Demo Merchant")
    page.get_by_role("button", name="Back to the shop").click()

    expect(page).to_have_url(f"{shop.url}/thanks?order=5")
    payment = Transaction.objects.get(kind="payment_link")
    assert (payment.payment_method, payment.comment, payment.payer) == ("SF", "Grüße", None)
    assert ask_ipn_verify(live_server.url, thanks(shop).body) == "VERIFIED"
    context.close()


def test_cancel_brings_the_buyer_back_to_the_shop(page: Page, shop: Listener) -> None:
    page.goto(shop.url)
    page.get_by_role("button", name="OKPAY Payment").click()

    page.get_by_role("button", name="Cancel").click()

    page.wait_for_url(f"{shop.url}/sorry?*")
    assert "ok_txn_status=canceled" in page.url
    assert not Transaction.objects.filter(kind="payment_link").exists()


FULL = {
    "ok_receiver": "OK702746927",
    "ok_currency": "USD",
    "ok_item_1_name": "A poster with a name that is much longer than any phone is wide, and one_very_long_word_in_it",
    "ok_item_1_price": "1,234,567.89",
    "ok_item_1_type": "shipment",
    "ok_item_1_shipping": "10",
    "ok_item_1_custom_1_title": "Your nickname",
    "ok_item_2_name": "Another",
    "ok_fees": "1",
    "ok_item_1_pirce": "5",
}


def test_long_words_fit_a_small_phone(page: Page, world: Sandbox) -> None:
    page.set_viewport_size({"width": 360, "height": 640})

    def fits() -> None:
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.goto("/process.html")
    fits()
    page.goto(f"/process.html?{encoding.encode({**FULL, 'ok_fees': 'x' * 200, 'ok_ipn': 'y' * 90}.items())}")
    fits()
    page.goto(f"/process.html?{encoding.encode(FULL.items())}")
    fits()
    page.get_by_role("link", name="Open an account").click()
    fits()
    page.get_by_role("link", name="Back to the order").click()
    log_in(page)
    fits()
    page.get_by_role("group").get_by_text("other currencies").click()
    fits()
    page.get_by_label("Credit cards").check()
    page.get_by_label("Your nickname").fill("Bobby")
    page.get_by_label("Price (USD)").fill("5")
    page.get_by_role("button", name="Pay", exact=True).click()
    fits()
    page.get_by_role("button", name="Pending").click()
    fits()
    page.goto("/checkout/nowhere/")
    fits()


def test_an_error_leads_to_its_field(page: Page, world: Sandbox) -> None:
    page.goto(f"/process.html?{encoding.encode(FULL.items())}")
    log_in(page)
    page.get_by_label("Your nickname").evaluate("field => field.form.noValidate = true")
    page.get_by_role("button", name="Pay", exact=True).click()

    page.get_by_role("link", name="Your nickname: This field is required.").click()

    expect(page.get_by_label("Your nickname")).to_be_focused()
