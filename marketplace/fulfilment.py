"""What a seller does with an order: send it, call it delivered, give the money back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from marketplace import notices
from marketplace.errors import WrongOrderState
from marketplace.models import Order, OrderEvent
from wallets import reversals
from wallets.errors import IncorrectParameters
from wallets.models import User

Status, Event = Order.Status, OrderEvent.Kind
TRACKING_LENGTH = 255


@database.atomic
def ship(order: Order, *, now: datetime, tracking: str = "", by: User | None = None) -> None:
    """It is on its way; the tracking note is for the buyer. Raises WrongOrderState when it is not (only) paid."""
    if len(tracking) > TRACKING_LENGTH:
        raise IncorrectParameters("tracking", _("The tracking note may have at most 255 characters."))
    locked = _locked(order)
    if not locked.can_be_shipped:
        raise WrongOrderState(locked.get_status_display())
    locked.tracking = tracking.strip()
    _now(locked, Status.SHIPPED, Event.SHIPPED, now, by=by, note=locked.tracking)
    notices.later(notices.shipped, order.number)
    order.refresh_from_db(fields=["status", "tracking", "updated_at"])


@database.atomic
def deliver(order: Order, *, now: datetime, by: User | None = None) -> None:
    """The buyer has it: goods that were sent, a service that was rendered. Raises WrongOrderState."""
    locked = _locked(order)
    if not locked.can_be_delivered:
        raise WrongOrderState(locked.get_status_display())
    _now(locked, Status.DELIVERED, Event.DELIVERED, now, by=by)
    order.refresh_from_db(fields=["status", "updated_at"])


@database.atomic
def refund(order: Order, *, now: datetime, amount: Decimal | None = None, by: User | None = None) -> None:
    """Give the buyer all that is left of the payment back, or a part. What was not sent yet is in stock again.

    Raises WrongOrderState, MoreThanIsLeft, InsufficientFunds.
    """
    order.refresh_from_db(fields=["status"])
    if not order.can_be_refunded:
        raise WrongOrderState(order.get_status_display())
    # Stock and order follow the payment (purchases.py).
    reversals.refund(order.transaction, amount=amount, now=now)
    if by:
        newest = order.events.order_by("-id").values("id")[:1]
        OrderEvent.objects.filter(id__in=newest).update(by=by)
    order.refresh_from_db(fields=["status", "updated_at"])


def _locked(order: Order) -> Order:
    return Order.objects.select_for_update(no_key=True).get(transaction=order.transaction_id)


def _now(
    order: Order, status: Order.Status, event: OrderEvent.Kind, now: datetime, *, by: User | None, note: str = ""
) -> None:
    order.status, order.updated_at = status, now
    order.save(update_fields=["status", "tracking", "updated_at"])
    OrderEvent.objects.create(order=order, kind=event, note=note, by=by, at=now)
