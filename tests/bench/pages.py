"""How long the server takes for its pages when much has happened, beside when little has: every page of the URLconf.

Clients', the checkout's and staff's pages with 100,000 transactions beside 100; the Marketplace with 100,000 products
beside 1,000. Each page is asked for in turns in both databases; of a download the first rows are waited for. What is
told is the slowest, and where it grows the most.
"""

import logging
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin

from tests import addresses
from tests.bench import requests, table, worlds
from tests.bench.worlds import Amounts, Worlds

FEW, MANY = Amounts(100, 1_000), Amounts(100_000, 100_000)
ROUNDS = 7
LISTED = 25  # of the slowest, while it is measured
GOAL, GOAL_OF_GROWTH = 100.0, 2.0  # milliseconds; times
# Below this nobody can tell what a page costs from what else the machine does.
LEAST = 10.0  # milliseconds
# These logs its reader out, or never end by design: the journal's stream is the list once more.
LEFT_OUT = {"logout", "journal-stream", "staff-journal-stream", "new-password", "confirm-email"}
# What people ask of pages, by URL name. The deepest pages are filled in by `_deep`.
ASKED = {
    "wallet": ({"currency": "EUR", "days": "365"},),
    "wallet-history": (
        {"kind": "send_money"},
        {"status": "pending"},
        {"status": "failed"},
        {"currency": "EUR", "direction": "in"},
        {"currency": "GBP"},
    ),
    "wallet-history-csv": ({"kind": "marketplace"},),
    "ipn-history": ({"status": "sent"}, {"status": "failed"}, {"status": "never-verified"}),
    "ipn-verifications": ({"verdict": "VERIFIED"}, {"verdict": "INVALID"}),
    "journal": ({"invoice": "I-7"}, {"kind": "payment"}, {"text": "nowhere"}, {"failed": "yes"}),
    "staff-journal": ({"invoice": "I-7"}, {"text": "nowhere"}),
    "mass-payment": ({"bad": ""}, {"after": "50"}),
    "store-products": ({"show": "low"}, {"show": "hidden"}, {"q": "robot"}, {"q": "nowhere"}, {"q": "N-500"}),
    "store-orders": ({"status": "paid"}, {"status": "shipped"}),
    "purchases": ({"status": "canceled"},),
    "marketplace": (
        {"category": "books"},
        {"category": "music"},
        {"currency": "GBP"},
        {"sort": "cheapest"},
        {"sort": "dearest", "currency": "USD"},
        {"category": "books", "sort": "cheapest"},
        {"q": "robot"},
        {"q": "good"},
        {"q": "robot rope"},
        {"q": "r"},
        {"q": "nowhere"},
        {"q": "500"},
        {"q": "good", "sort": "dearest"},
        {"q": "robot", "category": "software"},
    ),
    "marketplace-store": ({"q": "robot"}, {"sort": "cheapest"}),
}


@dataclass(frozen=True)
class Page:
    group: str
    path: str
    query: str
    whose: str = ""

    def __str__(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")


@dataclass(frozen=True)
class Cost:
    """Milliseconds: the medians."""

    page: Page
    many: float
    few: float

    @property
    def growth(self) -> float:
        return self.many / max(self.few, LEAST)


def run(var: Path, scale: float) -> list[table.Row]:
    many = Amounts(
        max(2 * FEW.transactions, int(MANY.transactions * scale)), max(2 * FEW.products, int(MANY.products * scale))
    )
    logging.getLogger("django.request").setLevel(logging.ERROR)  # pages that there are not are asked for, too
    cookies = {"client": "merchant@example.com", "staff": "admin@example.com"}
    with worlds.two(FEW, many, log_in=cookies) as both:
        pages = list(_pages(both))
        costs = [cost for page in pages if (cost := _cost(both, page, cookies, max(1, int(ROUNDS * scale))))]
    for cost in sorted(costs, key=lambda cost: -cost.many)[:LISTED]:
        print(f"    {cost.many:7.1f} ms  {cost.few:7.1f} ms  {cost.page}", file=sys.stderr)
    return list(_rows(costs, many))


def _rows(costs: list[Cost], many: Amounts) -> Iterator[table.Row]:
    for group, count, few in (
        ("account", many.transactions, FEW.transactions),
        ("checkout", many.transactions, FEW.transactions),
        ("admin", many.transactions, FEW.transactions),
        ("Marketplace", many.products, FEW.products),
    ):
        own = [cost for cost in costs if cost.page.group == group]
        slowest, steepest = max(own, key=lambda cost: cost.many), max(own, key=lambda cost: cost.growth)
        what = f"{len(own)} pages, {group}, {count:,} / {few:,}"
        yield table.within(f"{what}, slowest: {slowest.page}", slowest.many, "ms", goal=GOAL, places=1)
        what, grown = f"  that grows most: {steepest.page}", (steepest.many, max(steepest.few, LEAST), "ms")
        if group == "Marketplace":
            yield table.at_most(what, *grown, goal=GOAL_OF_GROWTH, places=1)
        else:
            yield table.compared(what, *grown, places=1)


def _pages(both: Worlds) -> Iterator[Page]:
    groups = {"/account/": "account", "/checkout/": "checkout", "/marketplace/": "Marketplace"}
    deep = _deep(both)
    for beginning, group in groups.items():
        for address in addresses.below(beginning):
            if address.name in LEFT_OUT:
                continue
            path = address.filled(both.known)
            for asked in ({}, *ASKED.get(address.name, ()), *deep.get(address.name, ())):
                for whose in ("client", "") if group == "Marketplace" else ("client",):
                    yield Page(group, path, urlencode(asked), whose)
    yield Page("checkout", f"/checkout/{both.known['paid checkout']}/receipt/", "", "client")
    yield Page("checkout", f"/checkout/{both.known['/checkout/ token']}/", "")
    yield Page("Marketplace", "/", "")
    yield Page("admin", "/admin/", "", "staff")
    for asked in ({}, *ASKED["staff-journal"]):
        yield Page("admin", "/admin/journal/", urlencode(asked), "staff")
    for model in admin.site._registry:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield Page("admin", path, "", "staff")
        if admin.site._registry[model].search_fields:
            yield Page("admin", path, "q=1234567", "staff")


def _deep(both: Worlds) -> dict[str, list[dict[str, str]]]:
    """In the middle where there is little, which is near the end where there is much; as pages name the place."""
    from ipn.models import IpnMessage, Verification
    from marketplace.models import Order, Product
    from wallets.models import Transaction

    with both.within(both.few):
        middle = {
            model: model._default_manager.order_by("-pk")[model._default_manager.count() // 2]  # type: ignore[attr-defined]
            for model in (Transaction, IpnMessage, Verification, Order, Product)
        }
        payment = middle[Transaction]
    product, by_price = str(middle[Product].id), f"{middle[Product].price}~{middle[Product].id}"
    place = f"{payment.created_at:%Y%m%d%H%M%S%f}-{payment.id}"
    return {
        "wallet-history": [{"older": place}, {"newer": place}, {"older": place, "kind": "marketplace"}],
        "ipn-history": [{"older": str(middle[IpnMessage].id)}, {"newer": str(middle[IpnMessage].id)}],
        "ipn-verifications": [{"older": str(middle[Verification].id)}],
        "store-orders": [{"after": str(middle[Order].pk)}, {"before": str(middle[Order].pk)}],
        "store-products": [{"after": product}, {"before": product}],
        "marketplace": [
            {"after": product},
            {"before": product},
            {"q": "good", "after": product},
            {"q": "robot", "before": product},
            {"category": "books", "after": product},
            {"sort": "cheapest", "after": by_price},
            {"q": "good", "sort": "dearest", "currency": "EUR", "after": by_price},
        ],
        "marketplace-store": [{"after": product}, {"sort": "cheapest", "after": by_price}],
        "journal": [{"older": f"{payment.created_at.isoformat()}~2~{payment.id}"}],
    }


def _cost(both: Worlds, page: Page, cookies: dict[str, str], rounds: int) -> Cost | None:
    """None for what is no page: it only does something."""
    times: dict[str, list[float]] = {"many": [], "few": []}
    for number in range(rounds + 1):
        for which, world in (("many", both.many), ("few", both.few)):
            with both.within(world):
                status, took = _ask(page, cookies)
            if status == 405:
                return None
            assert status < 500, (page, status)
            if number:  # the first time is for what a process looks up but once
                times[which].append(took)
    return Cost(page, statistics.median(times["many"]), statistics.median(times["few"]))


def _ask(page: Page, cookies: dict[str, str]) -> tuple[int, float]:
    """Until all of the page is there, or two parts of a stream: its head and its first row."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": page.path,
        "QUERY_STRING": page.query,
        "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={cookies[page.whose]}" if page.whose else "",
        "wsgi.input": BytesIO(),
    }
    started = time.perf_counter()
    answered = requests.answer(environ)
    for number, _part in enumerate(answered.parts):
        if number == 1:
            break
    took = time.perf_counter() - started
    answered.close()
    assert not page.whose or "/login/" not in answered.headers.get("Location", ""), page
    return answered.status, took * 1000
