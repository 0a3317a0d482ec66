"""The graphics of payment buttons, drawn by us: static/buttons/<name>-<language>.svg, any of them in each language."""

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# As the official pages show them: Buy Now, Click here to pay, OKPAY Button, and others. The official samples use x02.
GRAPHICS: dict[str, StrOrPromise] = {
    "x01": _("Buy Now, large"),
    "x02": _("Buy Now"),
    "x03": _("Buy Now, light"),
    "x04": _("Buy Now, dark, with a cart"),
    "x05": _("Click here to pay"),
    "x06": _("Click here to pay, light"),
    "x07": _("Pay with OKPAY"),
    "x08": _("Pay with OKPAY, with ways to pay"),
    "x09": _("Donate"),
    "x10": _("Donate, light"),
    "x11": _("Checkout"),
    "x12": _("OKPAY button"),
    "x13": _("OKPAY button, dark"),
    "x14": _("OKPAY badge"),
    "x15": _("OKPAY mark"),
    "x16": _("Book Now"),
}
DEFAULT = "x02"
LANGUAGES = {"en": "English", "de": "Deutsch", "ru": "Русский"}


def address(name: str, language: str) -> str:
    """The path of a graphic on this server."""
    return static(f"buttons/{name}-{language}.svg")
