"""A merchant's own token: made on his page, told once, good for his stock and orders and for nothing else."""

import re
from typing import Any

import pytest
from django.test import Client

from marketplace.models import Product
from sandbox.models import ControlToken
from tests.account.conftest import logged_in
from wallets.models import Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db

PAGE = "/account/marketplace/automation/"


@pytest.fixture
def seller(merchant: Wallet) -> Client:
    return logged_in(merchant)


def token_on(page: str) -> str:
    found = re.search(r"<code>(okc_[\w-]{40,})</code>", page)
    assert found
    return found[1]


def call(token: str, method: str, path: str, body: Any = None) -> Any:
    send = getattr(Client(), method)
    data = {} if body is None else {"data": body, "content_type": "application/json"}
    return send(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, **data)


def test_who_has_no_store_registers_one_first(seller: Client) -> None:
    assert seller.get(PAGE)["Location"] == "/account/marketplace/store/"


def test_a_token_is_told_once_and_works_as_the_page_says(seller: Client, buyer: Wallet, poster: Product) -> None:
    form = {"name": "Till", "may": "stock", "key": "7d4b6f2e-58f1-4d3a-9a39-0f6f5f6b8a16"}
    page = seller.post(PAGE, form).content.decode()
    token = token_on(page)
    assert f"products/{poster.id}/stock/" in page

    assert call(token, "post", f"products/{poster.id}/stock/", {"add": 5}).json()["stock"] == 15
    assert call(token, "patch", f"products/{poster.id}/", {"price": "14.90"}).json()["price"] == "14.90"
    assert call(token, "get", "orders/?status=paid").json()["results"] == []
    assert call(token, "get", "products/?article=555").json()["results"][0]["id"] == poster.id

    again = seller.post(PAGE, form, follow=True).content.decode()
    assert "nothing was done twice" in again
    assert token not in again
    assert ControlToken.objects.get().name == "Till"


def test_it_may_nothing_else(seller: Client, buyer: Wallet, poster: Product) -> None:
    token = token_on(seller.post(PAGE, {"name": "Till", "may": "stock"}).content.decode())

    bought = {"payer": "merchant@example.com", "items": [{"product": poster.id}]}
    for method, path, body in (
        ("post", "orders/", bought),
        ("post", "orders/1000001/refund/", {}),
        ("get", "wallets/", None),
        ("post", "tokens/", {"name": "more", "scopes": ["ledger:read"]}),
        ("post", "reset/", None),
        ("post", "stores/", {"account": buyer.account_id, "name": "Mine"}),
    ):
        assert call(token, method, path, body).status_code == 403, path


def test_reading_is_no_writing(seller: Client, poster: Product) -> None:
    token = token_on(seller.post(PAGE, {"name": "Report", "may": "read"}).content.decode())

    assert call(token, "get", f"products/{poster.id}/").status_code == 200
    assert call(token, "patch", f"products/{poster.id}/", {"price": "0.01"}).status_code == 403
    poster.refresh_from_db()
    assert poster.price == D("100.00")


def test_revoked_is_out_from_the_next_call_on(seller: Client, poster: Product) -> None:
    token = token_on(seller.post(PAGE, {"name": "Till", "may": "all"}).content.decode())
    seller.post(PAGE, {"revoke": str(ControlToken.objects.get().id)})

    assert not ControlToken.objects.exists()
    assert call(token, "get", "products/").status_code == 401


def test_nobody_sees_or_revokes_anothers(seller: Client, buyer: Wallet, stranger: Wallet, poster: Product) -> None:
    seller.post(PAGE, {"name": "Till", "may": "all"})
    theirs = logged_in(stranger)
    theirs.post("/account/marketplace/store/", {"wallet": stranger.id, "name": "Second Shop"})

    assert "Till" not in theirs.get(PAGE).content.decode()
    theirs.post(PAGE, {"revoke": str(ControlToken.objects.get().id)})
    assert ControlToken.objects.count() == 1


@pytest.mark.parametrize("id", ["", "x", "²", "9" * 30, "-1"])
def test_what_is_no_token_revokes_none(seller: Client, poster: Product, id: str) -> None:
    seller.post(PAGE, {"name": "Till", "may": "all"})
    assert seller.post(PAGE, {"revoke": id}).status_code == 302
    assert ControlToken.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0"}, "name"),
        ({"may": "ledger:write"}, "may"),
    ],
)
def test_a_wrong_one_is_not_made(seller: Client, poster: Product, change: dict[str, str], field: str) -> None:
    refused = seller.post(PAGE, {"name": "Till", "may": "all"} | change)

    assert list(refused.context["form"].errors) == [field]
    assert not ControlToken.objects.exists()


def test_there_are_at_most_twenty(seller: Client, poster: Product) -> None:
    for number in range(20):
        seller.post(PAGE, {"name": f"Till {number}", "may": "read"})
    refused = seller.post(PAGE, {"name": "One more", "may": "read"})

    assert "There are 20 tokens: revoke one first." in refused.content.decode()
    assert ControlToken.objects.count() == 20
