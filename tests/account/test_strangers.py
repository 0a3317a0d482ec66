"""No page of one client shows, changes or hints at another's data: every address with the ID of something is tried."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from checkout import links, seals
from checkout.links import Looks
from checkout.models import ButtonKey, PaymentLink
from ipn.listener_check import checks
from ipn.models import IpnMessage, Verification
from marketplace import catalogue, purchases, seed, stores
from marketplace.models import Order, Product, Store
from marketplace.purchases import Line
from sandbox import clock
from sandbox.models import Sandbox, Scenario
from wallets import mass_payments
from wallets.models import Account, Currency, MassPayment, Transaction, Wallet
from wallets.money import D

FORM = {"ok_receiver": "OK702746927", "ok_item_1_name": "Robot"}
# What identifies nobody's data: a token is a secret itself, a method or a language names a thing that all have.
NOBODYS = {"uidb64", "token", "method"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, set(pattern.pattern.converters)


def of_the_account() -> list[tuple[str, set[str]]]:
    return [each for each in addresses(get_resolver().url_patterns) if each[0].startswith("/account/")]


@pytest.fixture
def of_the_merchant(merchant: Wallet, buyer: Wallet, pay: Callable[..., Transaction]) -> dict[str, object]:
    """One of everything that the merchant has, by the names that addresses have for it."""
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    payment = pay("50", receiver=merchant.id)
    message = IpnMessage.objects.get(transaction_id=payment.id)
    verification = Verification.objects.create(
        sandbox=payment.sandbox,
        asked_at=payment.created_at,
        wallet_id=merchant.id,
        message=message,
        method="POST",
        body="",
        verdict=Verification.Verdict.VERIFIED,
    )
    listed = mass_payments.create(
        merchant,
        rows=mass_payments.read("buyer@example.com,1"),
        currency="EUR",
        receiver_pays_fee=False,
        now=payment.created_at,
    )
    check = checks.prepare(
        sandbox=merchant.account.sandbox, wallet_id=merchant.id, url=merchant.ipn_url, now=payment.created_at
    )
    seed.categories()
    seed.demo_store(merchant.account.sandbox, now=payment.created_at)
    product = Product.objects.get(title="An hour of integration help")
    sold = purchases.buy([Line(product)], payer=buyer, now=payment.created_at)
    link, _hints = links.create(merchant.account, FORM.items(), Looks(), now=payment.created_at)
    return {
        "link_id": link.id,
        "scenario_id": Scenario.objects.create(
            sandbox=merchant.account.sandbox,
            wallet=merchant.id,
            operation="checkout",
            steps=[{"effect": "pass"}],
            created_at=payment.created_at,
        ).id,
        "act": "pause",
        "key_id": seals.new_key(merchant, title="Shop", now=payment.created_at).id,
        "product_id": product.id,
        "picture_id": product.images.get().id,
        "order_number": sold.number,
        **_bought(merchant, buyer, payment.created_at),
        "wallet_id": merchant.id,
        "transaction_id": payment.id,
        "message_id": message.id,
        "verification_id": verification.id,
        "check_id": check.id,
        "mass_payment_id": listed.id,
        "entry_id": f"payment-{payment.id}",
        "correlation": payment.correlation,
    }


def _bought(merchant: Wallet, buyer: Wallet, now: datetime) -> dict[str, object]:
    """The merchant buys from a store of the buyer, and has what he bought."""
    store = stores.register(buyer.account, wallet=buyer, name="Bob's", now=now)
    stores.approve(store, now=now)
    book = catalogue.create(
        store,
        title="Book",
        description="By Bob",
        price=D("1.00"),
        currency=Currency.objects.get(code="EUR"),
        is_published=True,
        now=now,
    )
    catalogue.set_digital_file(book, "book.txt", b"Once upon a time", now=now)
    bought = purchases.buy([Line(book)], payer=merchant, now=now)
    return {"purchase_number": bought.number, "bought_id": book.id}


def test_a_stranger_finds_nothing(as_stranger: Client, as_merchant: Client, of_the_merchant: dict[str, object]) -> None:
    Store.objects.create(
        account=Account.objects.get(email="shop@example.com"),
        wallet_id="OK100000004",
        name="Second Shop",
        created_at=datetime.now(UTC),
    )
    tried = 0
    for route, names in of_the_account():
        wanted = names - NOBODYS
        if not wanted:
            continue
        unknown = wanted - of_the_merchant.keys()
        assert not unknown, f"{route}: this test must learn what {unknown} is"
        address = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(of_the_merchant[name[1]]), route)
        statuses = {as_stranger.get(address).status_code, as_stranger.post(address, {"title": "Mine"}).status_code}
        assert statuses <= {404, 405}, address
        assert 404 in statuses, address
        assert as_merchant.get(address).status_code in (200, 302, 405), address
        tried += 1
    assert tried >= 8
    assert MassPayment.objects.get().status == MassPayment.Status.CHECKED
    assert Wallet.objects.get(id="OK702746927").title == "Main"
    assert Order.objects.get(transaction=of_the_merchant["order_number"]).status == Order.Status.PAID
    assert Product.objects.filter(id=of_the_merchant["product_id"], is_removed=False, stock=7).exists()
    assert PaymentLink.objects.get().is_enabled
    assert PaymentLink.objects.get().revision == 1
    assert ButtonKey.objects.get().revoked_at is None


def test_nobody_who_is_not_logged_in_comes_further_than_the_door(of_the_merchant: dict[str, object]) -> None:
    nobody = Client()
    for route, names in of_the_account():
        if names & NOBODYS - {"method"} or route in OPEN:
            continue
        address = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(of_the_merchant.get(name[1], "btc")), route)
        for response in (nobody.get(address), nobody.post(address)):
            assert response.status_code in (302, 405), address
            if response.status_code == 302:
                assert response["Location"].startswith(f"{settings.LOGIN_URL}?next="), address


OPEN = {
    "/account/login/",
    "/account/logout/",
    "/account/register/",
    "/account/forgotten/",
    "/account/forgotten/sent/",
}


def test_another_clients_wallet_cannot_be_chosen(as_stranger: Client, merchant: Wallet, world: Sandbox) -> None:
    before = Transaction.objects.count()
    filled_in = {
        "wallet": merchant.id,
        "amount": "1",
        "currency": "EUR",
        "into": "USD",
        "receiver": "buyer@example.com",
        "paysystem": "VMF",
        "account": "1" * 12,
        "pasted": "buyer@example.com,1",
    }

    for page in ("send", "exchange", "deposit", "withdraw/won", "mass-payment"):
        response = as_stranger.post(f"/account/{page}/", filled_in)
        assert list(response.context["form"].errors) == ["wallet"], page
        nonexistent = as_stranger.post(f"/account/{page}/", {**filled_in, "wallet": "OK999999999"})
        assert nonexistent.context["form"].errors == response.context["form"].errors

    assert Transaction.objects.count() == before
    assert clock.now(world)


@pytest.mark.parametrize("page", ["send", "mass-payment"])
def test_a_wallet_in_the_query_is_only_a_suggestion(as_stranger: Client, merchant: Wallet, page: str) -> None:
    shown = as_stranger.get(f"/account/{page}/?wallet={merchant.id}").content.decode()

    assert f'value="{merchant.id}"' not in shown
    assert 'value="OK100000004"' in shown
