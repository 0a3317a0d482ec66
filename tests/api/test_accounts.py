"""Clients by the control API."""

import pytest
from django.contrib.auth import authenticate

from tests.api.conftest import Api
from wallets import payments
from wallets.models import Account, User, Wallet
from wallets.money import D

ANNA = {
    "email": "Anna@Example.com",
    "password": "wonderland",
    "first_name": "Anna",
    "last_name": "Alder",
    "phone": "+49 30 7654321",
    "country_code": "de",
    "city": "Berlin",
}


def test_a_client_comes_in(api: Api) -> None:
    answer = api.post("accounts/", ANNA)

    assert answer.status == 201
    assert answer.body["email"] == "anna@example.com"
    assert answer.body["phone"] == "49-307654321"
    assert answer.body["country_code"] == "DE"
    assert answer.body["verification"] == "Unverified"
    assert answer.body["created_at"].endswith("Z")
    assert "password" not in answer.body
    [wallet] = answer.body["wallets"]
    assert api.get(f"wallets/{wallet}/").body["account"] == answer.body["id"]
    assert authenticate(username="anna@example.com", password="wonderland")
    assert api.get(f"accounts/{answer.body['id']}/").body == answer.body


def test_the_cast_is_listed_and_the_house_is_not(api: Api) -> None:
    accounts = {row["id"]: row for row in api.get("accounts/").results}

    assert accounts.keys() == {"666146284", "100000001", "100000002", "100000003", "100000004"}
    assert accounts["100000003"]["is_blocked"]
    assert accounts["666146284"]["wallets"] == ["OK702746927"]
    assert [row["id"] for row in api.get("accounts/", email="BUYER@example.com").results] == ["100000001"]


def test_a_business_verified_and_blocked(api: Api) -> None:
    answer = api.post("accounts/", ANNA | {"kind": "business", "business_name": "Anna Ltd", "verification": "Formal"})
    changed = api.patch(f"accounts/{answer.body['id']}/", {"verification": "Verified", "is_blocked": True})

    assert (answer.body["kind"], answer.body["verification"]) == ("business", "Formal")
    assert changed.status == 200
    account = Account.objects.get(id=answer.body["id"])
    assert account.is_verified
    assert account.is_blocked
    assert account.business_name == "Anna Ltd"


def test_login_follows_the_account(api: Api) -> None:
    assert api.patch("accounts/100000001/", {"email": "bob@example.com", "password": "b0b"}).status == 200

    assert authenticate(username="bob@example.com", password="b0b")
    assert not User.objects.filter(email="buyer@example.com").exists()


WRONG_FIELDS = [
    ({"email": "nobody"}, "email"),
    ({"email": "BUYER@example.com"}, "email"),
    ({"email": "admin@example.com"}, "email"),
    ({"email": None}, "email"),
    ({"password": ""}, "password"),
    ({"kind": "house"}, "kind"),
    ({"phone": "12"}, "phone"),
    ({"phone": "49-301234567"}, "phone"),
    ({"verification": "Blocked"}, "verification"),
    ({"is_blocked": "yes"}, "is_blocked"),
    ({"reputation": -1}, "reputation"),
    ({"country_code": "XX"}, "country_code"),
    ({"first_name": "x" * 65}, "first_name"),
    ({"first_name": ["x"]}, "first_name"),
    ({"first_name": "\x00"}, "first_name"),
    ({"first_name": "\ud800"}, "first_name"),
    ({"id": "100000009"}, "id"),
    ({"wallets": []}, "wallets"),
    ({"nick": "anna"}, "nick"),
]


def test_what_is_wrong_is_named_and_nothing_changes(api: Api) -> None:
    before = (Account.objects.count(), User.objects.count(), Wallet.objects.count())
    for change, field in WRONG_FIELDS:
        for answer in (api.post("accounts/", ANNA | change), api.patch("accounts/666146284/", change)):
            assert answer.status == 400, change
            assert answer.errors.keys() == {field}

        assert (Account.objects.count(), User.objects.count(), Wallet.objects.count()) == before
        assert Account.objects.get(id="666146284").first_name == "Mary"


def test_what_is_missing_is_named(api: Api) -> None:
    assert api.post("accounts/", {}).errors.keys() == {"email", "password"}


def test_one_may_keep_ones_own_address(api: Api) -> None:
    assert api.patch("accounts/100000001/", {"email": "buyer@example.com", "phone": "49-301234567"}).status == 200


@pytest.mark.parametrize("account", ["123456789", "nobody", "x" * 300])
def test_an_unknown_account(api: Api, account: str) -> None:
    assert api.get(f"accounts/{account}/").status == 404
    assert account in api.patch(f"accounts/{account}/", {"city": "Rome"}).body["detail"]


def test_the_house_is_nobodys(api: Api) -> None:
    house = Account.objects.get(kind="house")

    assert api.get(f"accounts/{house.id}/").status == 404
    assert api.patch(f"accounts/{house.id}/", {"is_blocked": True}).status == 404


def test_who_registers_collects_what_waits(api: Api, buyer: Wallet) -> None:
    account = buyer.account
    payments.send_money(
        payer=buyer, receiver="anna@example.com", currency="EUR", amount=D("7.00"), now=account.created_at
    )
    answer = api.post("accounts/", ANNA)

    assert api.get(f"wallets/{answer.body['wallets'][0]}/").body["balances"] == {"EUR": "7.00"}
