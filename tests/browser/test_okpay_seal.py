"""The official page "OKPAY Seal": the seal is put on a web site, and a visitor of that site clicks on it."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.walking import go, log_in
from tests.listener import Answer, listening
from wallets.models import OkpaySeal, Wallet


def test_putting_an_okpay_seal_on_your_website(unscripted: Page, live_server: LiveServer, merchant: Wallet) -> None:
    page = unscripted
    OkpaySeal.objects.all().delete()  # the demo merchant has put up his already
    # "log in to your account and go to Profile -> Merchant -> OKPAY Seal where you will find the seal code generator
    # along with detailed instructions on how to embed the code in your website"
    log_in(page, "merchant")
    go(page, "Profile -> Merchant -> OKPAY Seal")
    instructions = page.get_by_role("region", name="Putting an OKPAY seal on your website").get_by_role("listitem")
    expect(instructions).to_have_count(4)
    page.get_by_label("Show the seal to everybody").check()
    page.get_by_label("City and country").uncheck()
    page.get_by_role("button", name="Save").click()
    code = page.get_by_label("HTML code of graphic 1").input_value()
    page.get_by_role("button", name="Log out").click()

    # "Place the seal on your website so the visitors can click on it and see public information about yourself"
    with listening() as site:
        html = f'<!doctype html><html lang="en"><title>Shop</title><h1>A shop</h1>{code}</html>'
        site.will(Answer(body=html.encode(), headers=(("Content-Type", "text/html; charset=utf-8"),)))
        page.goto(f"http://127.0.0.1:{site.port}/")
        seal = page.get_by_role("link", name="Click here to verify")
        picture = seal.get_by_role("img")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 100"), "the graphic is ours, and loads"
        seal.evaluate("link => link.removeAttribute('target')")  # this visitor has but one window
        seal.click()

    expect(page).to_have_url(f"{live_server.url}/seal/{merchant.id}/")
    expect(page.get_by_text("A genuine, verified OKPAY account")).to_be_visible()
    facts = page.get_by_role("region", name="The account")
    expect(facts).to_contain_text(merchant.account.name)
    expect(facts).not_to_contain_text("City and country")
