"""A store's products: made, changed, published, taken away, and what buyers of digital ones get."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from marketplace.models import DigitalContent, Product, Store
from wallets.errors import IncorrectParameters
from wallets.forms.fields import plain_text
from wallets.money import LARGEST, ZERO, is_amount

# What its owner may say of a product. Stock is written by stock.py, which minds those who buy at the same moment.
FIELDS = (
    *("title", "description", "price", "currency", "article", "type", "category", "low_stock"),
    *("shipping", "shipping2", "tax", "custom_1_title", "custom_1_value", "custom_2_title", "custom_2_value"),
    *("members_only", "is_published"),
)
ONE_LINE = ("title", "article", "custom_1_title", "custom_1_value", "custom_2_title", "custom_2_value")
LARGEST_FILE = 10 * 1024 * 1024
TEXT_LENGTH = 10_000
NAME_LENGTH = 127


def create(store: Store, *, now: datetime, stock: int | None = None, **fields: Any) -> Product:
    """A new product, of FIELDS that are checked already. Raises IncorrectParameters."""
    product = Product(store=store, stock=stock, created_at=now, updated_at=now, **fields)
    check(product)
    _save(product, force_insert=True)
    return product


def change(product: Product, *, now: datetime, **fields: Any) -> None:
    """Write those of FIELDS that are given; open checkouts keep the price they showed. Raises IncorrectParameters."""
    names = [name.removesuffix("_id") for name in fields]
    assert set(names) <= set(FIELDS)
    for name, value in fields.items():
        setattr(product, name, value)
    check(product)
    product.updated_at = now
    _save(product, update_fields=[*names, "updated_at"])


class ChangedMeanwhile(Exception):
    """Two have written these fields at the same time, and not the same into them."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(fields)
        self.fields = fields


def marks(product: Product) -> str:
    """A mark for the value of each field, by which `merge` sees later whether it is still the same."""
    return ",".join(_mark(product, name) for name in FIELDS)


def merge(product: Product, *, seen: str, now: datetime, **fields: Any) -> None:
    """Write those of all FIELDS that their owner has changed on a page that showed what `seen` marks.

    What a program or another page has changed since stays, unless both changed the same field: raises ChangedMeanwhile,
    and nothing is written. The product's row is locked by the caller. Raises IncorrectParameters.
    """
    assert set(fields) == set(FIELDS)
    given = Product(**fields)
    then = dict(zip(FIELDS, seen.split(","), strict=False)) if seen.count(",") == len(FIELDS) - 1 else {}
    written = [name for name in FIELDS if _mark(given, name) != then.get(name, _mark(product, name))]
    if both := [name for name in written if _mark(product, name) not in (then.get(name), _mark(given, name)) and then]:
        raise ChangedMeanwhile(both)
    change(product, now=now, **{name: fields[name] for name in written})


def _mark(product: Product, name: str) -> str:
    value = getattr(product, f"{name}_id" if name in ("currency", "category") else name)
    # Browsers end lines in their own way.
    text = f"{value:.2f}" if isinstance(value, Decimal) else str(value).replace("\r\n", "\n")
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def check(product: Product) -> None:
    """What no field alone can say, and what its buyers shall be able to read. Raises IncorrectParameters."""
    for name in ONE_LINE:
        try:
            plain_text(getattr(product, name))
        except ValidationError as wrong:
            raise IncorrectParameters(name, str(wrong.message)) from None
    if not is_amount(product.price):
        raise IncorrectParameters("price", _("Write an amount of at least 0.01 with a point, such as 25.00."))
    for name in ("shipping", "shipping2", "tax"):
        amount: Decimal = getattr(product, name)
        if amount != ZERO and not is_amount(amount):
            raise IncorrectParameters(name, _("Write an amount such as 2.50, or 0.00 for none."))
    if product.total_of(1) > LARGEST:
        raise IncorrectParameters("price", _("The price with everything may be at most 999999999999.99."))
    for custom in ("custom_1", "custom_2"):
        if getattr(product, f"{custom}_value") and not getattr(product, f"{custom}_title"):
            raise IncorrectParameters(f"{custom}_title", _("A value needs a title, or buyers would not see it."))


def publish(products: Iterable[Product], *, published: bool, now: datetime) -> int:
    """Into the windows, or out of them; answers how many changed."""
    ids = [product.id for product in products]
    changed = Product.objects.filter(id__in=ids, is_removed=False).exclude(is_published=published)
    return changed.update(is_published=published, updated_at=now)


@database.atomic
def remove(product: Product, *, now: datetime) -> None:
    """Take it away for good. What somebody has bought stays with his order, and keeps its files."""
    locked = Product.objects.select_for_update().get(id=product.id)
    if locked.order_lines.exists():
        locked.is_published, locked.is_removed, locked.updated_at = False, True, now
        locked.save(update_fields=["is_published", "is_removed", "updated_at"])
    else:
        locked.delete()


@database.atomic
def set_digital_text(product: Product, text: str, *, now: datetime) -> None:
    """What buyers read after the payment; an empty one takes it away."""
    if len(text) > TEXT_LENGTH:
        raise IncorrectParameters("text", _("The text may have at most 10,000 characters."))
    DigitalContent.objects.update_or_create(product=product, defaults={"text": text.strip(), "updated_at": now})
    _drop_empty(product)


@database.atomic
def set_digital_file(product: Product, name: str, content: bytes, *, now: datetime) -> None:
    """What buyers download after the payment, instead of the file before it. Raises IncorrectParameters."""
    if not content:
        raise IncorrectParameters("file", _("The file is empty."))
    if len(content) > LARGEST_FILE:
        raise IncorrectParameters("file", _("The file may have at most 10 MB."))
    DigitalContent.objects.update_or_create(
        product=product,
        defaults={
            "file_name": clean_name(name),
            "file": content,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "updated_at": now,
        },
    )


@database.atomic
def remove_digital_file(product: Product, *, now: datetime) -> None:
    DigitalContent.objects.filter(product=product).update(file_name="", file=None, size=0, sha256="", updated_at=now)
    _drop_empty(product)


def clean_name(name: str) -> str:
    """A file name that is one everywhere: no folder, no control or invisible character, not hidden, not too long."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(
        "_" if each in '<>:"|?*' else each for each in base if unicodedata.category(each)[0] not in "CZ" or each == " "
    ).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > NAME_LENGTH:
        kept = f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}" if dot and len(ending) < 20 else kept[:NAME_LENGTH]
    return kept or "file"


def _drop_empty(product: Product) -> None:
    DigitalContent.objects.filter(product=product, text="", size=0).delete()


def _save(product: Product, **how: Any) -> None:
    try:
        with database.atomic():
            product.save(**how)
    except IntegrityError as error:
        if "one_product_per_article" not in str(error):
            raise
        raise article_taken() from None


def article_taken() -> IncorrectParameters:
    return IncorrectParameters("article", _("Another product of this store has this Item No."))
