"""Somebody who has nothing but the site: from the home page to a verified client with money, without JavaScript."""

import io
import re

import pytest
from django.conf import LazySettings
from PIL import Image
from playwright.sync_api import Page, expect

from sandbox.models import Sandbox
from tests.browser.walking import go, to_profile
from tests.conftest import account_of

EMAIL, PASSWORD = "nina@example.com", "correct horse"


@pytest.fixture(autouse=True)
def _sandbox_mailbox(settings: LazySettings) -> None:
    """The mailbox of the sandbox, instead of the one that pytest-django puts in its place."""
    settings.EMAIL_BACKEND = "wallets.mailbox.Mailbox"


def a_picture() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "green").save(picture, "PNG")
    return picture.getvalue()


def register(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation", name="Your account").get_by_role("link", name="Register").click()
    page.get_by_label("A business").check()
    for label, text in (
        ("First name", "Nina"),
        ("Last name", "Newcomer"),
        ("Business name", "Nina’s Robots"),
        ("E-mail", EMAIL),
        ("Phone", "+49 30 7654321"),
        ("Street and number", "Lindenstraße 6"),
        ("City", "Berlin"),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nina’s Robots")
    expect(page.get_by_role("status")).to_contain_text(f"on its way to {EMAIL}")


def confirm_e_mail_and_phone(page: Page) -> None:
    page.get_by_role("link", name="Mailbox", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="/account/confirm-email/").click()
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("is confirmed")

    to_profile(page)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_role("link", name="your mailbox").click()
    code = re.search(r"\b\d{6}\b", page.get_by_role("main").inner_text())
    assert code
    page.go_back()
    page.get_by_label("Code").fill(code[0])
    page.get_by_role("button", name="Confirm").click()
    account = account_of(EMAIL)
    assert (account.email_confirmed, account.phone_confirmed) == (True, True)


def hand_in_documents(page: Page) -> None:
    to_profile(page)
    page.get_by_role("region", name="Account preferences").get_by_role("link", name="Verification").click()
    for kind in ("Passport", "Utility bill"):
        page.get_by_label("Kind").select_option(kind)
        page.get_by_label("File").set_input_files(
            {"name": f"{kind}.png", "mimeType": "image/png", "buffer": a_picture()}
        )
        page.get_by_role("button", name="Send document").click()
        expect(page.get_by_role("row", name=kind)).to_contain_text("To be judged")


def log_in_as_staff_to(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("#id_username").fill("admin@example.com")
    page.locator("#id_password").fill("admin")
    page.locator("[type=submit]").click()


def staff_accept_them(page: Page) -> None:
    log_in_as_staff_to(page, "/admin/wallets/clientdocument/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.get_by_label("Action:").select_option("accept")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("2 documents were accepted.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()


def test_from_the_home_page_to_a_verified_client_with_money(unscripted: Page, world: Sandbox) -> None:
    page = unscripted
    register(page)
    confirm_e_mail_and_phone(page)
    hand_in_documents(page)
    page.get_by_role("button", name="Log out").click()
    staff_accept_them(page)

    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("main")).to_contain_text("Verified")

    page.get_by_role("link", name="Deposit").click()
    page.get_by_label("Amount").fill("1,000.00")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()

    page.get_by_role("link", name="Exchange").click()
    page.get_by_label("Amount").fill("100")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("main")).to_contain_text("110.00 USD")
    page.get_by_role("button", name="Confirm").click()

    page.get_by_role("link", name="Withdraw").click()
    page.get_by_role("link", name="WebMoney").click()
    page.get_by_label("Account there").fill("E123456789012")
    page.get_by_label("Amount", exact=True).fill("50")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("main")).to_contain_text("Completed")

    go(page, "Profile -> Account preferences -> Wallets and Currencies")
    page.get_by_role("row", name="Main").get_by_role("link", name="History").click()
    for kind in ("Deposit", "Exchange", "Withdrawal"):
        expect(page.get_by_role("row", name=kind)).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    rows = download.value.path().read_text("utf-8-sig").splitlines()
    assert [row.split(",")[2] for row in rows] == ["kind", "withdrawal", "exchange", "deposit"]


def test_a_forgotten_password(unscripted: Page, world: Sandbox) -> None:
    """Whoever cannot log in reads no mailbox: in a sandbox staff do."""
    page = unscripted
    page.goto("/account/login/")
    page.get_by_role("link", name=re.compile("[Ff]orgot")).click()
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your e-mail")

    log_in_as_staff_to(page, "/admin/wallets/mailboxmessage/")
    page.locator("#result_list tbody a").first.click()
    link = re.search(r"http[^\s<\"]+/account/forgotten/[^\s<\"]+", page.content())
    assert link
    page.get_by_role("button", name="Log out").click()
    page.goto(link[0])
    page.get_by_label("New password", exact=True).fill("entirely new words")
    page.get_by_label("New password again").fill("entirely new words")
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")
    assert account_of("buyer@example.com").user.check_password("entirely new words")
