"""Every page of the admin: it opens, it tells no API password, and facts cannot be changed there."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from checkout import payment_form, sessions
from ipn import verification
from ipn.listener_check import checks
from ipn.models import DeliveryAttempt, IpnMessage
from marketplace import purchases
from marketplace import seed as marketplace
from marketplace.models import Product
from marketplace.purchases import Line
from sandbox import clock
from sandbox.models import RememberedAnswer, Sandbox
from tests.admin.conftest import Clerk
from wallets import chain, payments, reversals
from wallets.models import (
    Account,
    ApiCall,
    Confirmation,
    DisabledApiFunction,
    HistorySegment,
    MailboxMessage,
    MassPayment,
    MassPaymentRow,
    Shop,
    ShopLogo,
    Transaction,
    TransactionItem,
    User,
    Wallet,
)
from wallets.money import D

FACTS = {
    "Transaction",
    "Entry",
    "Balance",
    "TransactionItem",
    "DeliveryAddress",
    "DeliveryAttempt",
    "Verification",
    "AutoReturn",
    "MonthlyTurnover",
    "IpnMessage",
    "ListenerCheck",
    "CheckoutSession",
    "SessionItem",
    "Store",
    "Product",
    "Picture",
    "Rendition",
    "DigitalContent",
    "Order",
    "OrderLine",
    "OrderEvent",
}
# What the full world has none of.
EMPTY = {
    *("wallets.DebitCardOrder", "wallets.ClientDocument", "wallets.Withdrawal", "wallets.Decision"),
    *("marketplace.OneClick", "checkout.PaymentLink", "checkout.ButtonKey", "checkout.RevokedButton"),
    *("ipn.ListenerCheck", "ipn.Story"),
}
OURS = ("sandbox", "ipn", "wallets", "checkout", "marketplace", "soapapi")


def ours() -> list[type[Model]]:
    found = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    # Rows of a snapshot, packed: nothing that a person could read.
    return [model for model in found if model._meta.label != "sandbox.SnapshotChunk"]


@pytest.fixture
def full_world(world: Sandbox, buyer: Wallet, merchant: Wallet) -> None:
    """At least a row of everything, with markup where people could put some."""
    now = clock.now(world)
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn?a=<script>")
    merchant.refresh_from_db()
    order = payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK,
        receiver=merchant,
        currency="USD",
        items=[TransactionItem(number=1, name="<script>alert(1)</script>", price=D("10.00"), type="shipment")],
        comment="<b>&",
        delivery_address=payments.Address("Al", "GB", "Bath", "Elm 1"),
    )
    payment = payments.pay_from_balance(order, payer=buyer, from_currency="EUR", now=now)
    reversals.refund(payment, amount=D("1.00"), now=now)
    form = {"ok_receiver": merchant.id, "ok_item_1_name": "<i>", "ok_item_1_price": "1", "ok_currency": "USD"}
    session = sessions.open_session(payment_form.parse(form.items()), now=now)
    sessions.pay(session, payer=buyer.account, choices=sessions.Choices(), now=now)
    verification.seal_return(
        sandbox=world, wallet_id=merchant.id, transaction_id=payment.id, pairs=[("a", "<b>")], now=now
    )
    message = IpnMessage.objects.first()
    assert message
    DeliveryAttempt.objects.create(
        message=message, number=1, sent_at=now, duration=now - now, request_body="a=b", response_head="<script>"
    )
    verification.verify(
        b"ok_verify=true&" + message.body(resend=False).encode(),
        method="POST",
        content_type="",
        remote_address="127.0.0.1",
        now=now,
    )
    checks.prepare(sandbox=world, wallet_id=merchant.id, url="http://127.0.0.1:9/?a=<script>", now=now)
    RememberedAnswer.objects.create(
        sandbox=world, scope="s", fingerprint="f", status=201, content_type="application/json", body="{}"
    )
    ApiCall.objects.create(wallet=merchant, at=now, operation="Send_Money", outcome="Authentication_Failed")
    DisabledApiFunction.objects.create(name="Send_Money")
    MailboxMessage.objects.create(sandbox=world, to="a@example.com", body="Hello")
    batch = MassPayment.objects.create(wallet=merchant, currency_id="USD", created_at=now)
    MassPaymentRow.objects.create(mass_payment=batch, number=1, receiver="x")
    Confirmation.objects.create(key="0f7e2c4e-52c8-4d5b-8d53-2f2f4c2b7a11", account=buyer.account)
    shop = Shop.objects.create(wallet=merchant, name="<script>alert(4)</script>", changed_at=now)
    ShopLogo.objects.create(shop=shop, width=1, height=1, content=b"<script>alert(5)</script>")
    HistorySegment.objects.create(wallet=merchant, position=1, after=0, last=payment, earliest=now, latest=now)
    marketplace.categories()
    marketplace.demo_store(world, now=now)
    product = Product.objects.get(title="Plugin licence")
    Product.objects.filter(id=product.id).update(title="<script>alert(2)</script>")
    purchases.buy([Line(product, custom_1_value="<script>alert(3)</script>")], payer=buyer, now=now)
    assert chain.seal(world.id)


class Page(HTMLParser):
    """What a page has that matters here."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inline: list[str] = []
        self._tag = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._tag = tag
        if tag == "script" and "src" not in attributes and attributes.get("type") != "application/json":
            self.inline.append("script")
        self.inline += [name for name in attributes if name.startswith("on")]


def test_every_model_is_there() -> None:
    assert not [model for model in ours() if not admin.site.is_registered(model)]


@pytest.mark.slow
def test_every_page_opens(staff: Client, full_world: None) -> None:
    for model in ours():
        _opens(staff, model)


def _opens(staff: Client, model: type[Model]) -> None:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    listed = staff.get(base)
    assert listed.status_code == 200
    assert staff.get(base, {"q": "1"}).status_code == 200
    for query in _filters(listed):
        assert staff.get(f"{base}{query}").status_code == 200, query

    rows: list[Model] = list(model._default_manager.all()[:8])
    if not rows:
        assert model._meta.label in EMPTY or model._meta.app_label == "sandbox"
    for row in rows:
        page = staff.get(f"{base}{row.pk}/change/")
        assert page.status_code == 200
        assert staff.get(f"{base}{row.pk}/history/").status_code == 200
        for act in getattr(admin.site.get_model_admin(model), "acts", ()):
            confirmation = staff.get(f"{base}{row.pk}/{act.name}/")
            assert confirmation.status_code == 200
            assert b"<script>alert" not in confirmation.content
        for content in (page.content, listed.content):
            assert not Page(content).inline
            assert b"<script>alert" not in content
            for secret in _secrets():
                assert secret.encode() not in content


def _filters(listed: Any) -> list[str]:
    change_list = listed.context["cl"]
    return [choice["query_string"] for spec in change_list.filter_specs for choice in spec.choices(change_list)][:40]


def _secrets() -> list[str]:
    wallets = Wallet.objects.exclude(api_password_sealed="")
    assert wallets
    return [secret for wallet in wallets for secret in (wallet.api_password, wallet.api_password_sealed)]


def test_facts_are_read_only(staff: Client, full_world: None) -> None:
    assert {model.__name__ for model in ours()} > FACTS
    for model in ours():
        if model.__name__ in FACTS:
            _is_read_only(staff, model)


def _is_read_only(staff: Client, model: type[Model]) -> None:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = model._default_manager.first()
    assert row
    before = model._default_manager.count()

    assert staff.get(f"{base}add/").status_code == 403
    assert staff.get(f"{base}{row.pk}/delete/").status_code == 403
    assert staff.post(f"{base}{row.pk}/change/", {}).status_code == 403
    staff.post(base, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model._default_manager.count() == before
    page = staff.get(f"{base}{row.pk}/change/").content
    assert b'name="_save"' not in page
    assert b"deletelink" not in page


def test_who_may_nothing_sees_nothing(clerk: Clerk, full_world: None) -> None:
    client = clerk()
    for model in ours():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(base).status_code == 403
        if row := model._default_manager.first():
            assert client.get(f"{base}{row.pk}/change/").status_code == 403


def test_clients_are_no_staff(world: Sandbox, buyer: Wallet) -> None:
    client = Client()
    client.force_login(User.objects.get(account=buyer.account))

    assert client.get("/admin/").status_code == 302


def test_the_front_page_has_our_name(staff: Client) -> None:
    page = staff.get("/admin/")

    assert b"OKPAY gateway" in page.content
    assert b"Django administration" not in page.content


def test_a_change_is_written_down(staff: Client, full_world: None) -> None:
    assert not LogEntry.objects.exists()
    staff.post("/admin/wallets/account/100000002/verify/")

    entry = LogEntry.objects.get()
    assert entry.object_id == "100000002"
    assert "Verify" in entry.get_change_message()
    assert entry.content_type == ContentType.objects.get_for_model(Account)
    assert Session.objects.exists()
    assert entry.action_time <= timezone.now()
