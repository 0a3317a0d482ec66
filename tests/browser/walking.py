"""How a reader of the official pages walks: by the words that stand there, and nothing else."""

from playwright.sync_api import Page, expect


def log_in(page: Page, who: str) -> None:
    """From the home page, as one of the demo cast."""
    page.goto("/")
    page.get_by_role("navigation", name="Your account").get_by_role("link", name="Log in").click()
    page.get_by_label("E-mail").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(who)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url("/account/")


def to_profile(page: Page) -> None:
    """ "Log in and click on Profile under My Account." """
    page.get_by_role("group", name="My Account").get_by_role("link", name="Profile", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Profile")


def go(page: Page, way: str) -> None:
    """ "Profile -> Merchant -> Test Tools -> IPN History": a section of the profile, headings in it, and a link."""
    profile, section, *headings, name = way.split(" -> ")
    assert profile == "Profile"
    to_profile(page)
    place = page.get_by_role("region", name=section)
    for heading in headings:
        expect(place.get_by_role("heading", name=heading)).to_be_visible()
    place.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
