"""The official page "IPN Operations on OKPAY": find a message in the IPN History, read it, have it resent."""

import re

from django.db import transaction
from playwright.sync_api import Page, expect

from tests.browser.walking import go, log_in
from tests.ipn_pages.conftest import Queue, attempted, queue, worker
from tests.listener import Answer, Listener

__all__ = ["queue", "worker"]  # fixtures


def test_ipn_history(unscripted: Page, queue: Queue, listener: Listener, worker: None) -> None:
    page = unscripted
    with transaction.atomic():  # the worker sees them with their attempts, or not at all
        failed = attempted(queue(url=listener.url), *[500] * 3)
        attempted(queue(url=listener.url, transaction_id=7654321), 200)
    # "Log in to the OKPAY then select Profile -> Merchant -> Test Tools -> IPN History."
    log_in(page, "merchant")
    go(page, "Profile -> Merchant -> Test Tools -> IPN History")

    # "You can locate IPN messages for a specific wallet by their date range, delivery status and related transaction."
    expect(page.get_by_role("heading", name="2 messages")).to_be_visible()
    for name in ("Wallet", "From", "Till"):
        expect(page.get_by_label(name, exact=False).first).to_be_visible()
    page.get_by_label("Delivery status").select_option("Retrying")
    page.get_by_label("Transaction ID").fill("1234567")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 message")).to_be_visible()
    row = page.get_by_role("row").nth(1)
    # The asterisk says that it was resent; then the status, the listener's response and the transaction.
    for words in ("*", str(failed.id), "Retrying", "500", "1234567"):
        expect(row).to_contain_text(words)

    # "To see more information about an IPN message, click on the message ID. An IPN details page will appear"
    row.get_by_role("link", name=str(failed.id)).click()
    expect(page.get_by_role("heading", name="IPN details")).to_be_visible()
    for name, value in (
        ("No. of retries", "3"),
        ("Last time resent", "20"),
        ("URL", listener.url),
        ("No. of retries until it was acknowledged", "not acknowledged"),
        ("Type", "payment_link"),
    ):
        told = page.get_by_role("term").filter(has_text=re.compile(f"^{re.escape(name)}$"))
        expect(told.locator("+ dd")).to_contain_text(value)
    expect(page.get_by_role("row", name="ok_payer_first_name")).to_contain_text("Zoë")

    # "... request that OKPAY resend an IPN message." "A value of 200 indicates that your server received the message."
    listener.will(Answer(200))
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_role("status")).to_contain_text("The message is being resent.")
    listener.wait_for(1)
    go(page, "Profile -> Merchant -> Test Tools -> IPN History")
    page.get_by_label("Transaction ID").fill("1234567")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("200")


def test_many_are_resent_at_once(unscripted: Page, queue: Queue, listener: Listener, worker: None) -> None:
    """ "You can search ... for the messages that may need to be resent and then click the appropriate link" """
    page = unscripted
    with transaction.atomic():  # the worker sees them with their attempts, or not at all
        for number in range(3):
            attempted(queue(url=listener.url, transaction_id=100 + number), 500)
    log_in(page, "merchant")
    go(page, "Profile -> Merchant -> Test Tools -> IPN History")
    page.get_by_label("Delivery status").select_option("Retrying")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("Resend all 3 messages that were found").click()
    page.get_by_role("button", name="Resend all").click()

    expect(page.get_by_role("status")).to_contain_text("3")
    assert {request.variables["ok_ipn_resend"] for request in listener.wait_for(3)} == {"true"}
