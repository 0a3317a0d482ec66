"""Every page asks the database as often for many rows as for few: found in the URLconf, so that none is forgotten."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sandbox import clock
from sandbox.models import Sandbox
from tests import abundance, addresses, everything
from wallets.models import User, Wallet

pytestmark = pytest.mark.slow

FEW, MORE = 3, 27
# Never ends, and is asked by no reader of pages.
STREAMS = {"journal-stream", "staff-journal-stream"}
# Whoever comes by these without a token of theirs, or logs out.
NOT_READ = {"logout", "new-password", "confirm-email"}
# What pages show of many rows besides all of them.
ALSO = {
    "wallet-history": ("?kind=send_money", "?currency=EUR&direction=in"),
    "wallet": ("?currency=EUR&days=90",),
    "ipn-history": ("?status=sent", "?status=never-verified"),
    "ipn-verifications": ("?verdict=VERIFIED",),
    "journal": ("?invoice=I-7",),
    "mass-payment": ("?bad",),
    "store-products": ("?show=low", "?q=robot"),
    "store-orders": ("?status=paid",),
    "marketplace": ("?q=robot", "?category=books", "?sort=cheapest"),
    "marketplace-store": ("?q=robot",),
}


def pages(known: dict[str, object]) -> Iterator[str]:
    for address in addresses.below("/account/", "/checkout/", "/marketplace/"):
        if address.name not in STREAMS | NOT_READ:
            path = address.filled(known)
            yield path
            yield from (path + query for query in ALSO.get(address.name, ()))
    yield "/"
    yield f"/checkout/{known['paid checkout']}/receipt/"


def queries(client: Client, path: str) -> tuple[int, list[str]]:
    """The status, and what the database was asked the second time: once is for what a process looks up but once."""
    read(client, path)
    with CaptureQueriesContext(connection) as captured:
        status = read(client, path)
    return status, [re.sub(r"\bIN \([^)]*\)|'[^']*'|\b\d+\b", "?", query["sql"]) for query in captured.captured_queries]


def read(client: Client, path: str) -> int:
    response = client.get(path)
    if response.streaming:
        # Its head and its first row: the rest comes in batches.
        assert all(islice(response.streaming_content, 2))
    return int(response.status_code)


@pytest.fixture
def known(merchant: Wallet, buyer: Wallet, world: Sandbox) -> dict[str, object]:
    known = everything.of(merchant, buyer, now=clock.now(world))
    grow(known, FEW)
    return known


def grow(known: dict[str, object], count: int) -> None:
    abundance.transactions(known, count * 5)
    abundance.records(known, count)
    abundance.products(known, count)


def test_no_page_asks_more_often_for_more_rows(as_merchant: Client, known: dict[str, object]) -> None:
    nobody = Client()
    asked = [(as_merchant, path) for path in pages(known)]
    asked += [(nobody, path) for path in pages(known) if not path.startswith("/account/")]

    shown = ask_before_and_after(asked, known)

    assert len(shown) > 80, shown


def test_no_list_of_the_admin_asks_more_often_for_more_rows(known: dict[str, object]) -> None:
    staff = Client()
    staff.force_login(User.objects.get(email="admin@example.com"))
    lists = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]

    shown = ask_before_and_after([(staff, path) for path in [*lists, "/admin/", "/admin/journal/"]], known)

    assert len(shown) > 40, shown


def ask_before_and_after(asked: list[tuple[Client, str]], known: dict[str, object]) -> list[str]:
    """The pages that were shown. Fails for one that needs more queries when there are more rows."""
    before = [queries(client, path) for client, path in asked]
    grow(known, MORE)
    faults = []
    for (client, path), (status, few) in zip(asked, before, strict=True):
        after, many = queries(client, path)
        assert after == status < 500, path
        if len(many) > len(few):
            faults += [path, *(Counter(many) - Counter(few))]
    assert not faults, "\n".join(faults)
    return [path for (_client, path), (status, _few) in zip(asked, before, strict=True) if status == 200]
