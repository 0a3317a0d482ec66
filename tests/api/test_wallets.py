"""Wallets by the control API: their settings, and money into them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.api.conftest import Api
from wallets.models import Transaction, Wallet
from wallets.money import D

MERCHANT = "wallets/OK702746927/"
SETTINGS = {
    "title": "Shop",
    "ipn_enabled": True,
    "ipn_url": "http://127.0.0.1:9000/ipn?shop=1",
    "return_success": "https://shop.example.com/thanks",
    "return_fail": "http://shop/sorry",
    "return_method": "POST",
    "api_enabled": False,
    "api_allowed_ips": ["203.0.113.7", "198.51.100.0/24", "2001:db8::/32"],
}


def test_a_wallet_as_the_contract_says(api: Api) -> None:
    wallet = api.get(MERCHANT).body

    assert wallet.pop("created_at").endswith("Z")
    assert wallet == {
        "id": "OK702746927",
        "account": "666146284",
        "title": "Main",
        "balances": {"EUR": "10000.00", "USD": "10000.00", "GBP": "10000.00"},
        "ipn_enabled": False,
        "ipn_url": "",
        "return_success": "",
        "return_fail": "",
        "return_method": "GET",
        "encrypted_only": False,
        "api_enabled": True,
        "api_allowed_ips": [],
    }


def test_wallets_are_listed_without_those_of_the_house(api: Api) -> None:
    assert {row["id"] for row in api.get("wallets/").results} == {
        "OK702746927",
        "OK100000001",
        "OK100000002",
        "OK100000003",
        "OK100000004",
    }
    assert [row["id"] for row in api.get("wallets/", account="100000002").results] == ["OK100000002"]
    house = Wallet.objects.exclude(role="client").first()
    assert house
    assert api.get(f"wallets/{house.id}/").status == 404
    assert api.post(f"wallets/{house.id}/deposit/", {"currency": "USD", "amount": "1.00"}).status == 404


def test_every_setting_can_be_changed(api: Api) -> None:
    answer = api.patch(MERCHANT, SETTINGS)

    assert answer.status == 200
    assert answer.body.items() >= SETTINGS.items()
    assert api.get(MERCHANT).body == answer.body


def test_what_is_not_named_stays(api: Api) -> None:
    api.patch(MERCHANT, SETTINGS)
    answer = api.patch(MERCHANT, {"title": "Other", "return_fail": ""})

    assert answer.body.items() >= (SETTINGS | {"title": "Other", "return_fail": ""}).items()


def test_two_changes_at_once_both_stay(transactional_db: None, api: Api) -> None:
    def change(body: dict[str, object]) -> int:
        try:
            return Api().patch(MERCHANT, body).status
        finally:
            connection.close()

    for number in range(5):
        with ThreadPoolExecutor(2) as threads:
            changes = [{"title": f"Shop {number}"}, {"ipn_url": f"http://shop/{number}"}]
            assert list(threads.map(change, changes)) == [200, 200]
        wallet = api.get(MERCHANT).body
        assert (wallet["title"], wallet["ipn_url"]) == (f"Shop {number}", f"http://shop/{number}")


def test_the_api_password_can_be_set_and_is_never_told(api: Api, merchant: Wallet) -> None:
    answer = api.patch(MERCHANT, {"api_password": " Pass wörd 1 "})

    assert answer.status == 200
    merchant.refresh_from_db()
    assert merchant.api_password == " Pass wörd 1 "
    for told in (answer, api.get(MERCHANT), api.get("wallets/")):
        assert "password" not in str(told.body)
        assert "wörd" not in str(told.body)
        assert merchant.api_password_sealed not in str(told.body)


@pytest.mark.parametrize(
    ("addresses", "kept"),
    [
        ([" 203.0.113.7 ", "203.0.113.7/32", "203.0.113.7"], ["203.0.113.7"]),
        (["198.51.100.77/24"], ["198.51.100.0/24"]),
        (["2001:DB8:0::1"], ["2001:db8::1"]),
        ([], []),
    ],
)
def test_addresses_are_kept_in_their_short_form(api: Api, addresses: list[str], kept: list[str]) -> None:
    assert api.patch(MERCHANT, {"api_allowed_ips": addresses}).body["api_allowed_ips"] == kept


WRONG_SETTINGS = [
    ({"ipn_url": "ftp://shop.example.com/"}, "ipn_url"),
    ({"ipn_url": "shop.example.com"}, "ipn_url"),
    ({"ipn_url": "http://"}, "ipn_url"),
    ({"ipn_url": "http://shop:port/"}, "ipn_url"),
    ({"ipn_url": "http://shop/a b"}, "ipn_url"),
    ({"ipn_url": "javascript:alert(1)"}, "ipn_url"),
    ({"ipn_url": "http://[::1/"}, "ipn_url"),
    ({"ipn_url": "http://shop/" + "x" * 2000}, "ipn_url"),
    ({"ipn_url": None}, "ipn_url"),
    ({"ipn_url": "http://169.254.169.254/ipn"}, "ipn_url"),
    ({"ipn_url": "http://2852039166/ipn"}, "ipn_url"),
    ({"ipn_url": "http://user:secret@shop/ipn"}, "ipn_url"),
    ({"return_success": "http://user:secret@shop/thanks"}, "return_success"),
    ({"return_method": "PUT"}, "return_method"),
    ({"ipn_enabled": "true"}, "ipn_enabled"),
    ({"ipn_enabled": 1}, "ipn_enabled"),
    ({"title": ""}, "title"),
    ({"title": "x" * 128}, "title"),
    ({"api_allowed_ips": "203.0.113.7"}, "api_allowed_ips"),
    ({"api_allowed_ips": ["203.0.113.7", "203.0.113"]}, "api_allowed_ips.1"),
    ({"api_allowed_ips": ["203.0.113.0/33"]}, "api_allowed_ips.0"),
    ({"api_allowed_ips": [7]}, "api_allowed_ips.0"),
    ({"balances": []}, "balances"),
    ({"balances": {"USD": 5}}, "balances.USD"),
    ({"balances": {"USD": "5,00"}}, "balances.USD"),
    ({"id": "OK000000001"}, "id"),
    ({"account": "100000001"}, "account"),
    ({"role": "fees"}, "role"),
    ({"api_password_sealed": "x"}, "api_password_sealed"),
]


def test_what_is_wrong_is_named_and_nothing_changes(api: Api) -> None:
    before = api.get(MERCHANT).body
    for change, field in WRONG_SETTINGS:
        answer = api.patch(MERCHANT, {"title": "Changed", **change})

        assert answer.status == 400, change
        assert answer.errors.keys() == {field}
        assert api.get(MERCHANT).body == before


def test_balances_are_set_by_the_books(api: Api, merchant: Wallet) -> None:
    answer = api.patch(MERCHANT, {"balances": {"USD": "12.50", "EUR": "10000.01", "JPY": "3.00", "GBP": "0.00"}})

    assert answer.body["balances"] == {"EUR": "10000.01", "USD": "12.50", "GBP": "0.00", "JPY": "3.00"}
    booked = Transaction.objects.filter(comment="Balance set").order_by("currency_id")
    assert [(row.kind, row.currency_id, row.gross) for row in booked] == [
        ("deposit", "EUR", D("0.01")),
        ("withdrawal", "GBP", D("10000.00")),
        ("deposit", "JPY", D("3.00")),
        ("withdrawal", "USD", D("9987.50")),
    ]
    assert api.patch(MERCHANT, {"balances": {"USD": "12.50"}}).status == 200
    assert booked.count() == 4
    assert api.get("ledger/audit/").body["ok"]


@pytest.mark.parametrize(
    ("balances", "error"),
    [
        ({"USD": "-0.01"}, {"number": 201, "name": "Incorrect_Amount"}),
        ({"USD": "0.001"}, {"number": 201, "name": "Incorrect_Amount"}),
        ({"EUR": "1.00", "XXX": "1.00"}, {"number": 200, "name": "Currency_Not_Found"}),
    ],
)
def test_a_refused_balance_takes_everything_back(api: Api, balances: dict[str, str], error: dict[str, object]) -> None:
    before = api.get(MERCHANT).body
    answer = api.patch(MERCHANT, {"title": "Changed", "balances": balances})

    assert answer.status == 422
    assert answer.body["error"] == error
    assert api.get(MERCHANT).body == before


def test_another_wallet(api: Api) -> None:
    answer = api.post(
        "wallets/",
        {"account": "100000001", "title": "Savings", "balances": {"USD": "5.00"}, "api_password": "secret"} | SETTINGS,
    )

    assert answer.status == 201
    assert answer.body["account"] == "100000001"
    assert answer.body["balances"] == {"USD": "5.00"}
    assert answer.body["return_method"] == "POST"
    assert Wallet.objects.get(id=answer.body["id"]).api_password == "secret"
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "account"),
        ({"account": "123456789"}, 400, "account"),
        ({"account": "100000001", "ipn_url": "x"}, 400, "ipn_url"),
        ({"account": "100000001", "balances": {"XXX": "1.00"}}, 422, "currency"),
    ],
)
def test_a_wallet_is_opened_whole_or_not_at_all(api: Api, body: dict[str, object], status: int, field: str) -> None:
    before = Wallet.objects.count()
    answer = api.post("wallets/", body)

    assert answer.status == status
    assert answer.errors.keys() == {field}
    assert Wallet.objects.count() == before


def test_a_deposit(api: Api, poor_buyer: Wallet) -> None:
    answer = api.post("wallets/OK100000002/deposit/", {"currency": "USD", "amount": "99.99"})

    assert answer.status == 201
    assert (answer.body["kind"], answer.body["gross"], answer.body["fee"]) == ("deposit", "99.99", "0.00")
    assert poor_buyer.balance("USD") == D("100.00")
    assert api.get(f"transactions/{answer.body['id']}/").body == answer.body


WRONG_DEPOSITS = [
    ({"currency": "USD"}, 400, "amount"),
    ({"amount": "1.00"}, 400, "currency"),
    ({"currency": "USD", "amount": 1}, 400, "amount"),
    ({"currency": "USD", "amount": 1.5}, 400, "amount"),
    ({"currency": "USD", "amount": True}, 400, "amount"),
    ({"currency": "USD", "amount": "NaN"}, 400, "amount"),
    ({"currency": "USD", "amount": "1e3"}, 400, "amount"),
    ({"currency": "USD", "amount": "1_0"}, 400, "amount"),
    ({"currency": "USD", "amount": "1.00", "to": "me"}, 400, "to"),
    ({"currency": "USDT", "amount": "1.00"}, 400, "currency"),
    ({"currency": "XXX", "amount": "1.00"}, 422, "currency"),
    ({"currency": "USD", "amount": "0.00"}, 422, "amount"),
    ({"currency": "USD", "amount": "-1.00"}, 422, "amount"),
    ({"currency": "USD", "amount": "0.001"}, 422, "amount"),
    ({"currency": "USD", "amount": "1000000000000.00"}, 422, "amount"),
]


def test_a_wrong_deposit_moves_nothing(api: Api, poor_buyer: Wallet) -> None:
    before = Transaction.objects.count()
    for body, status, field in WRONG_DEPOSITS:
        answer = api.post("wallets/OK100000002/deposit/", body)

        assert answer.status == status, body
        assert answer.errors.keys() == {field}
        assert ("error" in answer.body) == (status == 422)
        assert Transaction.objects.count() == before
        assert poor_buyer.balance("USD") == D("0.01")


@pytest.mark.parametrize("wallet", ["OK999999999", "nobody", "OK100000001x"])
def test_an_unknown_wallet(api: Api, wallet: str) -> None:
    for answer in (
        api.get(f"wallets/{wallet}/"),
        api.patch(f"wallets/{wallet}/", {"title": "x"}),
        api.post(f"wallets/{wallet}/deposit/", {"currency": "USD", "amount": "1.00"}),
    ):
        assert answer.status == 404
        assert wallet in answer.body["detail"]
