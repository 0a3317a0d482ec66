"""A wallet's shop: kept whole or not at all, also when two of its owner's browsers save at once."""

import io
from datetime import datetime

import pytest
from PIL import Image

from sandbox import clock
from sandbox.models import Sandbox
from tests.marketplace.test_simultaneous import at_once
from wallets import shops
from wallets.errors import NotAPicture
from wallets.models import Shop, ShopLogo, Wallet


def png(width: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (width, 20), (0, 128, 128, 90)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def now(world: Sandbox) -> datetime:
    return clock.now(world)


def test_who_has_said_nothing_has_no_shop(merchant: Wallet, now: datetime) -> None:
    assert shops.of(merchant) is None

    shops.describe(merchant, {"name": ""}, logo=None, now=now)
    assert shops.of(merchant) is None

    shops.describe(merchant, {"name": ""}, logo=png(20), now=now)
    found = shops.of(merchant)
    assert found
    assert found.logo.width == 20


def test_a_bad_logo_keeps_the_texts_as_they_were(merchant: Wallet, now: datetime) -> None:
    shops.describe(merchant, {"name": "Tea"}, logo=png(20), now=now)

    with pytest.raises(NotAPicture):
        shops.describe(merchant, {"name": "Coffee"}, logo=b"GIF89a", now=now)

    assert Shop.objects.get().name == "Tea"
    assert ShopLogo.objects.get().width == 20


@pytest.mark.django_db(transaction=True)
def test_saved_twice_at_once_it_is_one_of_both(merchant: Wallet, now: datetime) -> None:
    """Neither is refused, and the logo is that of whose texts they are."""
    widths = [20, 30, 40, 50]

    at_once(
        [
            lambda width=width: shops.describe(merchant, {"name": str(width)}, logo=png(width), now=now)  # type: ignore[misc]
            for width in widths
        ]
    )

    logo = ShopLogo.objects.get()
    assert logo.width in widths
    assert Shop.objects.get().name == str(logo.width)
