"""Whose checkout this is, in the shop's own words. Official page "Payment Links & Buttons Overview", step 2.

A shop's form is answered with what its wallet's Shop tab says. For another kind of order somebody may know better: he
registers as its source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from wallets import shops
from wallets.models import Wallet

if TYPE_CHECKING:
    from checkout.models import CheckoutSession


@dataclass(frozen=True)
class Logo:
    """An address of this site's, and the picture's size."""

    address: str
    width: int
    height: int


@dataclass(frozen=True)
class Front:
    """What stands at the top of the checkout. Plain text, and addresses that begin with http."""

    name: str = ""
    description: str = ""
    site: str = ""
    email: str = ""
    phone: str = ""
    support_url: str = ""
    logo: Logo | None = None


Source = Callable[["CheckoutSession"], Front | None]
_sources: dict[str, Source] = {}


def register(kind: str, source: Source) -> None:
    """Ask `source` about orders of this kind. Where it knows nothing, the wallet's own words are taken."""
    _sources[kind] = source


def of(session: "CheckoutSession") -> Front | None:
    source = _sources.get(session.kind)
    return (source and source(session)) or of_wallet(session.receiver)


def of_wallet(wallet: Wallet) -> Front | None:
    shop = shops.of(wallet)
    if shop is None:
        return None
    logo = getattr(shop, "logo", None)
    return Front(
        name=shop.name,
        description=shop.description,
        site=shop.site,
        email=shop.email,
        phone=shop.phone,
        support_url=shop.support_url,
        logo=logo and Logo(reverse("shop-logo", args=[logo.name]), logo.width, logo.height),
    )
