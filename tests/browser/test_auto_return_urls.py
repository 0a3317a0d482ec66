"""The official page "Auto Return URLs", walked through without JavaScript until a buyer is back in the shop."""

import re

from playwright.sync_api import Page, expect

from tests.browser.walking import log_in, to_profile
from tests.conftest import wallet as found
from tests.listener import listening
from wallets.models import Wallet

FORM = "ok_receiver=OK702746927&ok_item_1_name=Robot&ok_item_1_price=5&ok_currency=USD"


def to_the_integration_tab(page: Page) -> None:
    """Steps 1 to 4, the same as of "Presenting Your IPN Listener to OKPAY"."""
    # "1. Log in and click on Profile under My Account."
    log_in(page, "merchant")
    to_profile(page)
    # "2. Click the Wallets and Currencies link under Account preferences."
    page.get_by_role("region", name="Account preferences").get_by_role("link", name="Wallets and Currencies").click()
    # "3. Choose a wallet for which you want to set up Auto Return and click Properties."
    page.get_by_role("row", name="OK702746927").get_by_role("link", name="Properties").click()
    # "4. In wallet properties click on the Integration tab."
    page.get_by_role("navigation", name="Wallet properties").get_by_role("link", name="Integration").click()
    expect(page.get_by_role("heading", name="Auto Return")).to_be_visible()


def test_setting_up_auto_return(unscripted: Page, merchant: Wallet) -> None:
    page = unscripted
    to_the_integration_tab(page)
    with listening() as shop:
        here = f"http://127.0.0.1:{shop.port}"
        # "5. Enter the success and fail Return URLs."
        page.get_by_label("Success URL").fill(f"{here}/thanks")
        page.get_by_label("Fail URL").fill(f"{here}/sorry")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("saved")
        wallet = found(merchant.id)
        assert (wallet.return_success, wallet.return_fail) == (f"{here}/thanks", f"{here}/sorry")

        # "redirected back to your site immediately after clicking the Pay button on the Payment Confirmation page"
        page.get_by_role("button", name="Log out").click()
        page.goto(f"/process.html?{FORM}")
        log_in_to_pay(page)
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page).to_have_url(re.compile(f"^{here}/thanks\\?ok_charset=utf-8&.*ok_txn_status=completed"))

        # "if he cancels his payment"
        page.goto(f"/process.html?{FORM}")
        page.get_by_role("button", name="Cancel").click()
        expect(page).to_have_url(re.compile(f"^{here}/sorry\\?.*ok_txn_status=canceled"))

        # "unless otherwise specified in the button/link code for a particular payment"
        page.goto(f"/process.html?{FORM}&ok_return_success={here}/other")
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page).to_have_url(re.compile(f"^{here}/other\\?"))


def log_in_to_pay(page: Page) -> None:
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Password").fill("buyer")
    page.get_by_role("button", name="Log in").click()
