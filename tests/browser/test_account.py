"""A client at the account pages, by the keyboard and in a hurry. The official procedures have modules of their own."""

import re

from playwright.sync_api import Page, expect

from sandbox import clock
from tests.conftest import wallet as found
from wallets import mass_payments, payments
from wallets.models import Account, MassPayment, Transaction, Wallet
from wallets.money import D


def log_in(page: Page, who: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(who)
    page.get_by_role("button", name="Log in").click()


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


def test_long_words_fit_a_small_phone(page: Page, merchant: Wallet, buyer: Wallet) -> None:
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
    page.set_viewport_size({"width": 360, "height": 640})

    wallet = f"wallets/{merchant.id}/"
    for path in ("", f"{wallet}history/", "mass-payment/", f"transactions/{payment.id}/", f"mass-payment/{listed.id}/"):
        page.goto(f"/account/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
