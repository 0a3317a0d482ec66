"""A person at a browser: headless Chromium against the real site, with a real server and a real database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from sandbox.models import Sandbox
from tests.requirements import require

HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",  # Chromium's own sandbox cannot be had as root or in most containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = require("chromium", "apt-get install --yes chromium")
    # Playwright keeps an event loop in this thread, which Django takes for a reason to refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, world: Sandbox) -> Iterator[Page]:
    """A fresh window on the site, with the demo cast present. No page may break its own Content-Security-Policy."""
    yield from _window(browser, live_server.url)


@pytest.fixture
def unscripted(browser: Browser, live_server: LiveServer, world: Sandbox) -> Iterator[Page]:
    """The same, with JavaScript switched off: the official procedures need none."""
    yield from _window(browser, live_server.url, java_script_enabled=False)


def _window(browser: Browser, base_url: str, **more: bool) -> Iterator[Page]:
    refused: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    context = browser.new_context(base_url=base_url, locale="en-GB", **more)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("console", listen)
    yield page
    context.close()
    assert refused == []
