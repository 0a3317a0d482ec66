"""The official page "Implementing an IPN Listener": a merchant runs a listener of his own, and walks it to its orders.

It is examples/listener.py, a process as README.md starts it; then a sample of the page "Sample listeners", copied.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_auto_return_urls import log_in_to_pay, to_the_integration_tab
from tests.browser.walking import go, log_in
from tests.ipn_pages.conftest import worker
from tests.listener import free_port
from tests.programs import ROOT, Program, running
from wallets.models import Transaction, Wallet

__all__ = ["worker"]  # a fixture

POSTER = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "OKPAY Poster",
    "ok_item_1_price": "100",
    "ok_currency": "USD",
    "ok_invoice": "99999",
}
SHIPPED = "VERIFIED completed 100.00 USD invoice=99999 -> ship"


@contextmanager
def started(program: Path, folder: Path, *arguments: str) -> Iterator[Program]:
    port = free_port()
    command = [sys.executable, str(program), str(port), *arguments]
    with running(command, folder / "printed", port=port, cwd=folder) as mine:
        mine.wait(lambda: is_open(port))
        yield mine


def is_open(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def mine(live_server: LiveServer, worker: None, tmp_path: Path) -> Iterator[Program]:
    """ "You write your IPN listener in the language of your choice and host it on your web server." """
    with started(ROOT / "examples" / "listener.py", tmp_path, live_server.url) as mine:
        yield mine


def says(mine: Program, *lines: str) -> None:
    """All that it has printed, as soon as it has."""
    mine.wait(lambda: mine.output.splitlines() == [*lines])


def shipped(mine: Program, invoice: str) -> int:
    return int(mine.get(f"/?invoice={invoice}")[1])


def present(page: Page, mine: Program) -> None:
    """ "you associate the listener with a specific wallet": a test of its own walks these steps one by one."""
    to_the_integration_tab(page)
    page.get_by_label("Enable IPN").check()
    page.get_by_label("Payment Notification (IPN) URL").fill(f"{mine.base}/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("saved")


def pay(page: Page, *, through: str = "", **changes: str) -> None:
    """At the hosted checkout, from the buyer's balance, or through a payment system that says what is clicked on."""
    page.goto(f"/process.html?{urlencode({**POSTER, **changes})}")
    if page.get_by_label("Password").count():
        log_in_to_pay(page)
    if through:
        page.get_by_label("Sofort").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    if through:
        page.get_by_role("button", name=through, exact=True).click()


def to_the_message(page: Page, payment: Transaction) -> None:
    """From anywhere of the merchant's own pages to what was sent about a payment."""
    go(page, "Profile -> Merchant -> Test Tools -> IPN History")
    page.get_by_label("Transaction ID").fill(str(payment.id))
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 message")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Sent")
    page.get_by_role("row").nth(1).get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("heading", name="IPN details")).to_be_visible()


def test_what_your_listener_must_do_until_it_ships(unscripted: Page, mine: Program, merchant: Wallet) -> None:
    page = unscripted
    present(page, mine)
    page.get_by_role("button", name="Log out").click()
    # "1. Wait for an HTTP post from OKPAY." Somebody has to pay for it to come.
    pay(page)
    says(mine, SHIPPED)
    page.get_by_role("button", name="Log out").click()
    log_in(page, "merchant")
    to_the_message(page, Transaction.objects.get(kind="payment_link"))
    # "2. Create a request that contains exactly the same IPN variables and values preceded with ok_verify=true"
    verified = page.get_by_role("region", name="Verifications").get_by_role("row").nth(1)
    details = page.url
    verified.get_by_role("link").click()
    expect(page.get_by_text("What came back is what was sent.")).to_be_visible()
    # "3. Post the request to okpay.com/ipn-verify.html"
    page.get_by_text("The body as it came").click()
    expect(page.get_by_role("main").locator("pre")).to_contain_text("ok_verify=true&ok_charset=utf-8&")
    # "4. Wait for a response from OKPAY, which is either VERIFIED or INVALID"
    expect(page.get_by_role("heading", level=1).locator("+ p")).to_contain_text("VERIFIED")

    # "5. If the response is VERIFIED, perform the following checks:"
    # "Confirm that the payment status is Completed (ok_txn_status=completed)." It was; the next test has others.
    # "Use the transaction ID (ok_txn_id) to verify that the transaction has not already been processed"
    page.goto(details)
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_role("status")).to_contain_text("The message is being resent.")
    told = [SHIPPED, SHIPPED.replace("ship", "already shipped")]
    says(mine, *told)
    assert shipped(mine, "99999") == 1
    # "Validate that the receiver's email address (ok_receiver_email) is registered to you."
    page.get_by_role("button", name="Log out").click()
    pay(page, ok_receiver="shop@example.com", ok_ipn=f"{mine.base}/")
    told.append(SHIPPED.replace("ship", "not for us"))
    says(mine, *told)
    # "Verify that the price, item description, and so on, match the transaction on your website."
    pay(page, ok_item_1_price="1")
    told.append("VERIFIED completed 1.00 USD invoice=99999 -> not what it costs")
    says(mine, *told)
    pay(page, ok_item_1_name="A car")
    told.append(SHIPPED.replace("ship", "not what was ordered"))
    says(mine, *told)

    # "6. If the verified response passes the checks, take action based on the value of the ok_txn_status variable"
    assert shipped(mine, "99999") == 1


def test_action_by_the_status_and_by_the_pending_reason(unscripted: Page, mine: Program, merchant: Wallet) -> None:
    """ "6. ... otherwise, take action based on the value of the ok_txn_pending_reason variable." """
    page = unscripted
    present(page, mine)
    page.get_by_role("button", name="Log out").click()
    # "OKPAY sends IPN messages for pending and denied payments as well; do not ship until the payment has cleared."
    told = []
    for reason, action in (
        ("review", "wait until OKPAY has reviewed it"),
        ("unilateral", "register or confirm the e-mail address that it was sent to"),
        ("verify", "have your account verified"),
    ):
        invoice = f"{reason} [sandbox:pending={reason}]"
        pay(page, ok_invoice=invoice)
        told.append(f"VERIFIED pending 100.00 USD invoice={invoice} -> do not ship yet: {action}")
        says(mine, *told)
    pay(page, through="Pending")
    told.append("VERIFIED pending 100.00 USD invoice=99999 -> do not ship yet: ask Customer Service")
    says(mine, *told)
    pay(page, through="Refused")
    told.append("VERIFIED failed 100.00 USD invoice=99999 -> do not ship")
    says(mine, *told)
    assert shipped(mine, "99999") == 0

    # It clears, and is given back.
    page.goto("/account/")
    page.get_by_role("button", name="Log out").click()
    pending = Transaction.objects.get(status="pending", invoice="99999")
    decide(page, pending, "Approve")
    told.append(SHIPPED)
    says(mine, *told)
    decide(page, pending, "Refund")
    told.append("VERIFIED reversed -100.00 USD invoice=99999 -> take it back")
    says(mine, *told)
    assert shipped(mine, "99999") == 1


def decide(page: Page, payment: Transaction, act: str) -> None:
    """As Customer Service."""
    page.goto(f"/admin/wallets/transaction/{payment.id}/change/")
    if page.get_by_label("Password").count():
        page.get_by_label("E-mail").fill("admin@example.com")
        page.get_by_label("Password").fill("admin")
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=act, exact=True).click()
    page.get_by_role("button", name=act, exact=True).click()


def test_a_forged_message_is_saved_and_a_simulated_one_is_a_test(
    unscripted: Page, mine: Program, merchant: Wallet, tmp_path: Path
) -> None:
    page = unscripted
    present(page, mine)
    page.get_by_role("button", name="Log out").click()
    pay(page, ok_item_1_price="1")
    told = ["VERIFIED completed 1.00 USD invoice=99999 -> not what it costs"]
    says(mine, *told)

    # Whoever knows what a message looks like makes the price a hundred times as high.
    page.goto("/account/")
    page.get_by_role("button", name="Log out").click()
    log_in(page, "merchant")
    to_the_message(page, Transaction.objects.get(kind="payment_link"))
    page.get_by_text("As it goes over the wire").click()
    genuine = page.get_by_role("region", name="Parameters").locator("pre").inner_text()
    forged = genuine.replace("=1.00", "=100.00")
    assert dict(parse_qsl(forged))["ok_txn_gross"] == "100.00"
    with urlopen(mine.base, forged.encode(), timeout=10) as answer:
        assert answer.status == 200, "so that it is not sent again"
    # "7. If the response is INVALID, save the message for further investigation."
    told.append("INVALID -> keep for investigation")
    says(mine, *told)
    assert (tmp_path / "invalid-messages.txt").read_text() == f"{forged}\n"

    # It is investigated.
    go(page, "Profile -> Merchant -> Test Tools -> Verification Log")
    newest = page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("INVALID")
    newest.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why INVALID?")
    expect(page.get_by_role("row", name="ok_txn_gross")).to_contain_text("100.00")

    # "4. ... (for IPN simulation testing response may be TEST or INVALID)."
    go(page, "Profile -> Merchant -> Test Tools -> IPN Simulator")
    page.get_by_label("Wallet").select_option("OK702746927")
    page.get_by_label("URL of your listener").fill(f"{mine.base}/")
    page.get_by_label("Kind of transaction").select_option("payment_link")
    page.get_by_role("button", name="Next").click()
    for name, value in (("ok_txn_gross", "100.00"), ("ok_txn_currency", "USD"), ("ok_invoice", "99999")):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Send Test IPN").click()
    expect(page.get_by_role("main").locator("h1 + *")).to_contain_text("TEST")
    says(mine, *told, "TEST completed 100.00 USD invoice=99999 -> nothing to do, a test")
    assert shipped(mine, "99999") == 0


# "Sample test listeners"


def test_sample_listeners_are_found_and_one_is_copied_and_runs(
    unscripted: Page, live_server: LiveServer, worker: None, merchant: Wallet, tmp_path: Path
) -> None:
    """ "Here you can find sample test listeners written using different popular programming languages." """
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Developers").click()
    page.get_by_role("main").get_by_role("link", name="Payment notifications (IPN)").click()
    page.get_by_role("main").get_by_role("link", name="Sample listeners").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sample listeners")
    # As the official page, but for Visual Basic; Node.js is ours.
    for language in ("PHP", "C#", "Perl", "Java", "Python", "Node.js"):
        page.get_by_role("main").get_by_role("link", name=language, exact=True).click()
        sample = page.get_by_role("region", name=language, exact=True)
        expect(sample.locator("pre")).to_be_in_viewport()
        expect(sample.locator("pre")).to_contain_text(f"{live_server.url}/ipn-verify.html")
        expect(sample.locator("pre")).to_contain_text("OK702746927")

    # "You can use sample code provided by OKPAY as a starting point."
    program = tmp_path / "copied.py"
    program.write_text(page.get_by_role("region", name="Python", exact=True).locator("pre").inner_text())
    with started(program, tmp_path) as mine:
        present(page, mine)
        page.get_by_role("button", name="Log out").click()
        pay(page)
        mine.wait(lambda: "deliver 99999" in mine.output.splitlines())
