"""The store itself: an overview, registration, settings."""

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from marketplace import pictures, stores, windows
from marketplace.forms import StoreForm
from marketplace.models import Order, Product, Store
from sandbox import clock
from wallets.errors import IncorrectParameters, NotAPicture
from wallets.models import Account
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page

LATEST = 5
MOST_LOW = 50


def own_store(client: Account) -> Store | None:
    store = Store.objects.select_related("wallet").filter(account=client).first()
    if store:
        store.account = client
    return store


@client_page(READ)
def overview(request: HttpRequest, client: Account) -> HttpResponse:
    """How the store stands, what needs attention, what was bought."""
    store = own_store(client)
    products = Product.objects.filter(store=store, is_removed=False) if store else Product.objects.none()
    orders, seen = Order.objects.for_pages(), windows.looker(request)
    context = {
        "tab": "overview",
        "store": store,
        "counts": {
            **products.aggregate(products=Count("pk"), published=Count("pk", filter=Q(is_published=True))),
            "to_send": orders.filter(store=store, status=Order.Status.PAID).count() if store else 0,
        },
        "low": products.filter(stock__lte=F("low_stock")).order_by("stock", "id")[:MOST_LOW],
        "sold": orders.sold_by(client)[:LATEST],
        "bought": orders.bought_by(client)[:LATEST],
        # Official page "Marketplace": the popular ones stand also "in registered users' private space".
        "popular": windows.popular(seen, now=clock.now(client.sandbox), most=4),
        "exclusive": windows.exclusive(seen),
    }
    return render(request, "marketplace/overview.html", context)


@client_page(READ_OR_ACT)
def settings(request: HttpRequest, client: Account) -> HttpResponse:
    """Register a store, or change what it says of itself."""
    store = own_store(client)
    form = StoreForm(client, store, *((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid() and _save(client, store, form):
        messages.success(
            request, _("Your store is saved.") if store else _("Your store is registered. Staff will look at it.")
        )
        return redirect("account-marketplace")
    logo = store.pictures.filter(product=None).first() if store else None
    return render(request, "marketplace/store_form.html", {"form": form, "store": store, "logo": logo, "tab": "store"})


@client_page(ACT)
def remove_logo(request: HttpRequest, client: Account) -> HttpResponse:
    if store := own_store(client):
        pictures.remove_logo(store)
    return redirect("store")


def _save(client: Account, store: Store | None, form: StoreForm) -> bool:
    data, now = form.cleaned_data, clock.now(client.sandbox)
    told = {name: data[name] for name in ("name", "description", "email", "phone", "url", "wallet")}
    try:
        drawn = pictures.draw(data["logo"]) if data["logo"] else None
        if store is None:
            told["wallet"].account = client
            store = stores.register(client, now=now, **told)
        else:
            for name, value in told.items():
                setattr(store, name, value)
            store.save(update_fields=list(told))
        if drawn:
            pictures.set_logo(store, drawn, now=now)
    except (NotAPicture, IncorrectParameters) as refused:
        form.add_error("logo" if isinstance(refused, NotAPicture) else None, str(refused))
        return False
    return True
