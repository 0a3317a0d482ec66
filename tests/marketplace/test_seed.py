"""The demo merchant's store: there at the first start, left alone afterwards, and restored by a reset."""

import pytest
from django.core.management import call_command
from django.test import Client

from marketplace import catalogue, purchases, seed, stores
from marketplace.models import Category, DigitalContent, Order, Picture, Product, Rendition, Store
from marketplace.purchases import Line
from sandbox import clock
from sandbox.models import Sandbox
from tests.api.conftest import Api
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db


def test_the_first_start_fills_the_windows(world: Sandbox, client: Client) -> None:
    call_command("seed")

    store = Store.objects.get()
    assert (store.account.email, store.wallet_id, store.status) == ("merchant@example.com", "OK702746927", "approved")
    on_sale = Product.objects.on_sale_in(Store.objects.selling(world).values_list("id", flat=True)).in_stock()
    assert on_sale.count() == 7
    assert set(on_sale.values_list("type", flat=True)) == {"shipment", "digital", "service", "donation"}
    assert not on_sale.filter(category=None).exists()
    for product in on_sale:
        catalogue.check(product)
        image = product.images.get()
        assert client.get(f"/marketplace/pictures/{image.name}/small.webp").status_code == 200
    assert Rendition.objects.count() == 21
    assert all(content.text or content.size == len(content.file) for content in DigitalContent.objects.all())


def test_another_start_changes_nothing(world: Sandbox) -> None:
    call_command("seed")
    product = Product.objects.get(title="Robot")
    catalogue.change(product, title="My robot", now=clock.now(world))
    Category.objects.filter(slug="books").update(name="Reading")
    call_command("seed")

    assert Product.objects.count() == 7
    assert Product.objects.filter(title="My robot").exists()
    assert Category.objects.get(slug="books").name == "Reading"


def test_a_merchant_with_a_store_of_his_own_keeps_it(world: Sandbox, merchant: Wallet) -> None:
    stores.register(merchant.account, wallet=merchant, name="Mine", now=clock.now(world))
    seed.demo_store(world, now=clock.now(world))

    assert Store.objects.get().name == "Mine"
    assert not Product.objects.exists()


def test_a_reset_brings_the_store_back(buyer: Wallet, world: Sandbox) -> None:
    call_command("seed")
    robot = Product.objects.select_related("store__account", "store__wallet__account").get(title="Tea cup")
    Product.objects.filter(id=robot.id).update(type="service", shipping=0)
    robot.type, robot.shipping = "service", D("0.00")
    purchases.buy([Line(robot, 2)], payer=buyer, now=clock.now(world))
    catalogue.change(robot, price=D("1.00"), now=clock.now(world))
    store = Store.objects.get()
    stores.suspend(store, reason="Test", now=clock.now(world))
    assert Api().post("reset/").status == 200

    assert not Order.objects.exists()
    restored = Product.objects.get(title="Tea cup")
    assert (restored.stock, restored.price, restored.type, restored.is_on_sale) == (24, D("12.50"), "shipment", True)
    assert (Product.objects.count(), Picture.objects.count()) == (7, 7)
