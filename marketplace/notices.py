"""E-mails to buyers and sellers. They go out when what they tell is certain; a mail server that is away is logged."""

import logging
from collections.abc import Callable
from decimal import Decimal
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models import Order, Product
from wallets.money import text

log = logging.getLogger(__name__)


def later(notice: Callable[..., None], *about: Any) -> None:
    """Send it when the database transaction is committed. What goes wrong then undoes nothing: it is logged."""

    def tell() -> None:
        notice(*about)

    transaction.on_commit(tell, robust=True)


def sold(number: int) -> None:
    """A receipt to the buyer, an order to the seller."""
    order = _order(number)
    subject = {"number": order.number, "store": order.store.name}
    _to_buyer(order, _("Your order %(number)s at %(store)s") % subject, "receipt")
    _to_seller(order, _("New order %(number)s") % subject, "sold")


def shipped(number: int) -> None:
    order = _order(number)
    _to_buyer(order, _("Your order %(number)s is on its way") % {"number": order.number}, "shipped")


def canceled(number: int) -> None:
    """The pending payment was declined."""
    order = _order(number)
    subject = _("Order %(number)s is canceled") % {"number": order.number}
    _to_buyer(order, subject, "canceled")
    _to_seller(order, subject, "canceled")


def refunded(number: int, amount: Decimal) -> None:
    order = _order(number)
    values = {"number": order.number, "amount": text(amount), "currency": order.currency}
    subject = _("Order %(number)s: %(amount)s %(currency)s given back") % values
    _to_buyer(order, subject, "refunded", amount=text(amount))
    _to_seller(order, subject, "refunded", amount=text(amount))


def low_stock(product: Product) -> None:
    subject = _("Only %(stock)s left: %(title)s") % {"stock": product.stock, "title": product.title}
    address = settings.PUBLIC_URL + reverse("store-product", args=[product.id])
    _send(product.store.account.email, subject, "low_stock", product=product, address=address)


def _order(number: int) -> Order:
    return Order.objects.select_related(
        "store__account", "buyer", "transaction__currency", "transaction__delivery_address"
    ).get(transaction=number)


def _to_buyer(order: Order, subject: str, template: str, **context: Any) -> None:
    """Nobody knows the address of who bought without an account."""
    if order.buyer:
        address = settings.PUBLIC_URL + reverse("purchase", args=[order.number])
        _about(order, order.buyer.email, subject, template, address=address, to_seller=False, **context)


def _to_seller(order: Order, subject: str, template: str, **context: Any) -> None:
    address = settings.PUBLIC_URL + reverse("store-order", args=[order.number])
    _about(order, order.store.account.email, subject, template, address=address, to_seller=True, **context)


def _about(order: Order, to: str, subject: str, template: str, **context: Any) -> None:
    items = list(order.transaction.items.all())
    _send(to, subject, template, order=order, items=items, total=text(order.total), **context)


def _send(to: str, subject: str, template: str, **context: Any) -> None:
    # A subject is one line, whatever a title has in it.
    subject = " ".join(subject.split())
    try:
        body = render_to_string(f"marketplace/messages/{template}.txt", context)
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [to])
    except (SMTPException, OSError) as error:
        log.error("The mail server cannot be reached: %s", error)
