"""The frame in a real browser: it speaks the chosen language, and a keyboard is enough."""

from playwright.sync_api import Page, expect


def test_the_chosen_language_stays(page: Page) -> None:
    page.goto("/account/login/")

    page.get_by_role("button", name="Deutsch").click()

    expect(page).to_have_url("/account/login/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/account/login/")

    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_label("E-mail")).to_be_focused()


def test_a_buyer_logs_in_and_out(page: Page) -> None:
    page.goto("/account/")
    page.get_by_label("E-mail").fill("buyer@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("E-mail or password is wrong")

    page.get_by_label("Password").fill("buyer")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url("/account/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob Buyer")

    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url("/")


def test_an_error_leads_to_its_field(page: Page) -> None:
    page.goto("/account/register/")
    page.get_by_label("First name").evaluate("field => field.form.noValidate = true")
    page.get_by_role("button", name="Register").click()

    page.get_by_role("link", name="Last name: This field is required.").click()

    expect(page.get_by_label("Last name")).to_be_focused()
    expect(page.get_by_label("Last name")).to_have_attribute("aria-invalid", "true")
