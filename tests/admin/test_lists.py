"""The admin's lists: what is found, and how far is counted."""

from typing import Any

import pytest
from django.test import Client

from marketplace import purchases, seed
from marketplace.models import Product
from marketplace.purchases import Line
from sandbox import admin, clock
from sandbox.models import Sandbox
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D

TRANSACTIONS = "/admin/wallets/transaction/"


@pytest.fixture
def sale(buyer: Wallet, merchant: Wallet, world: Sandbox) -> Transaction:
    return payments.send_money(
        payer=buyer, receiver=merchant.id, currency="EUR", amount=D("5"), invoice="INV-77", now=clock.now(world)
    )


def found(staff: Client, path: str, **query: str) -> list[Any]:
    answer = staff.get(path, query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def test_a_payment_is_found_by_its_number_its_invoice_and_its_parties(
    staff: Client, sale: Transaction, merchant: Wallet
) -> None:
    for word in (str(sale.id), "INV-77", "inv-77", merchant.id.lower(), "merchant@EXAMPLE"):
        assert sale.id in found(staff, TRANSACTIONS, q=word), word
    assert found(staff, TRANSACTIONS, q="INV-77 buyer@example.com") == [sale.id]
    assert found(staff, TRANSACTIONS, q="INV-77 poor@example.com") == []


@pytest.mark.parametrize("nonsense", ["9" * 40, "'", '"', '"x', "\\", "%", "ümlaut", "1.5", "::1"])
@pytest.mark.parametrize("model", ["transaction", "apicall", "account"])
def test_any_search_is_answered(staff: Client, sale: Transaction, model: str, nonsense: str) -> None:
    assert found(staff, f"/admin/wallets/{model}/", q=nonsense) == []


def test_a_list_is_counted_as_far_as_it_is_leafed_through(
    staff: Client, world: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Transaction.objects.count() > 3
    monkeypatch.setattr(admin, "MOST_LISTED", 3)

    assert staff.get(TRANSACTIONS).context["cl"].result_count == 3


def test_a_filter_offers_the_values_of_the_newest_rows(
    staff: Client, sale: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered() -> list[str]:
        filters = staff.get(TRANSACTIONS).context["cl"].filter_specs
        (spec,) = (each for each in filters if getattr(each, "field_path", "") == "payment_method")
        return list(spec.lookup_choices)

    assert {"OKB", "VMF"} <= set(offered())
    monkeypatch.setattr(admin, "RECENT", 1)
    assert offered() == ["OKB"]


def test_a_store_tells_how_much_it_offers_and_has_sold(staff: Client, buyer: Wallet, world: Sandbox) -> None:
    seed.categories()
    seed.demo_store(world, now=clock.now(world))
    help_, other, *_ = Product.objects.filter(type="service") | Product.objects.filter(type="donation")
    for product in (help_, other):
        purchases.buy([Line(product)], payer=buyer, now=clock.now(world))
    Product.objects.filter(id=other.id).update(is_published=False)

    (store,) = staff.get("/admin/marketplace/store/").context["cl"].result_list
    assert (store.on_sale, store.sold) == (Product.objects.filter(is_published=True).count(), 2)
