"""What a store has sold and what a client has bought."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction as database
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from marketplace import fulfilment
from marketplace.forms import RefundOnceForm, ShipForm
from marketplace.models import Order, Store
from marketplace.models.orders import OrderQuerySet
from marketplace.order_page import download_of, show
from marketplace.pages.products import store_page
from sandbox import clock, paging
from wallets import presses
from wallets.errors import PaymentError
from wallets.models import Account
from wallets.pages.client import ACT, READ, client_page, user_of

PAGE = 50


@store_page(READ)
def orders(request: HttpRequest, store: Store) -> HttpResponse:
    """What was sold, the newest first."""
    return _list(request, Order.objects.sold_by(store.account), "orders", store=store)


@client_page(READ)
def purchases(request: HttpRequest, client: Account) -> HttpResponse:
    """What was bought, the newest first."""
    return _list(request, Order.objects.bought_by(client), "purchases")


def _list(request: HttpRequest, found: OrderQuerySet, tab: str, **context: object) -> HttpResponse:
    status = request.GET.get("status", "")
    if status in Order.Status:
        found = found.filter(status=status)
    shown = found.for_pages().prefetch_related("transaction__items")
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = paging.page(shown, ("-transaction_id",), size=PAGE, before=before, after=after)
    seen = {
        "tab": tab,
        "orders": page.rows,
        "page": page,
        "status": status if status in Order.Status else "",
        "statuses": Order.Status.choices,
    }
    return render(request, "marketplace/orders.html", seen | context)


@store_page(READ)
def order(request: HttpRequest, store: Store, order_number: int) -> HttpResponse:
    return _show_sold(request, _sold(store, order_number))


@client_page(READ)
def purchase(request: HttpRequest, client: Account, purchase_number: int) -> HttpResponse:
    found = get_object_or_404(Order.objects.bought_by(client).for_pages(), transaction=purchase_number)
    return show(request, found, for_whom="buyer", tab="purchases")


@client_page(READ)
def download(request: HttpRequest, client: Account, purchase_number: int, bought_id: int) -> HttpResponse:
    found = get_object_or_404(Order.objects.bought_by(client), transaction=purchase_number)
    return download_of(found, bought_id)


@store_page(ACT)
def ship(request: HttpRequest, store: Store, order_number: int) -> HttpResponse:
    found = _sold(store, order_number)
    form = ShipForm(request.POST)
    if form.is_valid():
        now, by = clock.now(store.account.sandbox), user_of(request)
        tracking = form.cleaned_data["tracking"]
        return _act(
            request, found, lambda: fulfilment.ship(found, tracking=tracking, by=by, now=now), _("The buyer is told.")
        )
    return _show_sold(request, found, ship_form=form)


@store_page(ACT)
def deliver(request: HttpRequest, store: Store, order_number: int) -> HttpResponse:
    found = _sold(store, order_number)
    now, by = clock.now(store.account.sandbox), user_of(request)
    return _act(request, found, lambda: fulfilment.deliver(found, by=by, now=now), _("The order is delivered."))


@store_page(ACT)
def refund(request: HttpRequest, store: Store, order_number: int) -> HttpResponse:
    found = _sold(store, order_number)
    form = RefundOnceForm(request.POST)
    if form.is_valid():
        now, by, amount = clock.now(store.account.sandbox), user_of(request), form.cleaned_data["amount"] or None
        return _act(
            request,
            found,
            lambda: _refund_once(form, found, amount=amount, by=by, now=now),
            _("The money is on its way back."),
        )
    return _show_sold(request, found, refund_form=form)


@database.atomic
def _refund_once(form: RefundOnceForm, found: Order, **how: Any) -> None:
    if presses.is_first(form, found.store.account):
        fulfilment.refund(found, **how)


def _act(request: HttpRequest, found: Order, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except PaymentError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("store-order", found.number)


def _sold(store: Store, order_number: int) -> Order:
    found = get_object_or_404(Order.objects.sold_by(store.account).for_pages(), transaction=order_number)
    found.store = store
    return found


def _show_sold(request: HttpRequest, found: Order, **forms: object) -> HttpResponse:
    context = {"tab": "orders", "ship_form": ShipForm(), "refund_form": RefundOnceForm()}
    return show(request, found, for_whom="seller", **(context | forms))
