"""From a product to the checkout and back. The checkout and the Marketplace know nothing of each other; here both meet.

The prices are the store's own: a form only says how many of what. Stock is taken by the payment, not by the checkout
that is open (marketplace/purchases.py).
"""

import re

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from checkout import sessions, shops
from checkout.models import CheckoutSession
from checkout.payment_form import Item, PaymentRequest
from marketplace import purchases
from marketplace.errors import OutOfStock, PriceChanged, ProductNotOnSale
from marketplace.models import Order, Product, Rendition, Store
from marketplace.purchases import Line
from sandbox import clock
from sandbox.origin import origin
from wallets.errors import IncorrectParameters, PaymentError
from wallets.models import Account
from wallets.money import ZERO, parse_price


@never_cache
@require_POST
def buy(request: HttpRequest) -> HttpResponse:
    """Opens a checkout for `product` and `quantity`, each once or several times in the same order.

    `total`, if it is sent, is the price that the buyer was shown. A refusal is told on the page that `next` names.
    """
    try:
        lines = _lines(request)
        session = _open(request, lines)
    except PaymentError as refused:
        messages.error(request, str(refused))
        return redirect(_next(request))
    return redirect("checkout", session.token)


@csrf_exempt  # the wallet may have its buyers returned by POST; nothing is changed here
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bought(request: HttpRequest, token: str) -> HttpResponse:
    """Where the checkout leads afterwards: to the order, or to how it ended when there is none."""
    session = get_object_or_404(CheckoutSession, token=token, kind="marketplace")
    order = Order.objects.filter(transaction=session.transaction_id).first() if session.transaction_id else None
    if order is None:
        return redirect("checkout-receipt", token)
    if order.buyer_id and _account(request) and order.buyer_id == request.user.account_id:  # type: ignore[union-attr]
        return redirect("purchase", order.number)
    return redirect("guest-order", order.token)


def shop_of(session: CheckoutSession) -> shops.Front | None:
    """The store, for the top of the checkout."""
    store = Store.objects.select_related("account").filter(account=session.receiver.account_id).first()
    if store is None or not store.sells:
        return None
    drawn = Rendition.objects.filter(picture__store=store, picture__product=None, size=Rendition.Size.SMALL)
    logo = drawn.values_list("picture__name", "width", "height").first()
    return shops.Front(
        name=store.name,
        description=Truncator(store.description).chars(300),
        site=store.url,
        email=store.email,
        phone=store.phone,
        logo=logo and shops.Logo(reverse("marketplace-picture", args=[logo[0], "small"]), *logo[1:]),
    )


def _lines(request: HttpRequest) -> list[Line]:
    """Raises IncorrectParameters, ProductNotOnSale."""
    products, quantities = request.POST.getlist("product"), request.POST.getlist("quantity")
    if not products or len(products) != len(quantities):
        raise IncorrectParameters("product", _("Choose a product and how many of it."))
    if not all(re.fullmatch(r"\d{1,18}", product, re.ASCII) for product in products):
        raise Http404
    known = Product.objects.select_related("store__account__sandbox", "store__wallet").in_bulk(
        [int(product) for product in products]
    )
    lines = []
    for product, quantity in zip(products, quantities, strict=True):
        if int(product) not in known or (known[int(product)].members_only and not _account(request)):
            raise ProductNotOnSale
        if not re.fullmatch(r"0*[1-9]\d{0,7}", quantity.strip(), re.ASCII):
            raise IncorrectParameters("quantity", _("Write a whole number of pieces, at least 1."))
        lines.append(Line(known[int(product)], int(quantity)))
    return lines


def _open(request: HttpRequest, lines: list[Line]) -> CheckoutSession:
    order = purchases.order_for(lines, asks_later=True)
    for line in lines:
        # A courtesy; whoever pays first gets it.
        if line.product.stock is not None and line.product.stock < line.quantity:
            raise OutOfStock(line.product.title, line.product.stock)
    if shown := request.POST.get("total", ""):
        try:
            is_same = parse_price(shown) == order.gross
        except ValueError:
            is_same = False
        if not is_same:
            raise PriceChanged(order.gross, order.currency)
    wallet = order.receiver
    wallet.account = lines[0].product.store.account
    session = sessions.open_session(
        PaymentRequest(
            kind=order.kind,
            receiver=wallet,
            receiver_as_sent=wallet.id,
            currency=order.currency,
            invoice="",
            fee_payer=order.fee_payer,
            items=tuple(
                Item(
                    name=item.name,
                    article=item.article,
                    type=item.type,
                    quantity=item.quantity,
                    price=item.price,
                    handling=item.handling,
                    shipping=item.shipping,
                    shipping2=ZERO,
                    tax=item.tax,
                    custom_1_title=item.custom_1_title,
                    custom_1_value=item.custom_1_value,
                    custom_2_title=item.custom_2_title,
                    custom_2_value=item.custom_2_value,
                    product_id=item.product_id,
                )
                for item in order.items
            ),
            payer={},
            paysystems=None,
            direct_method="",
            return_success="",
            return_fail="",
            ipn_url="",
            language="",
            hints=(),
        ),
        now=clock.now(wallet.account.sandbox),
    )
    session.return_success = origin(request) + reverse("marketplace-bought", args=[session.token])
    session.return_fail = origin(request) + _next(request)
    session.save(update_fields=["return_success", "return_fail"])
    return session


def _next(request: HttpRequest) -> str:
    """A page of this site, by its path."""
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and len(wanted) <= 300
    return wanted if is_ours and url_has_allowed_host_and_scheme(wanted, None) else "/marketplace/"


def _account(request: HttpRequest) -> Account | None:
    return request.user.account if request.user.is_authenticated else None
