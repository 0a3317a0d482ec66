"""The documentation in a real browser: on a small phone, dark and light, and a sample that is pressed."""

import re

import pytest
from playwright.sync_api import Page, expect

from okpay_gateway.developers.sections import SECTIONS

ADDRESSES = [
    *("/developers/", "/developers/search/?q=price", "/shop-systems/", "/shop-systems/woocommerce/"),
    *(f"/developers/{section.slug}/" for section in SECTIONS),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_small_phone(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 640})

    for address in ADDRESSES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
        expect(page.get_by_role("heading", level=1)).to_have_count(1)


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
