"""The official page "Shop Systems": a shopping cart is chosen in the list, and a missing one is asked for."""

from playwright.sync_api import Page, expect

from okpay_gateway.models import ShopSystemRequest
from okpay_gateway.shop_systems.systems import SYSTEMS
from sandbox.models import Sandbox


def test_a_shopping_cart_is_chosen_or_asked_for(unscripted: Page, world: Sandbox) -> None:
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Shop Systems").click()
    # "Select a shopping cart in the list below and see how simple it is to add OKPAY payment solution"
    page.get_by_role("main").get_by_role("link", name=str(SYSTEMS[0].name)).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(SYSTEMS[0].name))
    expect(page.get_by_role("main")).to_contain_text("/process.html")
    # "Refer to Developers section to learn more."
    page.get_by_role("contentinfo").get_by_role("link", name="Shop Systems").click()
    page.get_by_role("main").get_by_role("link", name="Developers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Developers")

    # "If you are unable to find a suitable cart or application for your eCommerce website please send us a Request"
    page.get_by_role("contentinfo").get_by_role("link", name="Shop Systems").click()
    request = page.get_by_role("region", name="Send us a Request")
    request.get_by_label("Shop system").fill("Corner Shop 3000")
    request.get_by_label("What do you need?").fill("A module for it.")
    request.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status").first).to_contain_text("Thank you")
    assert ShopSystemRequest.objects.get().shop_system == "Corner Shop 3000"
