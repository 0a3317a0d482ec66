"""The official page "Code Samples": "Click on the "Buy Now" button below to view checkout page example in action"."""

from playwright.sync_api import Page, expect

from sandbox.models import Sandbox
from tests.official.code_samples import CODE_SAMPLES


def test_every_buy_now_button_shows_its_checkout(unscripted: Page, world: Sandbox) -> None:
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Developers").click()
    page.get_by_role("link", name="Code samples").first.click()
    samples = page.get_by_role("button", name="Buy Now")
    expect(samples).to_have_count(len(CODE_SAMPLES))

    for number in range(len(CODE_SAMPLES)):
        samples.nth(number).click()
        expect(page.get_by_role("main")).to_contain_text("Demo Merchant")
        expect(page.get_by_role("main")).to_contain_text("USD")
        page.go_back()
