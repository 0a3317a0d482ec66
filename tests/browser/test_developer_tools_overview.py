"""The official page "Developer Tools Overview" and what comes before it: signing up, and all there is to sell with."""

import pytest
from playwright.sync_api import Page, expect

from sandbox.models import Sandbox
from tests.account.conftest import sandbox_mailbox
from tests.browser.walking import go
from tests.conftest import account_of

__all__ = ["sandbox_mailbox"]  # a fixture

PASSWORD = "Walking-since-1921"


def test_signing_up_and_what_there_is_for_everybody(unscripted: Page, world: Sandbox, sandbox_mailbox: None) -> None:
    page = unscripted
    # "Visit this site. Sign up for OKPAY and start accepting payments instantly."
    page.goto("/")
    page.get_by_role("navigation", name="Your account").get_by_role("link", name="Register").click()
    page.get_by_label("First name").fill("Rosa")
    page.get_by_label("Last name").fill("Robot")
    page.get_by_label("E-mail").fill("rosa@robots.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("navigation", name="Your account")).to_contain_text("rosa@robots.example")
    go(page, "Profile -> Merchant -> Test Tools -> Mailbox")
    page.get_by_role("main").get_by_role("link", name="/confirm-email/").first.click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status").first).to_be_visible()
    rosa = account_of("rosa@robots.example")
    assert rosa.email_confirmed
    assert rosa.wallets.count() == 1

    # "Our Payment Links & Buttons Generator can be found in your OKPAY Profile » Merchant section."
    page.goto("/account/")
    for name in ("Payment Links & Buttons", "OKPAY Seal", "Marketplace", "Shop Systems", "Developers"):
        go(page, f"Profile -> Merchant -> {name}")
        if name in ("Shop Systems", "Developers"):  # open to everybody, so without the menu of an account
            page.get_by_role("navigation", name="Your account").get_by_role("link", name="rosa@robots.example").click()


@pytest.mark.parametrize(
    ("link", "found"),
    [
        # "Automatic creation of payment links ... Check out Variable Reference"
        ("Payment forms", "ok_item_#_handling"),
        # "IPN Variable Reference ... View list of possible pending reasons."
        ("IPN variables", "ok_txn_pending_reason"),
        # "See the list of currency codes." "Code Samples"
        ("Codes", "Polish Zloty"),
    ],
)
def test_references_are_found_from_the_developers_section(
    unscripted: Page, world: Sandbox, link: str, found: str
) -> None:
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Developers").click()
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name=link, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(link)
    expect(page.get_by_role("main")).to_contain_text(found)
