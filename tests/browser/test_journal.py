"""The journal before a person's eyes: it fills by itself, and without scripts it is the same page."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from okpay_gateway.journal import stream
from tests.browser.test_account import log_in
from tests.journal.conftest import correlation_of, newest, send_form


@pytest.fixture(autouse=True)
def _streams_end_with_their_test(live_server: LiveServer) -> Iterator[None]:
    """As they end with their web process: the database is thrown away soon."""
    yield
    serving, stream.is_serving = stream.is_serving, lambda: False
    deadline = time.monotonic() + 10
    while stream._places._value < stream.PLACES and time.monotonic() < deadline:
        time.sleep(0.05)
    stream.is_serving = serving


def test_new_lines_appear_by_themselves(page: Page) -> None:
    log_in(page, "merchant")
    page.goto("/account/journal/")
    expect(page.get_by_text("Live: new entries appear by themselves")).to_be_visible()
    before = page.locator("#journal-rows tr").count()

    send_form(ok_invoice="Live-1")

    first = page.locator("#journal-rows tr").first
    expect(first).to_contain_text("A checkout was opened")
    expect(first).to_contain_text("Live-1")
    expect(page.locator("#journal-rows tr")).to_have_count(before + 1)

    page.get_by_role("button", name="Pause").click()
    send_form(ok_invoice="Live-2")
    page.wait_for_timeout(1000)
    expect(page.locator("#journal-rows tr")).to_have_count(before + 1)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#journal-rows tr").first).to_contain_text("Live-2")
    expect(page.locator("#journal-rows tr")).to_have_count(before + 2)


def test_without_scripts(browser: Browser, live_server: LiveServer, world: object) -> None:
    with browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        log_in(page, "merchant")
        page.goto("/account/journal/")
        send_form(ok_invoice="Still-1")

        page.get_by_role("link", name="Refresh", exact=True).click()

        expect(page.locator("#journal-rows tr").first).to_contain_text("Still-1")
        expect(page.get_by_text("Live: new entries")).to_be_hidden()
        page.locator("#journal-rows tr").first.get_by_role("link", name="The story of").click()
        expect(page.get_by_role("heading", name="The story of invoice Still-1")).to_be_visible()
        expect(page.locator("svg.flow")).to_be_visible()


def test_long_words_fit_a_small_phone(page: Page) -> None:
    long = "WITHOUT-A-PLACE-TO-BREAK-" * 5
    opened = send_form(ok_invoice=long, ok_return_success=f"https://shop.example/{'a' * 300}")
    send_form(ok_invoice=long, ok_currency="X" * 300)
    log_in(page, "merchant")
    page.set_viewport_size({"width": 360, "height": 640})

    for path in ("", f"{newest().id}/", f"story/{correlation_of(opened)}/", "?kind=money"):
        page.goto(f"/account/journal/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
