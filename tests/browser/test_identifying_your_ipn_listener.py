"""The official page "Identifying Your IPN Listener to OKPAY", without JavaScript, with a listener that is told."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_auto_return_urls import FORM, log_in_to_pay, to_the_integration_tab
from tests.conftest import wallet as found
from tests.ipn_pages.conftest import worker
from tests.listener import Listener, listening
from wallets.models import Wallet

__all__ = ["worker"]  # a fixture


def test_presenting_your_ipn_listener_to_okpay(
    unscripted: Page, live_server: LiveServer, listener: Listener, worker: None, merchant: Wallet
) -> None:
    page = unscripted
    listener.verify_at = live_server.url
    to_the_integration_tab(page)
    # "5. Click Enable IPN to receive notification messages in your listener."
    page.get_by_label("Enable IPN").check()
    # "6. Specify your listener's URL in the Payment Notification (IPN) URL field and click Save to activate it."
    page.get_by_label("Payment Notification (IPN) URL").fill(listener.url)
    page.get_by_role("button", name="Save").click()
    assert (found(merchant.id).ipn_enabled, found(merchant.id).ipn_url) == (True, listener.url)

    # "Before you activate your listener on OKPAY, you should test the listener using the IPN simulator."
    page.get_by_role("link", name="Test it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IPN Simulator")
    expect(page.get_by_label("URL of your listener")).to_have_value(listener.url)

    page.get_by_role("button", name="Log out").click()
    pay(page, FORM, log_in=True)
    assert listener.wait_for(1)[0].variables["ok_txn_status"] == "completed"

    # "You can specify an IPN listener for a specific payment."
    with listening(verify_at=live_server.url) as other:
        pay(page, f"{FORM}&ok_ipn={other.url}")
        assert other.wait_for(1)[0].variables["ok_txn_gross"] == "5.00"

        # "To disable your listener uncheck Enable IPN in wallet preferences." "OKPAY still sends IPN messages to the
        # notification URL you have specified for a particular payment."
        page.get_by_role("button", name="Log out").click()
        to_the_integration_tab(page)
        page.get_by_label("Enable IPN").uncheck()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Log out").click()
        pay(page, FORM, log_in=True)
        pay(page, f"{FORM}&ok_ipn={other.url}")
        other.wait_for(2)

    assert [request.verdict for request in [*listener.requests, *other.requests]] == ["VERIFIED"] * 3


def pay(page: Page, form: str, *, log_in: bool = False) -> None:
    page.goto(f"/process.html?{form}")
    if log_in:
        log_in_to_pay(page)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, the payment is done")
