"""A store in London, what it sells, and who buys there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from marketplace import stores
from marketplace.models import Product, Store
from sandbox import clock
from wallets import payments
from wallets.models import Wallet
from wallets.money import D

MakeProduct = Callable[..., Product]

BERLIN = payments.Address(name="Bob Buyer", country_code="DE", city="Berlin", street="Lindenstraße 5", zip="10969")


@pytest.fixture
def now(merchant: Wallet) -> datetime:
    return clock.now(merchant.account.sandbox)


@pytest.fixture
def store(merchant: Wallet, now: datetime) -> Store:
    """The merchant's store, approved."""
    store = stores.register(merchant.account, wallet=merchant, name="Demo Store", email="help@demo.example", now=now)
    stores.approve(store, now=now)
    return store


@pytest.fixture
def make_product(store: Store, now: datetime) -> MakeProduct:
    def make(**fields: Any) -> Product:
        known = {
            "store": store,
            "title": "OKPAY Poster",
            "description": "A poster for your wall.",
            "price": D("100.00"),
            "currency_id": "USD",
            "is_published": True,
            "created_at": now,
            "updated_at": now,
        }
        return Product.objects.create(**known | fields)

    return make


@pytest.fixture
def poster(make_product: MakeProduct) -> Product:
    """Ten of them, 100.00 USD each."""
    return make_product(article="555", stock=10, low_stock=2)
