"""Pictures of products and stores, drawn anew in three sizes (wallets/drawing.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction as database
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from PIL import Image

from marketplace.models import Picture, Product, Rendition, Store
from wallets import drawing
from wallets.errors import NotAPicture

Size = Rendition.Size

EDGES: Mapping[Rendition.Size, int] = {Size.SMALL: 160, Size.MEDIUM: 480, Size.LARGE: 1200}
MOST_PICTURES = 8
ALT_LENGTH = 127


@dataclass(frozen=True)
class Drawn:
    size: Rendition.Size
    width: int
    height: int
    content: bytes


def draw(content: bytes) -> list[Drawn]:
    """The picture in each size. Raises NotAPicture, saying why."""
    return draw_sizes(drawing.decode(content, edge=EDGES[Size.LARGE]))


def draw_sizes(picture: Image.Image) -> list[Drawn]:
    """From the largest to the smallest, each from the one before; none larger than the picture itself."""
    drawn = []
    for size, edge in sorted(EDGES.items(), key=lambda each: -each[1]):
        picture = drawing.shrink(picture, edge=edge)
        drawn.append(Drawn(size, picture.width, picture.height, drawing.encode(picture)))
    return drawn


def add(product: Product, content: bytes, *, now: datetime, alt: str = "") -> Picture:
    """One more picture of a product, behind those that it has. Raises NotAPicture."""
    drawn = draw(content)
    with database.atomic():
        # Of two uploads at once the second waits here, and counts the first.
        Product.objects.select_for_update(no_key=True).get(id=product.id)
        if product.images.count() >= MOST_PICTURES:
            raise NotAPicture(_("A product has at most 8 pictures: remove one first."))
        last = product.images.aggregate(last=Max("position"))["last"]
        picture = Picture.objects.create(
            store=product.store,
            product=product,
            position=0 if last is None else last + 1,
            alt=alt.strip()[:ALT_LENGTH],
            created_at=now,
        )
        keep(picture, drawn)
        return picture


def set_logo(store: Store, drawn: list[Drawn], *, now: datetime) -> Picture:
    """The store's logo instead of the one that it had."""
    with database.atomic():
        Store.objects.select_for_update(no_key=True).get(id=store.id)
        remove_logo(store)
        picture = Picture.objects.create(store=store, created_at=now)
        keep(picture, drawn)
        return picture


def remove_logo(store: Store) -> None:
    store.pictures.filter(product=None).delete()


def put_first(picture: Picture) -> None:
    """It becomes the one that stands for the product."""
    assert picture.product_id is not None, "a logo has no place"
    with database.atomic():
        Product.objects.select_for_update(no_key=True).get(id=picture.product_id)
        others = Picture.objects.filter(product=picture.product_id).exclude(id=picture.id)
        for position, each in enumerate((picture, *others)):
            Picture.objects.filter(id=each.id).update(position=position)


def keep(picture: Picture, drawn: list[Drawn]) -> None:
    Rendition.objects.bulk_create(
        Rendition(picture=picture, size=each.size, width=each.width, height=each.height, content=each.content)
        for each in drawn
    )
