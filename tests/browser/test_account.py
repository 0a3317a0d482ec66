"""A client at the account pages, as the official pages walk through them, on a phone and by the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from sandbox import clock
from tests.conftest import wallet as found
from wallets import mass_payments, payments
from wallets.models import Account, MassPayment, Transaction, Wallet
from wallets.money import D

PAGES = [
    "",
    "profile/",
    "profile/details/",
    "profile/password/",
    "profile/email/",
    "profile/verification/",
    "mailbox/",
    "wallets/",
    "wallets/OK702746927/",
    "wallets/OK702746927/?currency=USD&days=365",
    "wallets/OK702746927/integration/",
    "wallets/OK702746927/history/",
    "wallets/OK702746927/calls/",
    "wallets/OK702746927/shop/",
    "seal/",
    "merchant/",
    "merchant/checkouts/",
    "send/",
    "exchange/",
    "deposit/",
    "withdraw/",
    "withdraw/card-world/",
    "mass-payment/",
    "buttons/",
    "buttons/developer/",
    "buttons/keys/",
]


def log_in(page: Page, who: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(who)
    page.get_by_role("button", name="Log in").click()


def to_the_integration_tab(page: Page) -> None:
    """Steps 1 to 4 of "Setting up Auto Return" and "Presenting Your IPN Listener to OKPAY"."""
    log_in(page, "merchant")
    page.get_by_role("group", name="My Account").get_by_role("link", name="Profile").click()
    page.get_by_role("region", name="Account preferences").get_by_role("link", name="Wallets and Currencies").click()
    page.get_by_role("row", name="OK702746927").get_by_role("link", name="Properties").click()
    page.get_by_role("navigation", name="Wallet properties").get_by_role("link", name="Integration").click()


# The official procedures


def test_setting_up_auto_return(page: Page, merchant: Wallet) -> None:
    to_the_integration_tab(page)
    page.get_by_label("Success URL").fill("https://shop.example.com/thanks")
    page.get_by_label("Fail URL").fill("https://shop.example.com/sorry")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_contain_text("saved")
    wallet = found(merchant.id)
    assert (wallet.return_success, wallet.return_fail) == (
        "https://shop.example.com/thanks",
        "https://shop.example.com/sorry",
    )


def test_presenting_your_ipn_listener_to_okpay(page: Page, merchant: Wallet) -> None:
    to_the_integration_tab(page)
    page.get_by_label("Enable IPN").check()
    page.get_by_label("Payment Notification (IPN) URL").fill("http://127.0.0.1:8085/ipn")
    page.get_by_role("button", name="Save").click()
    assert (found(merchant.id).ipn_enabled, found(merchant.id).ipn_url) == (True, "http://127.0.0.1:8085/ipn")

    # "Before you activate your listener on OKPAY, you should test the listener using the IPN simulator."
    page.get_by_role("link", name="Test it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IPN Simulator")
    expect(page.get_by_label(re.compile("URL"))).to_have_value("http://127.0.0.1:8085/ipn")

    # "To disable your listener uncheck Enable IPN in wallet preferences."
    page.goto(f"/account/wallets/{merchant.id}/integration/")
    page.get_by_label("Enable IPN").uncheck()
    page.get_by_role("button", name="Save").click()
    assert not found(merchant.id).ipn_enabled


def test_okpay_account_preparation(page: Page, stranger: Wallet) -> None:
    log_in(page, "shop")
    page.get_by_role("region", name="Wallets and Currencies").get_by_role("link", name="Main").click()
    page.get_by_role("link", name="Integration").click()
    expect(page.get_by_role("heading", name="API Access")).to_be_visible()
    page.get_by_label("Enable API", exact=True).check()
    page.get_by_label("Access Password").fill("MyApiPass")
    page.get_by_role("button", name="Save").click()
    assert (found(stranger.id).api_enabled, found(stranger.id).api_password) == (True, "MyApiPass")

    page.get_by_label("Enable API Security").check()
    page.get_by_label("IP addresses").fill("203.0.113.7\n2001:db8::/32")
    page.get_by_role("button", name="Save").click()

    assert found(stranger.id).api_allowed_ips == ["203.0.113.7", "2001:db8::/32"]
    assert found(stranger.id).api_password == "MyApiPass"


def test_the_password_of_the_api_is_shown_once(page: Page, merchant: Wallet) -> None:
    log_in(page, "merchant")
    page.goto(f"/account/wallets/{merchant.id}/integration/")
    page.get_by_role("button", name="Generate").click()

    password = page.locator("pre").inner_text()
    assert password == found(merchant.id).api_password
    page.get_by_role("link", name="Back to Integration").click()
    assert password not in page.content()


# Moving money


def test_money_is_sent_by_the_keyboard(page: Page, merchant: Wallet, buyer: Wallet) -> None:
    log_in(page, "buyer")
    page.get_by_role("link", name="Send Money").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Wallet").focus()
    for text in ("", "merchant@example.com", "50"):
        if text:
            page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Amount").press("Enter")

    expect(page.get_by_text("50.25 EUR")).to_be_visible()
    assert buyer.balance("EUR") == D("10000.00")
    page.get_by_role("button", name="Confirm").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Transaction"))
    assert buyer.balance("EUR") == D("9949.75")


def test_a_nervous_finger_pays_once(page: Page, merchant: Wallet, buyer: Wallet) -> None:
    log_in(page, "buyer")
    page.get_by_role("link", name="Send Money").click()
    page.get_by_label("Receiver", exact=True).fill("merchant@example.com")
    page.get_by_label("Amount").fill("50")
    page.get_by_role("button", name="Continue").click()

    page.get_by_role("button", name="Confirm").click(click_count=3, delay=5)

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Transaction"))
    assert Transaction.objects.filter(kind="send_money").count() == 1


def test_a_mass_payment_is_watched(page: Page, merchant: Wallet, buyer: Wallet) -> None:
    log_in(page, "buyer")
    page.get_by_role("link", name="Mass Payment").click()
    page.get_by_label("Rows").fill("merchant@example.com,25,July\nOK999999999,5\nnobody@example.com,1")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("row", name="OK999999999")).to_contain_text("No wallet has this ID")

    page.get_by_role("button", name="Send the good rows").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("1 of 3 rows are through.")).to_be_visible()
    mass_payments.send_due(clock.now)

    # The page asks for news by itself.
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=8000)
    expect(page.get_by_role("row", name="merchant@example.com").get_by_role("link")).to_be_visible()
    assert MassPayment.objects.get().status == MassPayment.Status.SENT


# Everywhere


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_small_phone(page: Page, merchant: Wallet, buyer: Wallet, scheme: str) -> None:
    payment = payments.send_money(
        payer=buyer,
        receiver=merchant.id,
        currency="EUR",
        amount=D("50"),
        now=clock.now(buyer.account.sandbox),
        invoice="INVOICE-WITHOUT-A-PLACE-TO-BREAK-" * 3,
        comment="AVeryLongWordThatNobodyWouldWriteButSomebodyDoes" * 5,
    )
    listed = mass_payments.create(
        merchant,
        rows=mass_payments.read(f"{'x' * 60}@example.com,1\nnonsense,{'9' * 30},{'y' * 200}"),
        currency="EUR",
        receiver_pays_fee=False,
        now=payment.created_at,
    )
    Account.objects.filter(id=merchant.account_id).update(phone_confirmed=False, email_confirmed=False)
    log_in(page, "merchant")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 640})

    for path in [*PAGES, f"transactions/{payment.id}/", f"mass-payment/{listed.id}/"]:
        page.goto(f"/account/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("navigation", name="Account menu")).to_be_visible()


def test_nothing_needs_a_script(page: Page, merchant: Wallet) -> None:
    log_in(page, "merchant")

    for path in PAGES:
        page.goto(f"/account/{path}")
        assert not re.search(r"<script|\son\w+=|style=", page.content()), path
