"""A wallet's shop as buyers see it: what it says of itself, and its logo."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction as database

from wallets import drawing
from wallets.models import Shop, ShopLogo, Wallet

LOGO_EDGE = 320


def of(wallet: Wallet) -> Shop | None:
    """The shop with its logo's name and size, None for who has said nothing."""
    shop = Shop.objects.select_related("logo").defer("logo__content").filter(wallet=wallet).first()
    return shop if shop and shop.says_something else None


@database.atomic
def describe(wallet: Wallet, told: Mapping[str, str], *, logo: bytes | None, now: datetime) -> Shop:
    """Keep what is told, by the names of Shop's fields. `logo` takes the place of the one before, None keeps it.

    Raises NotAPicture, and nothing is kept.
    """
    drawn = drawing.shrink(drawing.decode(logo, edge=LOGO_EDGE), edge=LOGO_EDGE) if logo else None
    shop, _is_new = Shop.objects.update_or_create(wallet=wallet, defaults={**told, "changed_at": now})
    if drawn:
        # A new name each time: browsers keep what stood at the old address.
        ShopLogo.objects.filter(shop=shop).delete()
        ShopLogo.objects.create(shop=shop, width=drawn.width, height=drawn.height, content=drawing.encode(drawn))
    return shop


def remove_logo(wallet: Wallet, *, now: datetime) -> None:
    if ShopLogo.objects.filter(shop=wallet.id).delete()[0]:
        Shop.objects.filter(wallet=wallet).update(changed_at=now)
