"""Buy now: a registered buyer pays from his balance, after one look at what it comes to, or without even that."""

import re
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from marketplace import purchases, windows
from marketplace.errors import OutOfStock, PriceChanged
from marketplace.models import OneClick, Order, Product
from marketplace.purchases import CUSTOM_LENGTH, MOST_PIECES, Line
from sandbox import clock
from wallets import countries, payments
from wallets.errors import PaymentError
from wallets.models import Account, Wallet
from wallets.pages.client import ACT, READ_OR_ACT, client_page

ADDRESS = (
    ("name", gettext_lazy("Recipient"), 128, True),
    ("street", gettext_lazy("Street and number"), 200, True),
    ("zip", gettext_lazy("ZIP or postal code"), 20, False),
    ("city", gettext_lazy("City"), 40, True),
    ("state", gettext_lazy("State or province"), 40, False),
)


class BuyForm(forms.Form):
    """How many, from which wallet, where to, what the seller asks. The key makes a second press harmless."""

    quantity = forms.IntegerField(label=gettext_lazy("Pieces"), min_value=1, max_value=MOST_PIECES)
    wallet = forms.ChoiceField(label=gettext_lazy("Pay from"))
    comment = forms.CharField(label=gettext_lazy("Comment for the seller"), max_length=255, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, product: Product, buyer: Account, data: Any = None, *, quantity: int = 1) -> None:
        self.product, self.buyer = product, buyer
        self.wallets = {wallet.id: wallet for wallet in buyer.wallets.all()}
        super().__init__(data, initial={"quantity": quantity, "key": uuid.uuid4(), **_address_of(buyer)})
        wallet = self.fields["wallet"]
        assert isinstance(wallet, forms.ChoiceField)
        wallet.choices = [
            (each.id, f"{each.title} · {each.id} · {each.balance(product.currency_id)} {product.currency_id}")
            for each in self.wallets.values()
        ]
        for name, title in product.questions:
            self.fields[name] = forms.CharField(label=title, max_length=CUSTOM_LENGTH)
        if product.needs_address:
            for name, label, length, needed in ADDRESS:
                self.fields[name] = forms.CharField(label=label, max_length=length, required=needed)
            self.fields["country_code"] = forms.ChoiceField(
                label=gettext_lazy("Country"), choices=[("", "…"), *countries.choices(get_language() or "en")]
            )

    @property
    def line(self) -> Line:
        data = self.cleaned_data
        answers = {name: data[name] for name, _title in self.product.questions}
        return Line(self.product, data["quantity"], **answers)

    @property
    def address(self) -> payments.Address | None:
        if not self.product.needs_address:
            return None
        names = (*(name for name, *_rest in ADDRESS), "country_code")
        return payments.Address(**{name: self.cleaned_data[name] for name in names})

    @property
    def payer(self) -> Wallet:
        return self.wallets[self.cleaned_data["wallet"]]


@client_page(READ_OR_ACT)
def buy_now(request: HttpRequest, client: Account, product_id: int) -> HttpResponse:
    """The look before: what, how many, where to. Who has switched it off comes here only if something is missing."""
    product = _on_sale(request, product_id)
    if request.method != "POST":
        if product.store.account_id == client.id:
            return redirect("marketplace-product", product.id)
        quantity, notice = _can_be_had(product, request.GET.get("quantity", "1"))
        return _show(request, product, BuyForm(product, client, quantity=quantity), notice=notice)
    form = BuyForm(product, client, request.POST)
    if not form.is_valid():
        return _show(request, product, form)
    quantity = form.cleaned_data["quantity"]
    if request.POST.get("pieces", str(quantity)) != str(quantity):
        # Another number than the one whose price he was shown.
        return _show(request, product, form, notice=_price_of(product, quantity))
    order = _buy(form, client, shown=request.POST.get("terms", ""))
    if order is None:
        return _show(request, product, form)
    if request.POST.get("next_time") == "one_click":
        OneClick.objects.get_or_create(account=client, defaults={"since": clock.now(client.sandbox)})
    messages.success(request, _("Bought. Thank you!"))
    return redirect("purchase", order.number)


@client_page(ACT)
def one_click(request: HttpRequest, client: Account, product_id: int) -> HttpResponse:
    """Buy it with what the account says; what is missing, or was refused, leads to the page that asks."""
    product = _on_sale(request, product_id)
    quantity = request.POST.get("quantity", "").strip() or "1"
    if not OneClick.objects.filter(account=client).exists():
        return redirect(f"{request.path.removesuffix('one-click/')}buy/?{urlencode({'quantity': quantity[:20]})}")
    wallet = _first_wallet_with(product, client, _pieces(quantity) or 1)
    given = {"quantity": quantity, "wallet": wallet, "comment": ""}
    form = BuyForm(product, client, {**_address_of(client), **given, "key": request.POST.get("key", "")})
    order = _buy(form, client, shown=request.POST.get("terms", "")) if form.is_valid() else None
    if order is None:
        return _show(request, product, form)
    messages.success(request, _("Bought. Thank you!"))
    return redirect("purchase", order.number)


@client_page(ACT)
def ask_again(request: HttpRequest, client: Account) -> HttpResponse:
    """Switch the confirmation on again."""
    OneClick.objects.filter(account=client).delete()
    messages.success(request, _("From now on we ask before you buy."))
    return redirect("marketplace")


def _pieces(text: str) -> int | None:
    return int(text) if re.fullmatch(r"0*[1-9]\d{0,7}", text, re.ASCII) and len(text) <= 20 else None


def _can_be_had(product: Product, asked: str) -> tuple[int, str]:
    """How many the page offers to somebody who asks for so many; and why, when they are others."""
    pieces = _pieces(asked)
    if pieces is None:
        return 1, _("Write a whole number of pieces, at least 1.")
    if product.stock is not None and product.stock < pieces:
        return max(1, product.stock), str(OutOfStock(product.title, product.stock))
    return pieces, ""


def _price_of(product: Product, pieces: int) -> str:
    _offered, notice = _can_be_had(product, str(pieces))
    text = ngettext(
        "%(pieces)d piece comes to %(total)s %(currency)s. Nothing is bought yet: confirm to pay that.",
        "%(pieces)d pieces come to %(total)s %(currency)s. Nothing is bought yet: confirm to pay that.",
        pieces,
    )
    values = {"pieces": pieces, "total": product.total_of(pieces), "currency": product.currency_id}
    return notice or text % values


def _shown_total(product: Product, pieces: int, terms: str) -> Decimal | None:
    """What so many pieces cost by the terms that the buyer's page had; None if it had none. Raises PriceChanged."""
    if not terms:
        return None
    shown = re.fullmatch(r"([A-Z]{3})" + r" (\d{1,12}\.\d\d)" * 4, terms, re.ASCII)
    if not shown or shown[1] != product.currency_id:
        raise PriceChanged(product.total_of(pieces), product.currency_id)
    names = ("price", "shipping", "shipping2", "tax")
    known = dict(zip(names, map(Decimal, shown.groups()[1:]), strict=True))
    return Product(**known).total_of(pieces)


def _buy(form: BuyForm, client: Account, *, shown: str) -> Order | None:
    """The order; None if it was refused, which the form then says. `shown` are the terms that the page had."""
    wallet = form.payer
    wallet.account = client
    try:
        return purchases.buy(
            [form.line],
            payer=wallet,
            address=form.address,
            comment=form.cleaned_data["comment"],
            expected_total=_shown_total(form.product, form.cleaned_data["quantity"], shown),
            key=form.cleaned_data["key"],
            now=clock.now(client.sandbox),
        )
    except PaymentError as refused:
        if isinstance(refused, OutOfStock):
            form.product.stock = refused.left
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return None


def _on_sale(request: HttpRequest, product_id: int) -> Product:
    found = (
        windows.looker(request)
        .sees()
        .select_related("store__wallet", "store__account__sandbox")
        .filter(id=product_id)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _first_wallet_with(product: Product, client: Account, pieces: int) -> str:
    wallets = list(client.wallets.all())
    enough = [wallet for wallet in wallets if wallet.balance(product.currency_id) >= product.total_of(pieces)]
    return (enough or wallets)[0].id


def _address_of(client: Account) -> dict[str, str]:
    return {name: getattr(client, name) for name in (*(name for name, *_rest in ADDRESS), "country_code")}


def _show(request: HttpRequest, product: Product, form: BuyForm, *, notice: str = "") -> HttpResponse:
    pieces = _pieces(str(form["quantity"].value()).strip()) or 1
    if product.stock is not None:
        pieces = min(pieces, max(1, product.stock))
        # So that a browser says it at once. What counts is what is left when it is paid.
        form.fields["quantity"].widget.attrs["max"] = max(1, product.stock)
    key = form["key"].value() if "key" not in form.errors else uuid.uuid4()
    context = {
        "key": key,
        "product": product,
        "form": form,
        "notice": notice,
        "total": product.total_of(pieces),
        "pieces": pieces,
        "is_one_click": OneClick.objects.filter(account=form.buyer).exists(),
    }
    refused = bool(form.errors) or (notice and form.is_bound)
    return render(request, "marketplace/buy_now.html", context, status=422 if refused else 200)
