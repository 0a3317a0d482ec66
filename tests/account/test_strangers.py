"""No page of one client shows, changes or hints at another's data: every address with the ID of something is tried.

The control API is tried in the same way by tests/api/test_strangers.py.
"""

import re

import pytest
from django.conf import settings
from django.test import Client

from marketplace.models import Product, Store
from okpay_gateway.worlds import births
from sandbox import clock
from sandbox.models import Sandbox
from tests import addresses, everything
from tests.worlds.conftest import everything as rows_of
from wallets.models import Account, Transaction, Wallet

# What identifies nobody's data: a token is a secret itself, a method or a language names a thing that all have.
NOBODYS = {"uidb64", "token", "method"}
# Whoever is not logged in comes here to be so.
OPEN = {
    "/account/login/",
    "/account/logout/",
    "/account/register/",
    "/account/forgotten/",
    "/account/forgotten/sent/",
}


@pytest.fixture
def known(merchant: Wallet, buyer: Wallet, world: Sandbox) -> dict[str, object]:
    """One of everything that the merchant has, by the names that addresses have for it."""
    return everything.of(merchant, buyer, now=clock.now(world))


def nowhere(known: dict[str, object]) -> dict[str, object]:
    """The same names, of which there is nothing."""
    return {name: _nothing(value) for name, value in known.items()}


def _nothing(value: object) -> object:
    """Looks like it, and is none."""
    return re.sub(r"[b-z]", "a", re.sub(r"[1-9]", "9", str(value)))


def told(response: object, path: str) -> str:
    """A page without what is different on each."""
    text = response.content.decode().replace(path, "")  # type: ignore[attr-defined]
    return re.sub(r'(name="csrfmiddlewaretoken" value="|<code>)\w+', r"\1", text)


def test_a_stranger_finds_nothing(
    as_stranger: Client, as_merchant: Client, known: dict[str, object], world: Sandbox
) -> None:
    Store.objects.create(
        account=Account.objects.get(email="shop@example.com"),
        wallet_id="OK100000004",
        name="Second Shop",
        created_at=clock.now(world),
    )
    before = rows_of(world)
    tried = [each for each in addresses.below("/account/") if set(each.names) - NOBODYS]
    for address in tried:
        assert not address.unknown(known), f"{address.route}: tests/everything.py must learn {address.unknown(known)}"
        his, none = address.filled(known), address.filled(nowhere(known))
        statuses = set()
        for ask in (Client.get, Client.post):
            answer, of_nothing = ask(as_stranger, his), ask(as_stranger, none)
            statuses.add(answer.status_code)
            assert answer.status_code == of_nothing.status_code, his
            assert told(answer, his) == told(of_nothing, none), his
        assert statuses <= {404, 405}, his
        assert 404 in statuses, his
    assert len(tried) > 30
    assert rows_of(world) == before
    for address in tried:
        assert as_merchant.get(address.filled(known)).status_code in (200, 302, 405), address.route


def test_his_own_pages_do_not_tell_of_others(as_stranger: Client, known: dict[str, object]) -> None:
    public = {"wallet_id", "/marketplace/pictures/ name", "function"}
    others = {str(value) for name, value in known.items() if len(str(value)) >= 7 and name not in public}
    assert len(others) > 10
    for address in addresses.below("/account/"):
        if address.names or address.name in ("logout", "journal-stream"):
            continue
        answer = as_stranger.get(address.route)
        text = answer.getvalue().decode() if answer.streaming else answer.content.decode()
        assert not [each for each in others if re.search(addresses.alone(re.escape(each)), text)], address.route


def test_the_marketplace_of_another_sandbox_is_closed(known: dict[str, object], world: Sandbox) -> None:
    """Also what is not published, to whom it does not belong."""
    foreigner = Client()
    newborn = births.create()
    foreigner.force_login(Wallet.objects.get(id=newborn.people["buyer"].wallet).account.user)
    nobody, before = Client(), rows_of(world)
    tried = [each for each in addresses.below("/marketplace/") if {"product_id", "store_id"} & set(each.names)]
    tried = [each for each in tried if "token" not in each.names]
    for address in tried:
        statuses = {ask(foreigner, address.filled(known)).status_code for ask in (Client.get, Client.post)}
        assert statuses <= {404, 405}, address.route
        assert 404 in statuses, address.route
    assert len(tried) >= 4
    assert rows_of(world) == before

    Product.objects.filter(id=known["product_id"]).update(is_published=False)
    for address in addresses.below("/marketplace/products/", "/marketplace/pictures/"):
        answer = nobody.get(address.filled(known))
        assert answer.status_code in (404, 405) or answer["Location"].startswith(settings.LOGIN_URL), address.route


@pytest.mark.slow
def test_the_admin_is_closed_to_clients(as_merchant: Client, known: dict[str, object], world: Sandbox) -> None:
    before = rows_of(world)
    known |= {"object_id": known["transaction_id"], "app_label": "wallets"}
    known |= dict.fromkeys(("content_type_id", "document_id", "id"), 1)
    tried = [each for each in addresses.below("/admin/") if each.name not in ("login", "logout", "jsi18n")]
    for address in tried:
        for answer in (as_merchant.get(address.filled(known)), as_merchant.post(address.filled(known))):
            assert answer.status_code in (302, 403, 405), address.route
            if answer.status_code == 302:
                assert answer["Location"].startswith("/admin/login/"), address.route
    assert len(tried) > 300
    assert rows_of(world) == before


def test_nobody_who_is_not_logged_in_comes_further_than_the_door(known: dict[str, object]) -> None:
    nobody = Client()
    for address in addresses.below("/account/"):
        if set(address.names) & NOBODYS - {"method"} or address.route in OPEN:
            continue
        for response in (nobody.get(address.filled(known)), nobody.post(address.filled(known))):
            assert response.status_code in (302, 405), address.route
            if response.status_code == 302:
                assert response["Location"].startswith(f"{settings.LOGIN_URL}?next="), address.route


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
