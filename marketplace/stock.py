"""How many pieces there are. Every change is one conditional statement: the stock never falls below zero, however many
buy at once, and nobody overwrites what was sold while he was writing."""

from datetime import datetime

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from marketplace import notices
from marketplace.errors import OutOfStock, ProductNotOnSale, StockChanged
from marketplace.models import OrderLine, Product
from wallets.errors import IncorrectParameters

# PostgreSQL's integer.
MOST = 2_147_483_647


def take(product: Product, quantity: int) -> int:
    """Take pieces for a purchase; answers how many are held: 0 where any number can be sold.

    Until the caller's database transaction ends nobody else buys of this product; when it fails, nothing was taken.
    Raises ProductNotOnSale, OutOfStock.
    """
    assert connection.in_atomic_block, "what is taken belongs to a payment"
    on_sale = Product.objects.filter(id=product.id, is_published=True, is_removed=False)
    if not product.store.sells:
        raise ProductNotOnSale
    if on_sale.filter(stock__gte=quantity).update(stock=F("stock") - quantity):
        product.refresh_from_db(fields=["stock", "low_stock"])
        assert product.stock is not None
        # We hold the row, so of all purchases exactly one crosses the mark.
        if product.is_low and product.low_stock is not None and product.stock + quantity > product.low_stock:
            notices.later(notices.low_stock, product)
        return quantity
    left = on_sale.values_list("stock", flat=True).first()
    if left is not None:
        raise OutOfStock(product.title, left)
    if not on_sale.exists():
        raise ProductNotOnSale
    return 0


def give_back(line: OrderLine) -> None:
    """What a line holds goes back on the shelf; once, because the line then holds nothing."""
    if held := line.held:
        Product.objects.filter(id=line.product_id, stock__lte=MOST - held).update(stock=F("stock") + held)
        line.held = 0
        line.save(update_fields=["held"])


def write(product: Product, stock: int | None, *, seen: int | None, now: datetime) -> None:
    """The owner writes how many there are, None for any number. `seen` is what he was shown. Raises StockChanged."""
    if stock == seen:
        return
    written = Product.objects.filter(id=product.id, stock=seen).update(stock=stock, updated_at=now)
    product.refresh_from_db(fields=["stock"])
    if not written:
        raise StockChanged(product.stock)


def overwrite(product: Product, stock: int | None, *, now: datetime) -> None:
    """A list says how many there are, None for any number, whoever bought meanwhile."""
    Product.objects.filter(id=product.id).update(stock=stock, updated_at=now)
    product.stock = stock


def add(product: Product, pieces: int, *, now: datetime) -> None:
    """Put pieces in, or take some out when negative: right also while others buy. Raises IncorrectParameters."""
    counted = Product.objects.filter(id=product.id, stock__gte=max(0, -pieces), stock__lte=MOST - max(0, pieces))
    added = counted.update(stock=F("stock") + pieces, updated_at=now)
    product.refresh_from_db(fields=["stock"])
    if added:
        return
    if product.stock is None:
        raise IncorrectParameters("add", _("Of this product any number can be sold: set a number first."))
    raise impossible(product.stock)


def impossible(stock: int) -> IncorrectParameters:
    return IncorrectParameters(
        "add", _("There are %(stock)d pieces: that many cannot be added or taken.") % {"stock": stock}
    )
