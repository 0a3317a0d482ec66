"""Buying in the Marketplace. Stock, order, payment and notification are one database transaction: all or nothing.

`buy` pays from a balance. A checkout may pay for the same things by any method (`order_for` is what it pays for): the
stock is held by `follow`, which goes along with every payment of the kind `marketplace` (wallets/followers.py), so it
does not matter who makes, approves, declines or reverses one.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from marketplace import notices, stock
from marketplace.errors import OtherSandbox, PriceChanged, ProductNotOnSale
from marketplace.models import DigitalContent, Order, OrderEvent, OrderLine, Product
from wallets import payments
from wallets.errors import IncorrectAmount, IncorrectParameters
from wallets.models import Confirmation, Transaction, TransactionItem, Wallet
from wallets.money import LARGEST

Status, Event = Order.Status, OrderEvent.Kind

# ok_item_#_quantity has eight characters, a custom value 127, a comment 255.
MOST_PIECES = 99_999_999
MOST_LINES = 100
CUSTOM_LENGTH, COMMENT_LENGTH = 127, 255


@dataclass(frozen=True)
class Line:
    """So many pieces of a product, its store and the store's account loaded, with what the buyer filled in."""

    product: Product
    quantity: int = 1
    custom_1_value: str = ""
    custom_2_value: str = ""


@database.atomic
def buy(
    lines: Sequence[Line],
    *,
    payer: Wallet,
    now: datetime,
    from_currency: str = "",
    address: payments.Address | None = None,
    comment: str = "",
    expected_total: Decimal | None = None,
    key: uuid.UUID | None = None,
) -> Order:
    """Buy things of one store from the payer's balance, converted when `from_currency` is another.

    `expected_total` is what the buyer was shown. With a `key`, who comes again with it gets the first order: a button
    that is pressed twice buys once. Raises PaymentError.
    """
    if key is not None:
        confirmation, is_first = Confirmation.objects.get_or_create(key=key, defaults={"account": payer.account})
        if not is_first:
            return _bought_before(confirmation, payer)
    order = order_for(lines, comment=comment, address=address)
    if order.receiver.account.sandbox_id != payer.account.sandbox_id:
        raise OtherSandbox
    if expected_total is not None and expected_total != order.gross:
        raise PriceChanged(order.gross, order.currency)
    payment = payments.pay_from_balance(order, payer=payer, from_currency=from_currency, now=now)
    if key is not None:
        confirmation.transaction = payment
        confirmation.save(update_fields=["transaction"])
    return Order.objects.get(transaction=payment)


def order_for(
    lines: Sequence[Line], *, comment: str = "", address: payments.Address | None = None, asks_later: bool = False
) -> payments.Order:
    """What the verbs that pay take: at the products' own prices, to their store's wallet.

    `asks_later`: a checkout asks for the address and for what buyers fill in. Raises PaymentError.
    """
    if not 1 <= len(lines) <= MOST_LINES:
        raise IncorrectParameters("items", _("Between 1 and 100 different things can be bought at once."))
    first = lines[0].product
    for line in lines:
        if not line.product.is_on_sale:
            raise ProductNotOnSale
        if line.product.store_id != first.store_id or line.product.currency_id != first.currency_id:
            raise IncorrectParameters("items", _("One order is for things of one store in one currency."))
        if not 1 <= line.quantity <= MOST_PIECES:
            raise IncorrectParameters("quantity", _("Write a whole number of pieces, at least 1."))
        if not asks_later:
            _check_answers(line)
    if len(comment) > COMMENT_LENGTH:
        raise IncorrectParameters("comment", _("The comment may have at most 255 characters."))
    if not asks_later and any(line.product.needs_address for line in lines):
        if not (address and address.name and address.street and address.city and address.country_code):
            raise IncorrectParameters("address", _("Say where to deliver to: name, street, city and country."))
    else:
        address = None
    if sum(line.product.total_of(line.quantity) for line in lines) > LARGEST:
        raise IncorrectAmount
    return payments.Order(
        kind=Transaction.Kind.MARKETPLACE,
        receiver=first.store.wallet,
        currency=first.currency_id,
        items=[_item(number, line) for number, line in enumerate(lines, start=1)],
        comment=comment.strip(),
        delivery_address=address,
    )


def follow(payment: Transaction, *, now: datetime) -> None:
    """Keep stock and orders in step with a payment. Raises ProductNotOnSale, OutOfStock."""
    if payment.parent_id:
        _reversed(payment, now)
        return
    order = _locked(payment.id)
    if order is None:
        if payment.status in (Transaction.Status.COMPLETED, Transaction.Status.PENDING):
            _ordered(payment, now)
    elif payment.status == Transaction.Status.COMPLETED:
        _paid(order, now)
    elif payment.status == Transaction.Status.FAILED:
        _canceled(order, now)


def _check_answers(line: Line) -> None:
    for name, title in line.product.questions:
        value = getattr(line, name).strip()
        if not value or len(value) > CUSTOM_LENGTH:
            text = _("The store asks for “%(title)s”: fill it in, with at most %(most)d characters.")
            raise IncorrectParameters(name, text % {"title": title, "most": CUSTOM_LENGTH})


def _item(number: int, line: Line) -> TransactionItem:
    product = line.product
    return TransactionItem(
        number=number,
        name=product.title,
        article=product.article,
        type=product.type,
        quantity=line.quantity,
        price=product.price,
        shipping=product.shipping_of(line.quantity),
        tax=product.tax * line.quantity,
        custom_1_title=product.custom_1_title,
        custom_1_value=product.custom_1_value or (product.custom_1_title and line.custom_1_value.strip()),
        custom_2_title=product.custom_2_title,
        custom_2_value=product.custom_2_value or (product.custom_2_title and line.custom_2_value.strip()),
        product_id=product.id,
    )


def _bought_before(confirmation: Confirmation, payer: Wallet) -> Order:
    order = Order.objects.filter(transaction=confirmation.transaction_id, buyer=payer.account_id).first()
    if order is None:
        raise IncorrectParameters("key", _("This key was used for something else."))
    return order


def _ordered(payment: Transaction, now: datetime) -> None:
    items = [item for item in payment.items.all() if item.product_id is not None]
    if not items:
        return
    found = Product.objects.select_related("store__account").in_bulk([item.product_id for item in items])
    products = {id: product for id, product in found.items() if _is_of(product, payment)}
    held = {}
    # In the order of IDs, so that two purchases of the same things never wait for each other in a circle.
    for item in sorted(items, key=lambda item: (item.product_id or 0, item.number)):
        if item.product_id not in products:
            raise ProductNotOnSale
        held[item.number] = stock.take(products[item.product_id], item.quantity)
    is_paid = payment.status == Transaction.Status.COMPLETED
    order = Order.objects.create(
        transaction=payment,
        store=products[items[0].product_id].store,
        buyer=payment.payer,
        status=Status.PAID if is_paid else Status.PENDING,
        created_at=now,
        updated_at=now,
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, item=item, product=products[item.product_id], held=held[item.number]) for item in items
    )
    if is_paid:
        _paid(order, now)
    else:
        OrderEvent.objects.create(order=order, kind=Event.ORDERED, at=now)


def _is_of(product: Product, payment: Transaction) -> bool:
    """Whether it is the receiver who sells it: nobody pays somebody else for it."""
    return product.store.account_id == payment.receiver_wallet.account_id


def _paid(order: Order, now: datetime) -> None:
    """What consists of digital contents only is delivered with the payment."""
    products = set(order.lines.values_list("product", flat=True))
    is_delivered = DigitalContent.objects.filter(product__in=products).count() == len(products)
    order.status, order.updated_at = Status.DELIVERED if is_delivered else Status.PAID, now
    order.save(update_fields=["status", "updated_at"])
    events = [Event.PAID, *([Event.DELIVERED] if is_delivered else [])]
    OrderEvent.objects.bulk_create(OrderEvent(order=order, kind=kind, at=now) for kind in events)
    notices.later(notices.sold, order.number)


def _canceled(order: Order, now: datetime) -> None:
    _give_back(order)
    order.status, order.updated_at = Status.CANCELED, now
    order.save(update_fields=["status", "updated_at"])
    OrderEvent.objects.create(order=order, kind=Event.CANCELED, at=now)
    notices.later(notices.canceled, order.number)


def _reversed(reversal: Transaction, now: datetime) -> None:
    """A part of the money leaves the order as it is. All of it ends it, and what was not yet sent is back in stock."""
    payment = reversal.parent
    assert payment is not None
    order = _locked(payment.id)
    if order is None:
        return
    is_chargeback = reversal.reversal_reason == Transaction.ReversalReason.CHARGEBACK
    if payment.status == Transaction.Status.REVERSED:
        if order.status == Status.PAID:
            _give_back(order)
        order.status = Status.REFUNDED
    order.updated_at = now
    order.save(update_fields=["status", "updated_at"])
    OrderEvent.objects.create(
        order=order, kind=Event.CHARGED_BACK if is_chargeback else Event.REFUNDED, amount=-reversal.gross, at=now
    )
    notices.later(notices.refunded, order.number, -reversal.gross)


def _give_back(order: Order) -> None:
    for line in order.lines.order_by("product_id", "id"):
        stock.give_back(line)


def _locked(number: int) -> Order | None:
    return Order.objects.select_for_update(no_key=True).filter(transaction=number).first()
