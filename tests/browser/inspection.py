"""What must hold of every page, in a browser: nobody is shut out, a phone is wide enough, scripts only add comfort.

A page is opened with scripts switched off, so what is inspected is what it is without them. Then axe-core looks at it
twice, at a desk in light colours and on a phone of 360 px in dark ones, by WCAG 2.2 AA and its own best practices.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, CDPSession, Page, Response, ViewportSize
from pytest_django.live_server_helper import LiveServer

from wallets.models import User

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
GRAVE = ("serious", "critical")
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=640)

# What depends on colours and on room; the rest is the same at a desk and on a phone.
BY_THE_SCREEN = (
    "color-contrast",
    "target-size",
    "scrollable-region-focusable",
    "link-in-text-block",
    "aria-hidden-focus",
)
LOOK = """async ([only, besides]) => {
    const options = {resultTypes: ["violations"], preload: false};
    if (only.length) options.runOnly = {type: "rule", values: only};
    const {violations} = await axe.run({include: [["html"]], exclude: besides.map(each => [each])}, options);
    return violations.map(({id, impact, help, nodes}) => [id, impact, help, nodes.map(({html, any}) =>
        html.slice(0, 200) + any.map(({message}) => " -- " + message).join("").slice(0, 200))]);
}"""
# What axe-core does not look for: what cannot work without a script, and what the browser takes for something else.
MISTAKES = """() => [
    ...[...document.forms].filter(form => ![...form.elements].some(each => ["submit", "image"].includes(each.type)))
        .map(form => "a form without a button: " + form.outerHTML.slice(0, 200)),
    ...[...document.querySelectorAll("a:not([href]), a[href='#'], a[href^='javascript:'], button[type=button]")]
        .filter(each => each.checkVisibility()).map(each => "it does nothing: " + each.outerHTML.slice(0, 200)),
    ...[...document.querySelectorAll("[id]")].filter(each => document.getElementById(each.id) !== each)
        .map(each => "its id is another's, and so are its labels: " + each.outerHTML.slice(0, 200)),
    ...[...document.querySelectorAll("[style], script:not([src])")].concat([...document.querySelectorAll("*")]
        .filter(each => each.getAttributeNames().some(name => name.startsWith("on"))))
        .map(each => "the Content-Security-Policy forbids it: " + each.outerHTML.slice(0, 200)),
]"""
WIDER = """() => [...document.body.querySelectorAll("*")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && each.checkVisibility())
    .slice(0, 3).map(each => each.outerHTML.slice(0, 120))"""
# What is around every page: looked at with the first that has it.
FRAME = ["header", "footer", ".account-menu"]
# A table of a thousand rows has no other faults than one of ten, but takes an age to look at.
THIN = """() => {
    const lists = "main, main :is(tbody, ul, ol, dl, select, datalist, .rows), nav ul";
    for (const parent of document.querySelectorAll(lists)) {
        const seen = {};
        const most = parent.tagName === "MAIN" ? 20 : 5;
        for (const child of [...parent.children]) {
            const sort = child.tagName + child.className;
            if ((seen[sort] = (seen[sort] || 0) + 1) > most && !child.querySelector("[aria-current]")) child.remove();
        }
    }
}"""
# Every field that can be written into gets what hardly any field takes.
NONSENSE = """form => {
    form.noValidate = true;
    const types = ["text", "email", "url", "number", "password", "search", "tel", "textarea", "date", "datetime-local"];
    const fields = [...form.elements].filter(each => types.includes(each.type) && !each.readOnly);
    for (const each of fields) each.value = "\\u2603".repeat(each.type === "textarea" ? 70000 : 300);
    return fields.length;
}"""


@dataclass
class Visitor:
    """A person with a browser, and the faults found so far."""

    page: Page
    client: Client
    devtools: CDPSession
    faults: list[str] = field(default_factory=list)
    frames: set[bool] = field(default_factory=set)  # seen already: without the menu, and with it

    def open(self, path: str) -> Response:
        with self._without_scripts():
            response = self.page.goto(path)
        assert response
        return response

    @contextmanager
    def _without_scripts(self) -> Iterator[None]:
        self.devtools.send("Emulation.setScriptExecutionDisabled", {"value": True})
        yield
        self.devtools.send("Emulation.setScriptExecutionDisabled", {"value": False})

    def inspect(self, where: str, *, at_a_desk: bool = True) -> None:
        """The page as it stands, on a phone and at a desk; what shows up on either may be looked for on one."""
        page = self.page
        found: list[str] = page.evaluate(MISTAKES)
        if (headings := page.locator("h1").count()) != 1:
            found.append(f"{headings} headings of the first order")
        page.set_viewport_size(PHONE)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            found.append(f"{width} px wide on a phone: {page.evaluate(WIDER)}")
        page.evaluate(THIN)
        page.evaluate(AXE)
        has_menu = page.locator(".account-menu").count() > 0
        besides = FRAME if has_menu in self.frames else []
        self.frames.add(has_menu)
        page.emulate_media(color_scheme="dark")
        found += self._look("dark, on a phone", BY_THE_SCREEN if at_a_desk else (), besides)
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        if at_a_desk:
            found += self._look("light", (), besides)
        self.faults += [f"{where}: {each}" for each in found]

    def _look(self, how: str, only: Sequence[str], besides: Sequence[str]) -> list[str]:
        violations: list[Any] = self.page.evaluate(LOOK, [only, besides])
        return [
            f"{how}: {rule} ({impact}): {help_}" + "".join(f"\n    {node}" for node in nodes[:4])
            for rule, impact, help_, nodes in violations
            if impact in GRAVE
        ]

    def forms(self) -> int:
        """How many forms with something to fill in, that change something, the page has."""
        return self.page.locator(FORMS).count()

    def send_nonsense(self, number: int) -> bool:
        """By the nth form. False when there is nothing to write into it."""
        form = self.page.locator(FORMS).nth(number)
        if not form.evaluate(NONSENSE):
            return False
        # Enter in a field presses the first button, and so do we.
        with self._without_scripts(), self.page.expect_navigation():
            form.evaluate("form => form.requestSubmit(form.querySelector('button, input[type=image]'))")
        return True


FORMS = "main form[method=post]"


@contextmanager
def visitor(browser: Browser, live_server: LiveServer, user: User | None, locale: str) -> Iterator[Visitor]:
    """Logged in, if there is a user. One window for all of a visit."""
    context = browser.new_context(
        base_url=live_server.url, locale=locale, viewport=DESK, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    client = Client()
    if user:
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    yield Visitor(page, client, context.new_cdp_session(page))
    context.close()
