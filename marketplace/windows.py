"""The shop windows: what anybody may look at. The catalogue with search and categories, stores, products, the popular.

Strangers see the sandbox `default`, clients their own.
"""

import contextlib
import logging
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import redis
from django.contrib.postgres.search import SearchQuery
from django.core.cache import cache
from django.db.models import Case, Q, Sum, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace.models import Category, OneClick, Order, OrderLine, Product, Store
from marketplace.models.products import ProductQuerySet
from sandbox import clock, paging
from sandbox.models import Sandbox
from sandbox.paging import Page
from wallets.models import Account, Currency

PAGE = 24
# As many matches as are looked up before they are put in order.
RARE = 1000
POPULAR_WITHIN = timedelta(days=30)
# More than are shown, for some are sold out or for members only; and how long this is known, in seconds.
BEST_SELLING, BEST_SELLING_FOR = 24, 60
LONGEST_SEARCH = 100
log = logging.getLogger(__name__)

SORTS = {"newest": _("Newest"), "cheapest": _("Lowest price"), "dearest": _("Highest price")}
ORDERS = {"newest": ("-id",), "cheapest": ("price", "id"), "dearest": ("-price", "-id")}


@dataclass(frozen=True)
class Looker:
    """Who looks, and into which world."""

    account: Account | None
    sandbox: Sandbox

    @cached_property
    def stores(self) -> list[int]:
        """Those that sell. They are asked for by themselves, so that products alone decide how products are found."""
        return list(Store.objects.selling(self.sandbox).values_list("id", flat=True))

    def sees(self) -> ProductQuerySet:
        """What is shown to him."""
        found = Product.objects.on_sale_in(self.stores)
        return found if self.account else found.filter(members_only=False)


def looker(request: HttpRequest) -> Looker:
    account: Account | None = getattr(request.user, "account", None)
    return Looker(account, account.sandbox if account else clock.default_sandbox())


def popular(seen: Looker, *, now: datetime, most: int = 8) -> list[Product]:
    """What sold most pieces in the last thirty days; if that is too little, the newest fill up."""
    ids = _best_selling(seen.sandbox, now)
    known = with_pictures(seen.sees().in_stock()).in_bulk(ids)
    found = [known[number] for number in ids if number in known][:most]
    if len(found) < most:
        found += with_pictures(seen.sees().in_stock().exclude(id__in=[each.id for each in found]))[: most - len(found)]
    return found


def _best_selling(sandbox: Sandbox, now: datetime) -> list[int]:
    """It takes all orders of a month to know that, so it is found out once a minute, or whenever the cache is away."""
    key = f"best-selling:{sandbox.id}"
    try:
        if (known := cache.get(key)) is not None:
            return list(known)
    except redis.RedisError:
        log.warning("What sells best is looked up for each page: the cache cannot be reached.")
    sold = (
        OrderLine.objects.filter(order__created_at__gt=now - POPULAR_WITHIN, order__store__account__sandbox=sandbox)
        .exclude(order__status=Order.Status.CANCELED)
        .order_by()
        .values("product")
        .annotate(pieces=Sum("item__quantity"))
        .order_by("-pieces", "-product")
    )
    ids = [row["product"] for row in sold[:BEST_SELLING]]
    with contextlib.suppress(redis.RedisError):
        cache.set(key, ids, BEST_SELLING_FOR)
    return ids


def exclusive(seen: Looker, *, most: int = 4) -> list[Product]:
    """The newest of what only registered users see."""
    return list(with_pictures(seen.sees().in_stock().filter(members_only=True))[:most]) if seen.account else []


def with_pictures(products: ProductQuerySet) -> ProductQuerySet:
    """What their cards say."""
    return products.defer("description", "words").prefetch_related("store", "images")


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
    is_front = not (wanted["search"] or category or wanted["before"] or wanted["after"] or wanted["sort"] != "newest")
    found = seen.sees()
    if category:
        found = found.filter(category=category)
    page = _page(found, wanted)
    context = {
        **wanted,
        "products": page.rows,
        "page": page,
        "category": category,
        "categories": Category.objects.all(),
        "popular": popular(seen, now=clock.now(seen.sandbox), most=4) if is_front else [],
        "exclusive": exclusive(seen) if is_front else [],
    }
    return render(request, "marketplace/windows.html", context | _frame(seen))


@require_safe
def store(request: HttpRequest, store_id: int) -> HttpResponse:
    """One store: who it is, how to reach it, what it sells."""
    seen = looker(request)
    found = Store.objects.selling(seen.sandbox).filter(id=store_id).select_related("account").first()
    if found is None:
        raise Http404
    wanted = _wanted(request)
    page = _page(seen.sees().filter(store=found), wanted)
    logo = found.pictures.filter(product=None).first()
    context = {**wanted, "store": found, "logo": logo, "products": page.rows, "page": page}
    return render(request, "marketplace/store_window.html", context | _frame(seen))


@require_safe
def product(request: HttpRequest, product_id: int) -> HttpResponse:
    """One product, with all that a buyer wants to know before he buys."""
    seen = looker(request)
    shown = seen.sees().filter(id=product_id).select_related("store", "category")
    found = shown.prefetch_related("images").first()
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
    return {
        "search": " ".join(request.GET.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        "sort": sort if sort in SORTS else "newest",
        "currency": currency if re.fullmatch("[A-Z]{3}", currency, re.ASCII) else "",
        "before": request.GET.get("before", ""),
        "after": request.GET.get("after", ""),
    }


def _page(found: ProductQuerySet, wanted: dict[str, Any]) -> Page[Product]:
    if wanted["sort"] != "newest" and not wanted["currency"]:
        # Prices of different currencies have no order of their own.
        wanted["currency"] = "EUR"
    if wanted["currency"]:
        found = found.filter(currency=wanted["currency"])
    if wanted["search"]:
        found = _searched(found, wanted["search"])
    order = ORDERS[wanted["sort"]]
    return paging.page(with_pictures(found), order, size=PAGE, before=wanted["before"], after=wanted["after"])


def _searched(found: ProductQuerySet, search: str) -> ProductQuerySet:
    """Those that match. PostgreSQL takes every beginning of a word for as common as any other, so it is told: rare
    words are looked up first; for common ones it reads in order until a page is full, as of a CASE it expects half."""
    matching = _matching(search)
    ids = list(found.filter(matching).order_by().values_list("id", flat=True)[: RARE + 1])
    return found.filter(id__in=ids) if len(ids) <= RARE else found.filter(Case(When(matching, True), default=False))


def _matching(search: str) -> Q:
    """All the words, each of them perhaps only the beginning of one."""
    words = re.findall(r"\w+", search)
    if not words:
        return Q(pk__in=())
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
    return Q(words=query)
