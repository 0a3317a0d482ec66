"""The documentation in a real browser: from a name to its meaning, and a sample that is pressed."""

import re

from playwright.sync_api import Page, expect


def test_from_a_variables_name_to_a_checkout(page: Page) -> None:
    page.goto("/developers/")
    page.get_by_role("searchbox", name="Find").fill("ok_item_3_quantity")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="ok_item_#_quantity").first.click()
    expect(page).to_have_url(re.compile(r"/developers/payment-forms/#ok_item_1_quantity$"))
    expect(page.locator("#ok_item_1_quantity")).to_be_in_viewport()

    page.goto("/developers/code-samples/#items-quantity")
    page.locator("#items-quantity").get_by_role("button", name="Buy Now").click()

    expect(page).to_have_url(re.compile(r"/checkout/[\w-]+/$"))
    expect(page.get_by_text("300.00 USD").first).to_be_visible()
