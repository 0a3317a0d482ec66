"""That every page passes says something only if a bad one does not."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from sandbox.models import Sandbox
from tests.browser.inspection import visitor

GOOD = '<!doctype html><html lang="en"><title>A</title><style>{css}</style><main><h1>A</h1>{body}</main></html>'


Find = Callable[..., str]


@pytest.fixture
def find(browser: Browser, live_server: LiveServer, world: Sandbox) -> Find:
    """The faults of a page with this body."""

    def find_(body: str, css: str = "") -> str:
        with visitor(browser, live_server, None, "en-GB") as visit:
            visit.page.set_content(GOOD.format(body=body, css=css))
            visit.inspect("here")
            return "\n".join(visit.faults)

    return find_


def test_what_is_found(find: Find) -> None:
    dark_only = "@media (prefers-color-scheme: dark) { p { color: #333; background: #222 } }"

    assert find("<p>Good.</p>") == ""
    assert "image-alt (critical)" in find('<img src="data:,">')
    assert "light: color-contrast (serious)" in find("<p>Pale.</p>", "p { color: #ccc }")
    assert "dark, on a phone: color-contrast (serious)" in find("<p>Dim.</p>", dark_only)
    assert "px wide on a phone" in find("<p>Wide.</p>", "p { width: 400px }")
    assert "a form without a button" in find('<form><label>A <input name="a"></label></form>')
    assert "its id is another's" in find('<p id="a">1</p><p id="a">2</p>')
    assert "it does nothing" in find('<a href="#">More</a>')
    assert "2 headings of the first order" in find("<h1>Another</h1>")
