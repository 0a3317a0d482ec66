"""A merchant repairs a listener in a browser: simulator, history, resend, and why INVALID."""

import threading

from django.db import connection
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from ipn.listener_check import checks
from tests.ipn_pages.conftest import Queue, asked, attempted, queue, worker
from tests.listener import Answer, Listener

__all__ = ["queue", "worker"]  # fixtures


def log_in(page: Page) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill("merchant@example.com")
    page.get_by_label("Password").fill("merchant")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url("/account/")


def test_from_a_listener_that_fails_to_one_that_verifies(
    page: Page, live_server: LiveServer, listener: Listener, worker: None
) -> None:
    log_in(page)
    listener.will(Answer(500), Answer(200))
    page.goto("/account/ipn/simulator/")
    page.get_by_label("Wallet").select_option("OK702746927")
    page.get_by_label("URL of your listener").fill(listener.url)
    page.get_by_label("Kind of transaction").select_option("send_money")
    page.get_by_label("Status").select_option("pending:review")
    page.get_by_role("button", name="Next").click()

    expect(page.get_by_label("ok_txn_pending_reason")).to_have_value("review")
    page.get_by_label("ok_txn_gross").fill("12.34")
    page.get_by_label("ok_invoice").fill("")
    page.get_by_role("button", name="Send Test IPN").click()
    result = page.get_by_role("status")
    expect(result).to_contain_text("Not delivered: Status is not 200")
    expect(result).to_contain_text("The listener failed.")
    assert listener.requests[0].variables["ok_txn_gross"] == "12.34"
    assert listener.requests[0].variables["ok_invoice"] == ""

    listener.verify_at = live_server.url
    expect(page.get_by_label("ok_txn_gross")).to_have_value("12.34")
    page.get_by_role("button", name="Send Test IPN").click()
    expect(result).to_contain_text("Delivered: your listener answered 200")
    expect(result).to_contain_text("TEST")
    assert listener.verdicts[-1] == "TEST"

    page.goto("/account/ipn/")
    page.get_by_label("Delivery status").select_option("retrying")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 message")).to_be_visible()
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("img", name="Timeline of the attempts")).to_be_visible()
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_role("status")).to_contain_text("The message is being resent.")
    assert listener.wait_for(3)[2].variables["ok_ipn_resend"] == "true"

    page.goto("/account/ipn/verifications/")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_text("What came back is what was sent.")).to_be_visible()


def test_pages_open_at_their_top_beside_the_menu(page: Page, queue: Queue) -> None:
    message = attempted(queue(), *[500] * 5)
    log_in(page)

    for width, path in ((1280, "/account/ipn/"), (1280, f"/account/ipn/{message.id}/"), (360, "/account/ipn/")):
        page.set_viewport_size({"width": width, "height": 500})
        page.goto(path)
        page.wait_for_timeout(100)
        assert page.evaluate("scrollY") == 0, (width, path)
    # On a phone the menu is a line of its own, and opens at the page that one is on.
    expect(page.get_by_role("link", name="IPN History", exact=True).first).to_be_in_viewport()


def test_a_listener_is_checked_and_told_what_to_mend(page: Page, live_server: LiveServer, listener: Listener) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    log_in(page)
    page.goto("/account/ipn/listener-check/")
    page.get_by_label("URL of your listener").fill(listener.url)
    page.get_by_role("button", name="Check the listener").click()
    expect(page.get_by_role("status")).to_contain_text("Waiting for a worker")
    # As the worker's task does it; meanwhile the page reloads itself.
    worker = threading.Thread(target=taken_up, args=(int(page.url.rstrip("/").rpartition("/")[2]),))
    worker.start()
    expect(page.get_by_role("status")).to_contain_text("Your listener failed", timeout=30_000)
    worker.join()

    expect(page.get_by_text("It never asked ipn-verify").first).to_be_visible()
    page.get_by_role("group").filter(has_text="Five at once").locator("summary").first.click()
    expect(page.get_by_text("CHECK-FIVE-AT-ONCE-1", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def taken_up(check_id: int) -> None:
    try:
        checks.take_up(check_id)
    finally:
        connection.close()


def test_long_words_fit_a_small_phone(page: Page, queue: Queue) -> None:
    message = attempted(queue(url="http://shop.example/" + "ipn" * 60), *[500] * 9, "timed_out", 200)
    verification = asked(message.body(resend=False).replace("25.00", "1.00") + "&" + "x" * 200 + "=" + "y" * 300)
    page.set_viewport_size({"width": 360, "height": 640})
    log_in(page)

    for path in (
        "/account/ipn/",
        f"/account/ipn/{message.id}/",
        "/account/ipn/verifications/",
        f"/account/ipn/verifications/{verification.id}/",
        "/account/ipn/simulator/",
        "/account/ipn/listener-check/",
        "/account/ipn/simulator/?wallet=OK702746927&url=http://shop.example/&kind=payment_link&status=completed",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
