"""The official page "IPN Testing": the IPN Simulator, step by step, without JavaScript."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.walking import go, log_in
from tests.ipn_pages.conftest import worker
from tests.listener import Answer, Listener

__all__ = ["worker"]  # a fixture


def test_testing_your_listener(unscripted: Page, live_server: LiveServer, listener: Listener, worker: None) -> None:
    page = unscripted
    listener.verify_at = live_server.url
    # "You must be logged into the OKPAY to use the IPN Simulator."
    page.goto("/account/ipn/simulator/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    log_in(page, "merchant")
    # "1. In Profile -> Merchant -> Test Tools -> IPN Simulator."
    go(page, "Profile -> Merchant -> Test Tools -> IPN Simulator")
    # "2. Select wallet from drop-down, then enter the URL to receive the notification and the kind of notification you
    # want to test ... When you select the kind of transaction that you want to test and click Next, a form appears"
    page.get_by_label("Wallet").select_option("OK702746927")
    page.get_by_label("URL of your listener").fill(listener.url)
    page.get_by_label("Kind of transaction").select_option("send_money")
    page.get_by_role("button", name="Next").click()
    # "3. Keep or modify the values of fields ... The simulator does not check the validity of fields that you change."
    page.get_by_label("ok_txn_gross").fill("as much as you like")
    # "4. Click Send Test IPN. The IPN message is sent to the specified URL and the results of the operation are
    # displayed at the top of the page."
    page.get_by_role("button", name="Send Test IPN").click()

    result = page.get_by_role("main").locator("h1 + *")
    expect(result).to_contain_text("Delivered: your listener answered 200")
    # "if your listener responds correctly to the message, it should receive a TEST message"
    expect(result).to_contain_text("TEST")
    assert listener.verdicts == ["TEST"]
    assert listener.requests[0].variables["ok_txn_gross"] == "as much as you like"

    # "If you do not receive any message": what went wrong is told in the same place.
    listener.will(Answer(500))
    page.get_by_role("button", name="Send Test IPN").click()
    expect(result).to_contain_text("Not delivered: Status is not 200")
