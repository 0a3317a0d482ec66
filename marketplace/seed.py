"""The shelves of the Marketplace everywhere, and in a sandbox installation the demo merchant's store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from marketplace import drawings
from marketplace.drawings import Sheet
from marketplace.models import Category, DigitalContent, Picture, Product, Rendition, Store
from sandbox.models import Sandbox
from wallets import parties
from wallets.models import Account
from wallets.money import D

MERCHANT = "merchant@example.com"
CATEGORIES = (
    ("home", _("Home and living")),
    ("books", _("Books and learning")),
    ("electronics", _("Electronics")),
    ("software", _("Software")),
    ("services", _("Services")),
    ("clothing", _("Clothing")),
    ("art", _("Art and posters")),
    ("music", _("Music and films")),
    ("games", _("Games and toys")),
    ("giving", _("Donations")),
    ("other", _("Other")),
)
STORE = {
    "name": "Demo Store",
    "description": "Everything that a test needs: goods to send, files to download, services, and a good cause.",
    "email": "help@merchant.example",
    "phone": "+44 7700 900123",
    "url": "https://merchant.example/",
}


@dataclass(frozen=True)
class Shown:
    """A product of the demo store."""

    drawing: Callable[[Sheet], None]
    category: str
    fields: dict[str, Any]
    digital: dict[str, Any] | None = None


PRODUCTS = (
    Shown(
        drawings.poster,
        "art",
        {
            "title": "OKPAY Poster",
            "description": "The poster of the developer pages, for the wall above your desk.\n\nPrinted on good paper.",
            "article": "555",
            "type": "shipment",
            "price": D("100.00"),
            "currency_id": "USD",
            "stock": 40,
            "shipping": D("10.00"),
            "shipping2": D("2.00"),
            "tax": D("3.00"),
            "custom_1_title": "Size",
            "custom_2_title": "Paper",
            "custom_2_value": "Matt, 200 g",
        },
    ),
    Shown(
        drawings.robot,
        "games",
        {
            "title": "Robot",
            "description": "Walks, waves, and never asks for a refund. Batteries are not included.",
            "article": "777",
            "type": "shipment",
            "price": D("50.00"),
            "currency_id": "USD",
            "stock": 3,
            "low_stock": 2,
            "shipping": D("5.00"),
        },
    ),
    Shown(
        drawings.cup,
        "home",
        {
            "title": "Tea cup",
            "description": "Holds a quarter of a litre, and keeps it warm for as long as a checkout takes.",
            "article": "CUP-7",
            "type": "shipment",
            "price": D("12.50"),
            "currency_id": "EUR",
            "stock": 24,
            "low_stock": 5,
            "shipping": D("3.90"),
            "shipping2": D("1.00"),
        },
    ),
    Shown(
        drawings.book,
        "books",
        {
            "title": "Payments for Shopkeepers",
            "description": "A short book about notifications, how to verify them, and why to do it every time.",
            "article": "BOOK-1",
            "type": "digital",
            "price": D("9.90"),
            "currency_id": "EUR",
        },
        {
            "text": "Thank you for reading. Your book is below.",
            "file_name": "payments-for-shopkeepers.txt",
            "file": b"Payments for Shopkeepers\n\n1. Listen.\n2. Is it VERIFIED?\n3. Is the amount right?\n4. Ship.\n",
        },
    ),
    Shown(
        drawings.key,
        "software",
        {
            "title": "Plugin licence",
            "description": "For one shop and all of its products. The key is shown as soon as you have paid.",
            "article": "LIC-2",
            "type": "digital",
            "price": D("19.00"),
            "currency_id": "USD",
            "custom_1_title": "Domain of your shop",
        },
        {"text": "Your licence key: DEMO-2026-TEST-ONLY"},
    ),
    Shown(
        drawings.hour,
        "services",
        {
            "title": "An hour of integration help",
            "description": "We look at your listener together until it says VERIFIED.",
            "article": "HOUR",
            "type": "service",
            "price": D("60.00"),
            "currency_id": "EUR",
            "stock": 8,
        },
    ),
    Shown(
        drawings.heart,
        "giving",
        {
            "title": "A coffee for the volunteers",
            "description": "Every cup keeps somebody awake who keeps something free.",
            "type": "donation",
            "price": D("3.00"),
            "currency_id": "EUR",
        },
    ),
)


def categories() -> None:
    """Make sure that they exist; names and places that staff changed stay."""
    rows = [Category(slug=slug, name=name, position=number) for number, (slug, name) in enumerate(CATEGORIES, start=1)]
    Category.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def demo_store(sandbox: Sandbox, *, now: datetime) -> None:
    """Make sure that the demo merchant has a store; one that he has, stays as it is."""
    merchant = Account.objects.filter(email=MERCHANT, sandbox=sandbox, store=None).first()
    wallet = parties.primary_wallet(merchant) if merchant else None
    if merchant is None or wallet is None:
        return
    store = Store.objects.create(account=merchant, wallet=wallet, status=Store.Status.APPROVED, created_at=now, **STORE)
    # Last first: the newest is shown first.
    shown = PRODUCTS[::-1]
    dates = {"created_at": now, "updated_at": now}
    products = Product.objects.bulk_create(
        Product(store=store, category_id=each.category, is_published=True, **dates, **each.fields) for each in shown
    )
    DigitalContent.objects.bulk_create(
        DigitalContent(product=product, updated_at=now, size=len(each.digital.get("file", b"")), **each.digital)
        for product, each in zip(products, shown, strict=True)
        if each.digital
    )
    pictures = Picture.objects.bulk_create(
        Picture(store=store, product=product, alt=product.title, created_at=now) for product in products
    )
    Rendition.objects.bulk_create(
        Rendition(picture=picture, size=drawn.size, width=drawn.width, height=drawn.height, content=drawn.content)
        for picture, each in zip(pictures, shown, strict=True)
        for drawn in drawings.drawn(each.drawing)
    )


def draw_pictures() -> None:
    """Do the slow part ahead, for a caller who is about to hold locks."""
    for each in PRODUCTS:
        drawings.drawn(each.drawing)
