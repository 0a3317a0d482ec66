"""The stock manager: a store's products, each with its pictures, its stock and what its buyers get; as a file, too."""

import csv
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.db import transaction as database
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace import catalogue, pictures, price_list, stock
from marketplace.errors import StockChanged
from marketplace.forms import AddStockForm, DigitalForm, ImportForm, PictureForm, ProductForm
from marketplace.models import DigitalContent, Picture, Product, Store
from marketplace.pages.store import own_store
from sandbox import clock, paging
from wallets import presses
from wallets.errors import IncorrectParameters, NotAPicture, PaymentError
from wallets.models import Account
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Store, P], HttpResponseBase]

PAGE = 50
WRONG_ROWS_SHOWN = 100
FILTERS = {
    "": (gettext_lazy("All"), Q()),
    "published": (gettext_lazy("Published"), Q(is_published=True)),
    "hidden": (gettext_lazy("Not published"), Q(is_published=False)),
    "low": (gettext_lazy("Low or sold out"), Q(stock__lte=F("low_stock")) | Q(stock=0)),
}


def store_page(
    methods: tuple[str, ...],
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """A page that gets the client's store, its owner and his sandbox loaded. Who has none is led to register one."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        def page(request: HttpRequest, client: Account, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            store = own_store(client)
            if store is None:
                return redirect("store")
            return view(request, store, *args, **kwargs)

        return client_page(methods)(wraps(view)(page))

    return decorate


@store_page(READ_OR_ACT)
def products(request: HttpRequest, store: Store) -> HttpResponse:
    """The list, and what can be done with many of it at once."""
    if request.method == "POST":
        return _act_on_many(request, store)
    chosen = request.GET.get("show", "")
    chosen = chosen if chosen in FILTERS else ""
    words = request.GET.get("q", "").replace("\0", "").strip()[:127]
    found = _own(store).filter(FILTERS[chosen][1])
    if words:
        found = found.filter(Q(title__icontains=words) | Q(article__iexact=words))
    images = Prefetch("images", Picture.objects.order_by("position", "id"))
    shown = found.select_related("category").prefetch_related(images)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    page = paging.page(shown, ("-id",), size=PAGE, before=before, after=after)
    context = {
        "tab": "products",
        "store": store,
        "products": page.rows,
        "page": page,
        "filters": [(name, label, name == chosen) for name, (label, _condition) in FILTERS.items()],
        "show": chosen,
        "q": words,
    }
    return render(request, "marketplace/products.html", context)


def _act_on_many(request: HttpRequest, store: Store) -> HttpResponse:
    ids = [
        int(each) for each in request.POST.getlist("product") if each.isascii() and each.isdigit() and len(each) < 19
    ]
    chosen, now = list(_own(store).filter(id__in=ids[:1000])), clock.now(store.account.sandbox)
    back = redirect(f"{request.path}?{request.GET.urlencode()}")
    if not chosen:
        messages.info(request, _("Choose products first."))
        return back
    match request.POST.get("do", ""):
        case "publish" | "hide" as act:
            done = catalogue.publish(chosen, published=act == "publish", now=now)
        case "remove" if "sure" not in request.POST:
            context = {"tab": "products", "store": store, "products": chosen}
            return render(request, "marketplace/products_remove.html", context)
        case "remove":
            for product in chosen:
                catalogue.remove(product, now=now)
            done = len(chosen)
        case _:
            return back
    messages.success(
        request, ngettext("%(done)d product was changed.", "%(done)d products were changed.", done) % {"done": done}
    )
    return back


@store_page(READ_OR_ACT)
def new(request: HttpRequest, store: Store) -> HttpResponse:
    form = ProductForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            product = _create(store, form)
        except IncorrectParameters as refused:
            form.add_refusal(refused.field, str(refused))
        else:
            if product is None:
                messages.info(request, _("That was done already: nothing was done twice."))
                return redirect("store-products")
            messages.success(request, _("“%(title)s” is in your stock. Add pictures next.") % {"title": product.title})
            return redirect("store-product", product.id)
    return render(request, "marketplace/product_form.html", {"form": form, "store": store, "tab": "products"})


@database.atomic
def _create(store: Store, form: ProductForm) -> Product | None:
    if not presses.is_first(form, store.account):
        return None
    now = clock.now(store.account.sandbox)
    return catalogue.create(store, stock=form.stock_given, now=now, **form.fields_given())


@store_page(READ_OR_ACT)
def product(request: HttpRequest, store: Store, product_id: int) -> HttpResponse:
    """One product with everything. This page's own form changes what is said of it."""
    found = _one(store, product_id)
    form = ProductForm(request.POST if request.method == "POST" else None, product=found)
    if form.is_valid():
        try:
            _change(found, form)
        except StockChanged as refused:
            form = _with_fresh(request, found, "stock_seen", "stock")
            form.add_error("stock", str(refused))
        except catalogue.ChangedMeanwhile as refused:
            form = _with_fresh(request, found, "seen")
            for name in refused.fields:
                form.add_conflict(name)
        except IncorrectParameters as refused:
            form.add_refusal(refused.field, str(refused))
        else:
            messages.success(request, _("“%(title)s” is saved.") % {"title": found.title})
            return redirect("store-product", found.id)
    return _show(request, store, found, form=form)


@database.atomic
def _change(found: Product, form: ProductForm) -> None:
    now = clock.now(found.store.account.sandbox)
    locked = get_object_or_404(Product.objects.select_for_update(no_key=True), id=found.id, is_removed=False)
    stock.write(locked, form.stock_given, seen=form.stock_seen_given, now=now)
    catalogue.merge(locked, seen=form.cleaned_data["seen"], now=now, **form.fields_given())


def _with_fresh(request: HttpRequest, found: Product, *names: str) -> ProductForm:
    """What was filled in, but with these fields as they are now: who saves again has seen them."""
    found.refresh_from_db()
    fresh = ProductForm(product=found).initial
    data = request.POST.copy()
    for name in names:
        data[name] = "" if fresh[name] is None else str(fresh[name])
    form = ProductForm(data, product=found)
    form.is_valid()
    return form


@store_page(ACT)
def add_stock(request: HttpRequest, store: Store, product_id: int) -> HttpResponse:
    found = _one(store, product_id)
    form = AddStockForm(request.POST)
    if form.is_valid():
        try:
            with database.atomic():
                if presses.is_first(form, store.account):
                    stock.add(found, form.cleaned_data["add"], now=clock.now(store.account.sandbox))
        except IncorrectParameters as refused:
            form.add_error("add", str(refused))
        else:
            messages.success(request, _("In stock now: %(stock)s.") % {"stock": found.stock})
            return redirect("store-product", found.id)
    return _show(request, store, found, add_form=form)


# Pictures


@store_page(ACT)
def add_picture(request: HttpRequest, store: Store, product_id: int) -> HttpResponse:
    found = _one(store, product_id)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        try:
            with database.atomic():
                if presses.is_first(form, store.account):
                    pictures.add(found, data["file"], alt=data["alt"], now=clock.now(store.account.sandbox))
        except NotAPicture as refused:
            form.add_error("file", str(refused))
        else:
            messages.success(request, _("The picture is added."))
            return redirect("store-product", found.id)
    return _show(request, store, found, picture_form=form)


@store_page(ACT)
def change_picture(request: HttpRequest, store: Store, product_id: int, picture_id: int) -> HttpResponse:
    """Make it the first, or take it away."""
    found = _one(store, product_id)
    picture = get_object_or_404(Picture, id=picture_id, product=found)
    if "remove" in request.POST:
        picture.delete()
    else:
        pictures.put_first(picture)
    return redirect("store-product", found.id)


# Digital contents


@store_page(ACT)
def digital(request: HttpRequest, store: Store, product_id: int) -> HttpResponse:
    found, now = _one(store, product_id), clock.now(store.account.sandbox)
    if "remove_file" in request.POST:
        catalogue.remove_digital_file(found, now=now)
        return redirect("store-product", found.id)
    form = DigitalForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            with database.atomic():
                catalogue.set_digital_text(found, form.cleaned_data["text"], now=now)
                if file:
                    catalogue.set_digital_file(found, file.name, file.read(), now=now)
        except IncorrectParameters as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, _("What buyers get is saved."))
            return redirect("store-product", found.id)
    return _show(request, store, found, digital_form=form)


# As a file


@store_page(READ)
def export(request: HttpRequest, store: Store) -> HttpResponseBase:
    response = StreamingHttpResponse(_lines(store), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="products.csv"'
    return response


class _Echo:
    """A file whose `write` answers what was written: the csv module's way to a stream."""

    def write(self, text: str) -> str:
        return text


def _lines(store: Store) -> Iterator[str]:
    writer = csv.writer(_Echo())
    # The mark by which spreadsheets know UTF-8.
    yield "\ufeff"
    for row in price_list.export(store):
        yield writer.writerow(row)


@store_page(READ_OR_ACT)
def import_list(request: HttpRequest, store: Store) -> HttpResponse:
    """All rows, or (if so wanted) the good ones; what is wrong is shown row by row beside the rows themselves."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    wrong: list[price_list.Row] = []
    if form.is_valid():
        data = form.cleaned_data
        text = data["pasted"].strip() or data["file"]
        try:
            rows = price_list.read(text, store)
            wrong = [row for row in rows if row.errors]
            good = [row for row in rows if not row.errors]
            if good and (not wrong or data["only_good"]):
                done = _import(store, form, good)
                messages.success(request, _told(done, len(wrong)))
                if not wrong:
                    return redirect("store-products")
        except PaymentError as refused:
            form.add_error("pasted", str(refused))
        # A file that was chosen cannot be shown again; its rows can, to be corrected here.
        form = _with_rows(form, text)
    context = {
        "tab": "products",
        "store": store,
        "form": form,
        "columns": price_list.COLUMNS,
        "wrong": wrong[:WRONG_ROWS_SHOWN],
        "wrong_count": len(wrong),
    }
    return render(request, "marketplace/import.html", context)


@database.atomic
def _import(store: Store, form: ImportForm, rows: list[price_list.Row]) -> price_list.Imported | None:
    if not presses.is_first(form, store.account):
        return None
    return price_list.write(store, rows, now=clock.now(store.account.sandbox))


def _told(done: price_list.Imported | None, wrong: int) -> str:
    if done is None:
        return _("That was done already: nothing was done twice.")
    text = _("%(created)d new, %(changed)d changed, %(wrong)d left out because something was wrong with them.")
    return text % {"created": done.created, "changed": done.changed, "wrong": wrong}


def _with_rows(form: ImportForm, text: str) -> ImportForm:
    shown = ImportForm({"pasted": text, "only_good": form.cleaned_data.get("only_good"), "key": uuid.uuid4()})
    shown.is_valid()
    for name, errors in form.errors.as_data().items():
        shown.add_error(name, errors)
    return shown


def _own(store: Store) -> QuerySet[Product]:
    return store.products.filter(is_removed=False).select_related("currency").order_by("-id")


def _one(store: Store, product_id: int) -> Product:
    found = get_object_or_404(_own(store), id=product_id)
    found.store = store
    return found


def _show(request: HttpRequest, store: Store, found: Product, **forms: Any) -> HttpResponse:
    content = DigitalContent.objects.defer("file").filter(product=found).first()
    context = {
        "tab": "products",
        "store": store,
        "product": found,
        "images": found.images.all(),
        "content": content,
        "form": ProductForm(product=found),
        "add_form": AddStockForm(),
        "picture_form": PictureForm(),
        "digital_form": DigitalForm(initial={"text": content.text if content else ""}),
    }
    return render(request, "marketplace/product.html", context | forms)
