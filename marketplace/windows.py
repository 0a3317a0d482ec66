"""The shop windows: what anybody may look at. The catalogue with search and categories, stores, products, the popular.

Strangers see the sandbox `default`, clients their own.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace.models import Category, OneClick, Order, OrderLine, Product, Store
from marketplace.models.products import ProductQuerySet
from sandbox import clock
from sandbox.models import Sandbox
from wallets.models import Account, Currency

PAGE = 24
# Further than this nobody leafs; a search says more.
LAST_PAGE = 200
POPULAR_WITHIN = timedelta(days=30)
LONGEST_SEARCH = 100
SORTS = {"newest": _("Newest"), "cheapest": _("Lowest price"), "dearest": _("Highest price")}


@dataclass(frozen=True)
class Looker:
    """Who looks, and into which world."""

    account: Account | None
    sandbox: Sandbox

    def sees(self) -> ProductQuerySet:
        """What is shown to him, with what its card says."""
        found = Product.objects.on_sale(self.sandbox).select_related("store", "currency", "category")
        return found if self.account else found.filter(members_only=False)


def looker(request: HttpRequest) -> Looker:
    account: Account | None = getattr(request.user, "account", None)
    return Looker(account, account.sandbox if account else clock.default_sandbox())


def popular(seen: Looker, *, now: datetime, most: int = 8) -> list[Product]:
    """What sold most pieces in the last thirty days; if that is too little, the newest fill up."""
    sold = (
        OrderLine.objects.filter(
            order__created_at__gt=now - POPULAR_WITHIN, order__store__account__sandbox=seen.sandbox
        )
        .exclude(order__status=Order.Status.CANCELED)
        .order_by()
        .values("product")
        .annotate(pieces=Sum("item__quantity"))
        .order_by("-pieces", "-product")[: most * 3]
    )
    ids = [row["product"] for row in sold]
    known = with_pictures(seen.sees().in_stock()).in_bulk(ids)
    found = [known[number] for number in ids if number in known][:most]
    if len(found) < most:
        found += with_pictures(seen.sees().in_stock().exclude(id__in=[each.id for each in found]))[: most - len(found)]
    return found


def with_pictures(products: ProductQuerySet) -> ProductQuerySet:
    return products.defer("description", "words").prefetch_related("images__renditions")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The catalogue: everything, or what a search, a category, an order and a page leave of it."""
    seen = looker(request)
    wanted = _wanted(request)
    category = None
    if slug := request.GET.get("category", ""):
        category = Category.objects.filter(slug=slug).first()
        if category is None:
            raise Http404
    is_front = not (wanted["search"] or category or wanted["page"] > 1 or wanted["sort"] != "newest")
    found = seen.sees()
    if category:
        found = found.filter(category=category)
    rows, has_next = _page(found, wanted)
    context = {
        **wanted,
        "products": rows,
        "has_next": has_next,
        "category": category,
        "categories": Category.objects.all(),
        "popular": popular(seen, now=clock.now(seen.sandbox), most=4) if is_front else [],
        "exclusive": with_pictures(seen.sees().in_stock().filter(members_only=True))[:4]
        if is_front and seen.account
        else [],
    }
    return render(request, "marketplace/windows.html", context | _frame(seen))


@require_safe
def store(request: HttpRequest, store_id: int) -> HttpResponse:
    """One store: who it is, how to reach it, what it sells."""
    seen = looker(request)
    found = (
        Store.objects.filter(
            id=store_id, status=Store.Status.APPROVED, account__is_blocked=False, account__sandbox=seen.sandbox
        )
        .select_related("account")
        .first()
    )
    if found is None:
        raise Http404
    wanted = _wanted(request)
    rows, has_next = _page(seen.sees().filter(store=found), wanted)
    logo = found.pictures.filter(product=None).prefetch_related("renditions").first()
    context = {**wanted, "store": found, "logo": logo, "products": rows, "has_next": has_next}
    return render(request, "marketplace/store_window.html", context | _frame(seen))


@require_safe
def product(request: HttpRequest, product_id: int) -> HttpResponse:
    """One product, with all that a buyer wants to know before he buys."""
    seen = looker(request)
    found = seen.sees().filter(id=product_id).prefetch_related("images__renditions").first()
    if found is None:
        raise Http404
    others = with_pictures(seen.sees().in_stock().filter(store=found.store_id).exclude(id=found.id))[:4]
    context = {
        "product": found,
        "pictures": found.images.all(),
        "others": others,
        "key": uuid.uuid4() if seen.account else None,
        "is_own": seen.account is not None and found.store.account_id == seen.account.id,
        "asks_first": seen.account is not None and not OneClick.objects.filter(account=seen.account).exists(),
    }
    return render(request, "marketplace/product_window.html", context | _frame(seen))


def _frame(seen: Looker) -> dict[str, Any]:
    return {"buyer": seen.account, "sorts": SORTS, "currencies": Currency.objects.values_list("code", flat=True)}


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the address asks for; what it cannot mean is left out rather than refused: people edit addresses."""
    sort, currency = request.GET.get("sort", ""), request.GET.get("currency", "")
    page = request.GET.get("page", "1")
    return {
        "search": " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        "sort": sort if sort in SORTS else "newest",
        "currency": currency if re.fullmatch("[A-Z]{3}", currency, re.ASCII) else "",
        "page": min(int(page), LAST_PAGE) if re.fullmatch(r"[1-9]\d{0,3}", page, re.ASCII) else 1,
    }


def _page(found: ProductQuerySet, wanted: dict[str, Any]) -> tuple[list[Product], bool]:
    """The products of a page, and whether there is another."""
    if wanted["search"]:
        found = found.filter(_matching(wanted["search"]))
    if wanted["sort"] != "newest" and not wanted["currency"]:
        # Prices of different currencies have no order of their own.
        wanted["currency"] = "EUR"
    if wanted["currency"]:
        found = found.filter(currency=wanted["currency"])
    order = {"newest": ("-id",), "cheapest": ("price", "id"), "dearest": ("-price", "-id")}[wanted["sort"]]
    start = (wanted["page"] - 1) * PAGE
    rows = list(with_pictures(found.order_by(*order))[start : start + PAGE + 1])
    return rows[:PAGE], len(rows) > PAGE and wanted["page"] < LAST_PAGE


def _matching(search: str) -> Q:
    """All the words, each of them perhaps only the beginning of one."""
    words = re.findall(r"\w+", search)
    if not words:
        return Q(pk__in=())
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
    return Q(words=query)
