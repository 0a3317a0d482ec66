"""The last pieces, and everybody wants them; and a process that dies with its hand on the shelf."""

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.db.models import Sum

from ipn.models import IpnMessage
from marketplace import purchases, stock
from marketplace.errors import OutOfStock
from marketplace.models import Order, OrderLine, Product
from marketplace.purchases import Line
from sandbox.models import Sandbox
from tests.account.conftest import logged_in
from tests.marketplace.conftest import MakeProduct
from tests.programs import ROOT
from wallets import deposits, parties, payments, registration, reversals
from wallets.errors import PaymentError
from wallets.models import Account, Transaction, Wallet
from wallets.money import D

pytestmark = [pytest.mark.django_db(transaction=True)]


def at_once(acts: list[Callable[[], Any]]) -> list[Any]:
    """All of them in threads of their own, let go together; what they answer, or the PaymentError that they raise."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        except PaymentError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def crowd(world: Sandbox, now: datetime) -> list[Wallet]:
    """Fifty people with 200.00 USD each."""
    people = []
    for number in range(50):
        account = registration.register(
            sandbox=world,
            now=now,
            kind=Account.Kind.PERSON,
            email=f"buyer{number}@example.com",
            password="something long",
            first_name="Bo",
            last_name=f"Buyer {number}",
        )
        wallet = parties.primary_wallet(account)
        assert wallet
        wallet.account = account
        deposits.deposit(wallet, currency="USD", amount=D("200.00"), now=now)
        people.append(wallet)
    return people


@pytest.mark.slow
def test_fifty_buyers_and_ten_pieces(crowd: list[Wallet], merchant: Wallet, poster: Product, now: datetime) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/ipn"
    merchant.save()

    def buy(payer: Wallet) -> Callable[[], Order]:
        return lambda: purchases.buy([Line(_fresh(poster))], payer=payer, now=now)

    answers = at_once([buy(payer) for payer in crowd])

    bought = [answer for answer in answers if isinstance(answer, Order)]
    refused = [answer for answer in answers if isinstance(answer, OutOfStock)]
    assert (len(bought), len(refused)) == (10, 40)
    assert Product.objects.get(id=poster.id).stock == 0
    assert Order.objects.filter(status=Order.Status.PAID).count() == 10
    assert len({order.buyer_id for order in bought}) == 10
    assert Transaction.objects.filter(kind="marketplace", status="completed").count() == 10
    assert IpnMessage.objects.count() == 10
    assert merchant.balance("USD") == D("11000.00")
    assert sorted(payer.balance("USD") for payer in crowd) == [D("100.00")] * 10 + [D("200.00")] * 40


@pytest.mark.slow
def test_buying_giving_back_and_filling_up_at_once(
    crowd: list[Wallet], merchant: Wallet, make_product: MakeProduct, now: datetime
) -> None:
    """In both orders of two products, with refunds, declined payments and new pieces: nobody waits in a circle."""
    poster, robot = make_product(price=D("3.00"), stock=60), make_product(title="Robot", price=D("2.00"), stock=60)
    early = [purchases.buy([Line(poster, 2), Line(robot)], payer=payer, now=now) for payer in crowd[:8]]
    order = purchases.order_for([Line(_fresh(robot), 3)])
    pending = payments.pay_from_outside(order, method="CC", payer=None, outcome=payments.PENDING, now=now)
    acts: list[Callable[[], Any]] = [lambda: payments.decline(pending, now=now)]
    for number, payer in enumerate(crowd[:24]):
        lines = [Line(_fresh(poster)), Line(_fresh(robot))][:: -1 if number % 2 else 1]
        acts.append(lambda payer=payer, lines=lines: purchases.buy(lines, payer=payer, now=now))
    acts += [lambda order=order: reversals.refund(order.transaction, now=now) for order in early]
    acts += [lambda: stock.add(_fresh(poster), 5, now=now), lambda: stock.add(_fresh(robot), -5, now=now)]

    answers = at_once(acts)

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    for product, added in ((poster, 5), (robot, -5)):
        held = OrderLine.objects.filter(product=product).aggregate(held=Sum("held"))["held"]
        assert Product.objects.get(id=product.id).stock == 60 + added - held
        assert held == 24


@pytest.mark.slow
def test_a_button_pressed_by_ten_fingers_buys_once(buyer: Wallet, poster: Product, now: datetime) -> None:
    key = uuid.uuid4()
    pressed = [lambda: purchases.buy([Line(_fresh(poster))], payer=buyer, key=key, now=now)] * 10
    answers = at_once(pressed)

    assert len({answer.number for answer in answers}) == 1
    assert Order.objects.count() == 1
    assert buyer.balance("USD") == D("9900.00")
    assert Product.objects.get(id=poster.id).stock == 9


@pytest.mark.slow
def test_a_refund_pressed_by_five_fingers_is_given_once(
    merchant: Wallet, buyer: Wallet, poster: Product, now: datetime
) -> None:
    order = purchases.buy([Line(poster)], payer=buyer, now=now)
    fingers = [logged_in(merchant) for _ in range(5)]
    sent = {"amount": "20.00", "key": str(uuid.uuid4())}
    address = f"/account/marketplace/orders/{order.number}/refund/"
    at_once([lambda finger=finger: finger.post(address, sent) for finger in fingers])

    assert order.events.filter(kind="refunded").count() == 1
    assert buyer.balance("USD") == D("9920.00")


def test_whoever_falls_between_stock_and_booking_leaves_nothing(
    buyer: Wallet, poster: Product, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_args: Any, **_more: Any) -> None:
        assert Product.objects.get(id=poster.id).stock == 9, "the piece is taken by now"
        raise RuntimeError("power failure")

    monkeypatch.setattr("wallets.ledger.post", fall)
    with pytest.raises(RuntimeError):
        purchases.buy([Line(poster)], payer=buyer, now=now)

    assert Product.objects.get(id=poster.id).stock == 10
    assert not Order.objects.exists()
    assert not Transaction.objects.filter(kind="marketplace").exists()


DIES = """
import os, sys, time, django
django.setup()
from django.utils import timezone
from marketplace import purchases
from marketplace.models import Product
from marketplace.purchases import Line
from wallets import ledger
from wallets.models import Wallet

def hang(*args, **more):
    print("booking", flush=True)
    time.sleep(60)

ledger.post = hang
product = Product.objects.select_related("store__account", "store__wallet__account").get(id=sys.argv[1])
payer = Wallet.objects.select_related("account__sandbox").get(id="OK100000001")
purchases.buy([Line(product, 10)], payer=payer, now=timezone.now())
"""


@pytest.mark.slow
def test_a_process_killed_between_stock_and_booking_leaves_nothing(
    buyer: Wallet, poster: Product, now: datetime
) -> None:
    database = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings"}
    command = [sys.executable, "-W", "ignore", "-c", DIES, str(poster.id)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "booking\n"
        process.kill()

    # Whoever comes next waits for nothing: the dead process's transaction is undone by PostgreSQL.
    order = purchases.buy([Line(poster, 10)], payer=buyer, now=now)
    assert Order.objects.get() == order
    assert Product.objects.get(id=poster.id).stock == 0
    assert Transaction.objects.filter(kind="marketplace").count() == 1


def _fresh(product: Product) -> Product:
    return Product.objects.select_related("store__account", "store__wallet__account").get(id=product.id)
