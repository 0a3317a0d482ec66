"""The menu of the account pages, in the official pages' words: "Profile -> Merchant -> Test Tools -> IPN History".

The apps' pages are named here by their URL names; what an installation does not have is left out.
"""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

register = template.Library()

# Title of the group, its links as (URL name, label).
MENU: tuple[tuple[StrOrPromise, tuple[tuple[str, StrOrPromise], ...]], ...] = (
    (
        _("My Account"),
        (
            ("account", _("Overview")),
            ("profile", _("Profile")),
            ("wallets", _("Wallets and Currencies")),
        ),
    ),
    (
        _("Money"),
        (
            ("send-money", _("Send Money")),
            ("mass-payments", _("Mass Payment")),
            ("exchange", _("Exchange")),
            ("deposit", _("Deposit")),
            ("withdraw", _("Withdraw")),
        ),
    ),
    (
        _("Merchant"),
        (
            ("merchant", _("Merchant Overview")),
            ("buttons", _("Payment Links & Buttons")),
            ("account-seal", _("OKPAY Seal")),
            ("account-marketplace", _("Marketplace")),
            ("shop-systems", _("Shop Systems")),
            ("developers", _("Developers")),
        ),
    ),
    (
        _("Test Tools"),
        (
            ("journal", _("Journal")),
            ("ipn-history", _("IPN History")),
            ("ipn-simulator", _("IPN Simulator")),
            ("ipn-listener-check", _("Listener Check")),
            ("ipn-verifications", _("Verification Log")),
            ("scenarios", _("Scenarios")),
            ("mailbox", _("Mailbox")),
        ),
    ),
)
SANDBOX_ONLY = frozenset({"mailbox", "scenarios"})


@dataclass(frozen=True)
class Link:
    label: StrOrPromise
    address: str
    # "page", "true" for a page below it, or "".
    current: str = ""


@dataclass(frozen=True)
class Group:
    title: StrOrPromise
    links: list[Link]


@register.inclusion_tag("site/account_menu.html", takes_context=True)
def account_menu(context: Context) -> dict[str, Any]:
    """The whole menu, beside every page of the account."""
    return {"groups": groups(context["request"].path)}


@register.simple_tag
def account_links(number: int) -> list[Link]:
    """The links of one group of the menu, counted from 0, for the Profile page."""
    return groups("")[number].links


def groups(path: str) -> list[Group]:
    """The groups of the menu, in order. Those without a single page stay, so that numbers hold."""
    found = [
        (title, [(label, address) for name, label in links if (address := _address(name))]) for title, links in MENU
    ]
    # A page that is not in the menu belongs to the link whose address is the longest beginning of its own.
    addresses = [address for _title, links in found for _label, address in links]
    nearest = max((address for address in addresses if path.startswith(address)), key=len, default="")
    return [
        Group(title, [Link(label, address, _current(address, nearest, path)) for label, address in links])
        for title, links in found
    ]


def _current(address: str, nearest: str, path: str) -> str:
    if address == path:
        return "page"
    return "true" if address == nearest else ""


def _address(name: str) -> str:
    if name in SANDBOX_ONLY and not settings.SANDBOX:
        return ""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
