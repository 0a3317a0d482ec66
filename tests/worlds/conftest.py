"""Sandboxes beside the default one, and what may be in them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from checkout import payment_form, sessions
from checkout.orders import Choices
from ipn import delivery, verification
from ipn.models import AutoReturn, IpnMessage
from marketplace import purchases
from marketplace.models import DigitalContent, Picture, Product, Rendition, Store
from okpay_gateway.worlds import belongings, births, removal
from sandbox import clock
from sandbox.models import DEFAULT, ControlToken, RememberedAnswer, Sandbox, Scenario
from tests.api.conftest import api  # noqa: F401
from tests.conftest import wallet
from tests.listener import Listener
from wallets import mass_payments, payments, reversals
from wallets.models import ApiCall, ClientDocument, MailboxMessage, Shop, ShopLogo, Transaction, Wallet
from wallets.money import D


@dataclass
class World:
    """A sandbox with the two for whom it was made."""

    sandbox: Sandbox
    told: dict[str, births.Person]

    @property
    def merchant(self) -> Wallet:
        return wallet(self.told["merchant"].wallet)

    @property
    def buyer(self) -> Wallet:
        return wallet(self.told["buyer"].wallet)

    @property
    def now(self) -> datetime:
        self.sandbox.refresh_from_db()
        return clock.now(self.sandbox)

    def pay(self, amount: str = "5.00", **more: Any) -> Transaction:
        return payments.send_money(
            payer=self.buyer, receiver=self.merchant.id, currency="USD", amount=D(amount), now=self.now, **more
        )


@pytest.fixture
def make(world: Sandbox) -> Iterator[Callable[..., World]]:
    """Make a sandbox."""

    def make(**wishes: Any) -> World:
        newborn = births.create(**wishes)
        return World(newborn.sandbox, newborn.people)

    yield make
    # A test that commits leaves nothing behind, and everything can be dropped whatever is in it.
    for sandbox in Sandbox.objects.exclude(id=DEFAULT):
        removal.drop(sandbox)


@pytest.fixture
def own(make: Callable[..., World]) -> World:
    """A sandbox like any other."""
    return make()


def everything(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """All of a sandbox's state, row by row, and its clock."""
    rows = {}
    with connection.cursor() as cursor:
        for each in belongings.state():
            cursor.execute(
                f"SELECT to_jsonb(t) FROM {each.table} t WHERE {each.condition} ORDER BY t.{each.key}",
                {"sandbox": sandbox.id},
            )
            rows[each.table] = [row[0] for row in cursor.fetchall()]
    own = Sandbox.objects.filter(id=sandbox.id).values("clock_offset", "frozen_at", "people", "scripted")
    return rows | {"sandbox": list(own)}


def rows_of_all() -> dict[str, int]:
    """How many rows each table has, of whatever sandbox."""
    return {each.table: each.model._base_manager.count() for each in belongings.every()}


def fill(own: World, listener: Listener) -> None:
    """Something in every table that a merchant and his buyer come by."""
    now = own.now
    Wallet.objects.filter(id=own.merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    merchant, buyer = own.merchant, own.buyer
    email = own.told["buyer"].email
    address = payments.Address(name="Bob", country_code="DE", city="Berlin", street="Lindenstraße 5")

    sale = own.pay("20.00", comment=f"for {email}", invoice="A-1")
    reversals.refund(sale, now=now, amount=D("1.00"))
    form = {"ok_receiver": merchant.id, "ok_item_1_name": "Poster", "ok_item_1_price": "10.00", "ok_currency": "USD"}
    paid, _open = (
        sessions.open_session(payment_form.parse([*form.items(), ("ok_item_1_type", "shipment")]), now=now)
        for _time in range(2)
    )
    sessions.pay(paid, payer=buyer.account, choices=Choices(wallet=buyer.id, address=address), now=now)
    AutoReturn.objects.create(
        sandbox=own.sandbox,
        wallet_id=merchant.id,
        transaction_id=sale.id,
        variables=f"ok_txn_id={sale.id}",
        created_at=now,
    )
    store = Store.objects.create(
        account=merchant.account, wallet=merchant, status="approved", created_at=now, name="Posters", email=email
    )
    product = Product.objects.create(
        store=store,
        title="Poster",
        price=D("3.00"),
        currency_id="USD",
        stock=5,
        type="shipment",
        is_published=True,
        created_at=now,
        updated_at=now,
    )
    picture = Picture.objects.create(store=store, product=product, created_at=now)
    Rendition.objects.create(picture=picture, size="small", width=1, height=1, content=bytes(range(256)))
    DigitalContent.objects.create(product=product, updated_at=now, size=0, text="read me")
    purchases.buy([purchases.Line(product, 2)], payer=buyer, now=now, address=address, key=uuid.uuid4())

    delivery.deliver_due(own.sandbox, now=now)
    message = IpnMessage.objects.filter(sandbox=own.sandbox).latest("id")
    question = f"ok_verify=true&{message.body(resend=False)}".encode()
    verification.verify(question, method="POST", content_type="", remote_address="127.0.0.1", now=now)
    listed = mass_payments.create(
        buyer,
        rows=mass_payments.read(f"{merchant.id},1.00\n{own.told['merchant'].email},2.00"),
        currency="USD",
        receiver_pays_fee=False,
        now=now,
    )
    mass_payments.start(listed, all_or_nothing=False)
    mass_payments.send_due(clock.now)
    ClientDocument.objects.create(
        account=buyer.account,
        kind="photo",
        content_type="image/png",
        content=bytes(range(256)),
        size=256,
        sha256="0" * 64,
        uploaded_at=now,
    )
    MailboxMessage.objects.create(sandbox=own.sandbox, to=email, subject="Hello", body=f"Dear {email}.")
    Scenario.objects.create(
        sandbox=own.sandbox, wallet=merchant.id, steps=[{"effect": "drop", "times": 1}], most=1, created_at=now
    )
    shop = Shop.objects.create(wallet=merchant, name=f"Posters of {merchant.id}", email=email, changed_at=now)
    ShopLogo.objects.create(shop=shop, width=1, height=1, content=bytes(range(256)))
    ApiCall.objects.create(wallet=merchant, at=now, operation="Send_Money", outcome="Authentication_Failed")
    RememberedAnswer.objects.create(
        sandbox=own.sandbox, scope=f"{own.sandbox.id:>064}", fingerprint="", status=200, content_type="", body=""
    )
    ControlToken.objects.create(name="CI", digest=f"{own.sandbox.id:>064}", hint="okc_", sandbox=own.sandbox, scopes=[])
