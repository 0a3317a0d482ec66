"""Orders paid and canceled by the control API, as a person would in the browser."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection

from checkout import payment_form, sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from ipn.models import AutoReturn
from sandbox import clock
from sandbox.models import Sandbox
from tests.api.conftest import Answer, Api
from wallets.models import Transaction, Wallet
from wallets.money import D

BASIC = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "Poster",
    "ok_item_1_price": "100.00",
    "ok_currency": "USD",
    "ok_invoice": "77",
    "ok_return_success": "https://shop.example.com/thanks?a=1",
    "ok_return_fail": "https://shop.example.com/sorry",
}

Open = Callable[..., str]


@pytest.fixture
def order(world: Sandbox) -> Open:
    """`order(ok_fees="1")`: the token of a new checkout session."""

    def _open(**changes: str | None) -> str:
        form = {name: value for name, value in (BASIC | changes).items() if value is not None}
        return sessions.open_session(payment_form.parse(form.items()), now=clock.now(world)).token

    return _open


def pay(api: Api, token: str, **body: object) -> Answer:
    return api.post(f"checkout-sessions/{token}/pay/", body)


def test_paid_from_a_balance(api: Api, order: Open, merchant: Wallet, buyer: Wallet) -> None:
    token = order()
    answer = pay(api, token, payer="buyer@example.com")

    assert answer.status == 200
    assert answer.body["status"] == "paid"
    payment = Transaction.objects.get(id=answer.body["transaction"])
    assert (payment.status, payment.invoice, payment.payer_wallet_id) == ("completed", "77", "OK100000001")
    assert merchant.balance("USD") == D("10100.00")
    assert answer.body["return_method"] == "GET"
    assert answer.body["return_url"].startswith("https://shop.example.com/thanks?a=1&")
    variables = answer.body["return_variables"]
    assert variables["ok_txn_id"] == str(payment.id)
    assert "ok_ipn_id" not in variables
    assert parse_qsl(urlsplit(answer.body["return_url"]).query, keep_blank_values=True) == [
        ("a", "1"),
        *variables.items(),
    ]
    assert AutoReturn.objects.get().transaction_id == payment.id
    assert api.get(f"checkout-sessions/{token}/").body == answer.body


@pytest.mark.parametrize("payer", ["OK100000001", "100000001", "BUYER@example.com", "+49 30 1234567"])
def test_the_payer_has_many_names(api: Api, order: Open, payer: str) -> None:
    assert pay(api, order(), payer=payer).body["payer"] == "100000001"


def test_paid_from_a_named_wallet(api: Api, order: Open) -> None:
    wallet = api.post("wallets/", {"account": "100000001", "balances": {"USD": "100.00"}}).body["id"]
    answer = pay(api, order(), payer=wallet)

    assert Transaction.objects.get(id=answer.body["transaction"]).payer_wallet_id == wallet
    assert api.get(f"wallets/{wallet}/").body["balances"] == {"USD": "0.00"}


def test_converted(api: Api, order: Open, buyer: Wallet) -> None:
    answer = pay(api, order(), payer="OK100000001", currency="EUR")

    assert answer.body["status"] == "paid"
    assert buyer.balance("EUR") == D("9909.09")


@pytest.mark.parametrize(
    ("outcome", "ends", "status", "url"),
    [
        ("paid", "paid", "completed", "https://shop.example.com/thanks?a=1"),
        ("pending", "pending", "pending", "https://shop.example.com/thanks?a=1"),
        ("refused", "failed", "failed", "https://shop.example.com/sorry"),
    ],
)
def test_an_external_system(api: Api, order: Open, outcome: str, ends: str, status: str, url: str) -> None:
    answer = pay(api, order(), paysystem="VMF", outcome=outcome)

    assert (answer.body["status"], answer.body["payer"]) == (ends, None)
    assert Transaction.objects.get(id=answer.body["transaction"]).status == status
    assert answer.body["return_url"].startswith(url)
    assert answer.body["return_variables"]["ok_txn_status"] == status


def test_an_external_system_while_logged_in(api: Api, order: Open) -> None:
    answer = pay(api, order(), payer="buyer@example.com", paysystem="BTC")

    assert answer.body["payer"] == "100000001"
    assert answer.body["return_variables"]["ok_payer_email"] == "buyer@example.com"


def test_cancelled_at_the_external_system(api: Api, order: Open) -> None:
    answer = pay(api, order(), paysystem="VMF", outcome="cancelled")

    assert (answer.body["status"], answer.body["transaction"]) == ("canceled", None)
    assert answer.body["return_url"].startswith("https://shop.example.com/sorry?")


def test_cancel(api: Api, order: Open) -> None:
    token = order()
    answer = api.post(f"checkout-sessions/{token}/cancel/")

    assert answer.body["status"] == "canceled"
    assert answer.body["return_variables"]["ok_txn_status"] == "canceled"
    assert api.post(f"checkout-sessions/{token}/cancel/").status == 200
    refused = pay(api, token, payer="buyer@example.com")
    assert refused.status == 409
    assert refused.errors.keys() == {"status"}


def test_pay_pressed_twice_pays_once(api: Api, order: Open, merchant: Wallet) -> None:
    token = order()
    first, again = pay(api, token, payer="OK100000001"), pay(api, token, payer="OK100000001")

    assert first.body == again.body
    assert merchant.balance("USD") == D("10100.00")
    assert api.post(f"checkout-sessions/{token}/cancel/").status == 409


def test_a_payer_named_otherwise_asks_for_the_same(api: Api, order: Open) -> None:
    token = order()
    first = pay(api, token, payer="buyer@example.com")

    for same in ({"payer": "100000001"}, {"payer": "OK100000001", "currency": "USD", "comment": " "}):
        assert pay(api, token, **same).body == first.body


@pytest.mark.parametrize(
    "other",
    [
        {"payer": "merchant@example.com"},
        {"payer": "buyer@example.com", "currency": "EUR"},
        {"payer": "buyer@example.com", "comment": "Please hurry"},
        {"payer": "buyer@example.com", "paysystem": "VMF"},
        {"paysystem": "VMF", "outcome": "refused"},
        {"payer": "poor@example.com"},
    ],
)
def test_another_request_never_gets_the_first_ones_answer(
    api: Api, order: Open, merchant: Wallet, other: dict[str, object]
) -> None:
    token = order()
    first = pay(api, token, payer="buyer@example.com")

    refused = pay(api, token, **other)

    assert refused.status == 409
    assert refused.errors.keys() == {"status"}
    assert str(first.body["transaction"]) in refused.body["detail"]
    assert merchant.balance("USD") == D("10100.00")


def test_answers_to_the_shop_are_part_of_the_request(api: Api, order: Open) -> None:
    token = order(ok_item_1_price=None, ok_item_1_custom_1_title="Size")
    wanted = {"payer": "OK100000001", "price": "12.30", "custom": {"Size": "L"}}
    first = pay(api, token, **wanted)

    assert pay(api, token, **wanted | {"price": "12.3", "custom": {"ok_item_1_custom_1_value": "L"}}).body == first.body
    for other in ({"price": "12.31"}, {"custom": {"Size": "XL"}}, {"custom": {}}):
        assert pay(api, token, **wanted | other).status == 409
    assert pay(api, token, **wanted | {"custom": {"Colour": "L"}}).errors.keys() == {"custom.Colour"}


def test_a_person_paid_it_first(api: Api, order: Open, buyer: Wallet) -> None:
    session = CheckoutSession.objects.get(token=order())
    paid = sessions.pay(session, payer=buyer.account, choices=Choices(), now=clock.now(session.sandbox))

    assert pay(api, session.token, payer="buyer@example.com").body["transaction"] == paid.id
    assert pay(api, session.token, payer="merchant@example.com").status == 409


def test_one_key_for_two_requests(api: Api, order: Open, merchant: Wallet) -> None:
    path = f"checkout-sessions/{order()}/pay/"
    first = api.post(path, {"payer": "buyer@example.com"}, key="pay-1")

    assert api.post(path, {"payer": "buyer@example.com"}, key="pay-1").body == first.body
    assert api.post(path, {"payer": "poor@example.com"}, key="pay-1").status == 422
    assert api.post(path, {"payer": "poor@example.com"}, key="pay-2").status == 409
    assert merchant.balance("USD") == D("10100.00")


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once(order: Open, merchant: Wallet) -> None:
    token = order()
    wanted = [{"payer": "buyer@example.com", "comment": str(number % 2)} for number in range(6)]

    def ask(body: dict[str, str]) -> Answer:
        try:
            return pay(Api(), token, **body)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, wanted))

    comment = Transaction.objects.get(invoice="77").comment
    assert [answer.status for answer in answers] == [200 if body["comment"] == comment else 409 for body in wanted]
    assert merchant.balance("USD") == D("10100.00")


def test_a_shop_without_pages_gets_our_receipt(api: Api, order: Open) -> None:
    token = order(ok_return_success=None, ok_return_fail=None)
    paid = pay(api, token, payer="OK100000001").body

    assert paid["return_url"].startswith("http://testserver/checkout/")
    assert (paid["return_method"], paid["return_variables"]) == ("GET", {})


def test_a_shop_that_wants_post(api: Api, order: Open) -> None:
    api.patch("wallets/OK702746927/", {"return_method": "POST"})

    paid = pay(api, order(), payer="OK100000001").body
    assert (paid["return_method"], paid["return_url"]) == ("POST", "https://shop.example.com/thanks?a=1")
    assert paid["return_variables"]["ok_txn_status"] == "completed"


def test_what_the_shop_leaves_to_the_buyer(api: Api, order: Open) -> None:
    token = order(ok_item_1_price=None, ok_item_1_custom_1_title="Size")
    assert pay(api, token, payer="OK100000001").errors.keys() == {"price", "custom.ok_item_1_custom_1_value"}
    assert pay(api, token, payer="OK100000001", price="0.00", custom={"Size": "L"}).errors.keys() == {"price"}
    assert pay(api, token, payer="OK100000001", price="1.00", custom={"Colour": "L"}).errors.keys() == {"custom.Colour"}

    answer = pay(api, token, payer="OK100000001", price="12.34", custom={"Size": "L"}, comment="Soon, please")
    payment = api.get(f"transactions/{answer.body['transaction']}/").body
    assert (payment["gross"], payment["comment"]) == ("12.34", "Soon, please")
    assert payment["items"][0]["custom_1_value"] == "L"


def test_the_official_names_do_too(api: Api, order: Open) -> None:
    token = order(ok_item_1_custom_1_title="Size")
    answer = pay(api, token, payer="OK100000001", custom={"ok_item_1_custom_1_value": "XL"})

    assert answer.body["return_variables"]["ok_item_1_custom_1_value"] == "XL"


def test_a_fixed_price_is_fixed(api: Api, order: Open) -> None:
    assert pay(api, order(), payer="OK100000001", price="1.00").errors.keys() == {"price"}


def test_where_to_deliver(api: Api, order: Open) -> None:
    own = pay(api, order(ok_item_1_type="shipment"), payer="OK100000001")
    address = api.get(f"transactions/{own.body['transaction']}/").body["delivery_address"]
    assert (address["name"], address["street"], address["confirmed"]) == ("Bob Buyer", "Lindenstraße 5", True)

    other = pay(
        api,
        order(ok_item_1_type="shipment"),
        paysystem="VMF",
        address={"name": "Al", "street": "Elm 1", "city": "Bath", "country_code": "GB"},
    )
    address = api.get(f"transactions/{other.body['transaction']}/").body["delivery_address"]
    assert (address["name"], address["city"], address["confirmed"]) == ("Al", "Bath", False)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"payer": None}, 400, "payer"),
        ({"payer": "nobody@example.com"}, 422, "payer"),
        ({"payer": "OK999999999"}, 422, "payer"),
        ({"payer": "merchant@example.com"}, 422, "receiver"),
        ({"payer": "blocked@example.com"}, 422, "payer"),
        ({"payer": "poor@example.com"}, 422, "amount"),
        ({"payer": "buyer@example.com", "currency": "XXX"}, 422, "currency"),
        ({"payer": "7", "paysystem": "VMF", "outcome": "won"}, 400, "outcome"),
        ({"payer": "buyer@example.com", "outcome": "refused"}, 400, "outcome"),
        ({"paysystem": "VMF", "currency": "EUR"}, 400, "currency"),
        ({"paysystem": "XYZ"}, 400, "paysystem"),
        ({"payer": "buyer@example.com", "comment": "x" * 256}, 400, "comment"),
        ({"payer": "buyer@example.com", "custom": "L"}, 400, "custom"),
        ({"payer": "buyer@example.com", "address": {"planet": "Mars"}}, 400, "address.planet"),
        ({"payer": "buyer@example.com", "tip": "1.00"}, 400, "tip"),
    ],
)
def test_a_refusal_leaves_the_session_open(
    api: Api, order: Open, body: dict[str, object], status: int, field: str
) -> None:
    token = order()
    before = Transaction.objects.count()
    answer = pay(api, token, **body)

    assert answer.status == status
    assert answer.errors.keys() == {field}
    session = CheckoutSession.objects.get(token=token)
    assert (session.status, session.payer_account, Transaction.objects.count()) == ("open", None, before)


def test_an_address_is_checked(api: Api, order: Open) -> None:
    token = order(ok_item_1_type="shipment")

    assert pay(api, token, paysystem="VMF").errors.keys() == {
        "address.name",
        "address.street",
        "address.city",
        "address.country_code",
    }
    assert pay(api, token, payer="OK100000001", address={"country_code": "XX"}).errors.keys() == {
        "address.country_code"
    }


def test_the_shops_choice_of_methods_holds(api: Api, order: Open) -> None:
    assert pay(api, order(ok_paysystems="BTC"), paysystem="VMF").errors.keys() == {"paysystem"}


def test_an_expired_order(api: Api, order: Open) -> None:
    token = order()
    assert api.post("clock/", {"advance": "P2D"}).body["expired"] == 1

    assert pay(api, token, payer="OK100000001").status == 409
    assert api.get(f"checkout-sessions/{token}/").body["status"] == "expired"


def test_sessions_are_listed_and_filtered(api: Api, order: Open) -> None:
    first, second = order(), order(ok_invoice="78")
    pay(api, first, payer="OK100000001")

    assert [row["token"] for row in api.get("checkout-sessions/").results] == [second, first]
    [row] = api.get("checkout-sessions/", status="open").results
    assert (row["token"], row["transaction"], row["url"]) == (second, None, f"http://testserver/checkout/{second}/")
    assert row["items"][0]["price"] == "100.00"
    assert [row["token"] for row in api.get("checkout-sessions/", invoice="77").results] == [first]
    assert len(api.get("checkout-sessions/", wallet="OK702746927").results) == 2
    assert api.get("checkout-sessions/", wallet="OK100000001").results == []
    assert api.get("checkout-sessions/", status="lost").errors.keys() == {"status"}


@pytest.mark.parametrize("verb", ["", "pay/", "cancel/"])
def test_an_unknown_session(api: Api, verb: str) -> None:
    path = f"checkout-sessions/unknown/{verb}"

    assert (api.post(path, {}) if verb else api.get(path)).status == 404
    assert api.get("checkout-sessions/unknown/", sandbox="default").status == 404


def test_cancel_takes_no_body(api: Api, order: Open) -> None:
    assert api.post(f"checkout-sessions/{order()}/cancel/", {"why": "so"}).errors.keys() == {"why"}
