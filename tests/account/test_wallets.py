"""Wallets and Currencies: the list, the properties, the Integration tab."""

import html
import re
import threading
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.account.conftest import logged_in
from tests.conftest import wallet as found
from tests.soapapi.calls import call, credentials
from wallets.models import ApiCall, Transaction, Wallet

SETTINGS = {
    "return_success": "https://shop.example.com/thanks?x=1",
    "return_fail": "http://shop:8080/sorry",
    "return_method": "POST",
    "ipn_enabled": "on",
    "ipn_url": "http://127.0.0.1:8085/ipn",
    "api_enabled": "on",
    "api_password": "",
    "api_security": "on",
    "api_allowed_ips": "203.0.113.7\n2001:DB8::1\n198.51.100.77/24\n203.0.113.7",
}


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


# The list


def test_all_ones_wallets_and_what_they_hold_together(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post("/account/wallets/", {"title": "Second shop"})

    page = text(as_merchant, "/account/wallets/")

    assert "Second shop" in page
    assert "10000.00 EUR" in page
    second = merchant.account.wallets.get(title="Second shop")
    assert f'href="/account/wallets/{second.id}/"' in page
    assert page.count("Nigeria, Nairas") == 1


def test_a_wallet_needs_a_title(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.post("/account/wallets/", {"title": " "})

    assert list(response.context["form"].errors) == ["title"]
    assert merchant.account.wallets.count() == 1


@pytest.mark.django_db(transaction=True)
def test_open_pressed_by_a_nervous_finger_opens_one(merchant: Wallet) -> None:
    clients = [logged_in(merchant) for _press in range(4)]
    key = str(clients[0].get("/account/wallets/").context["form"]["key"].value())

    def press(client: Client) -> None:
        answers.append(client.post("/account/wallets/", {"title": "Second shop", "key": key})["Location"])
        connection.close()

    answers: list[str] = []
    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["/account/wallets/"] * 4
    assert merchant.account.wallets.filter(title="Second shop").count() == 1


def test_wallets_cannot_be_opened_without_end(
    as_merchant: Client, merchant: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallets.pages.wallets.MOST_WALLETS", 1)

    response = as_merchant.post("/account/wallets/", {"title": "One too many"})

    assert "at most 1 wallets" in response.content.decode()
    assert merchant.account.wallets.count() == 1


def test_the_list_asks_the_database_a_fixed_number_of_times(
    as_merchant: Client, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(5):
        as_merchant.post("/account/wallets/", {"title": f"Shop {number}"})

    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        as_merchant.get("/account/wallets/")


# Properties


def test_a_wallet_is_renamed(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.post(f"/account/wallets/{merchant.id}/", {"title": "Tea & <b>cups</b>"}, follow=True)

    assert "Tea &amp; &lt;b&gt;cups&lt;/b&gt;" in response.content.decode()
    assert found(merchant.id).title == "Tea & <b>cups</b>"


def test_the_picture_says_in_words_what_it_shows(
    as_merchant: Client, merchant: Wallet, pay: Callable[..., Transaction]
) -> None:
    pay("50")

    page = text(as_merchant, f"/account/wallets/{merchant.id}/?currency=EUR&days=30")

    assert "0.00 EUR at the beginning, 10050.00 at the end, at least 0.00, at most 10050.00." in page
    assert '<path class="chart-line" d="M' in page
    assert "style=" not in page


@pytest.mark.parametrize("query", ["currency=XXX", "days=31", "currency=&days=", "days=-1"])
def test_a_picture_of_nothing_that_there_is(as_merchant: Client, merchant: Wallet, query: str) -> None:
    assert "chart-line" not in text(as_merchant, f"/account/wallets/{merchant.id}/?{query}")


def test_a_wallet_without_money_has_no_picture(as_stranger: Client, stranger: Wallet) -> None:
    page = text(as_stranger, f"/account/wallets/{stranger.id}/")

    assert "No money in it yet." in page
    assert "<figure" not in page


# Integration


def test_the_settings_are_kept(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.post(f"/account/wallets/{merchant.id}/integration/", SETTINGS)

    assert response["Location"] == f"/account/wallets/{merchant.id}/integration/"
    wallet = found(merchant.id)
    assert wallet.return_success == SETTINGS["return_success"]
    assert wallet.return_fail == SETTINGS["return_fail"]
    assert wallet.return_method == "POST"
    assert (wallet.ipn_enabled, wallet.ipn_url) == (True, SETTINGS["ipn_url"])
    assert wallet.api_enabled
    assert wallet.api_allowed_ips == ["203.0.113.7", "2001:db8::1", "198.51.100.0/24"]
    assert wallet.api_password == "MyApiPass"


def test_the_page_shows_what_is_kept(as_merchant: Client, merchant: Wallet) -> None:
    as_merchant.post(f"/account/wallets/{merchant.id}/integration/", SETTINGS)

    page = text(as_merchant, f"/account/wallets/{merchant.id}/integration/")

    assert 'value="http://127.0.0.1:8085/ipn"' in page
    assert "198.51.100.0/24" in page


def test_a_listener_can_be_tested_from_here(as_merchant: Client, merchant: Wallet) -> None:
    address = f"/account/wallets/{merchant.id}/integration/"
    assert "Test it" not in text(as_merchant, address)

    as_merchant.post(address, SETTINGS)

    assert "Test it" in text(as_merchant, address)
    assert f"?wallet={merchant.id}&amp;url=http%3A%2F%2F127.0.0.1%3A8085%2Fipn" in text(as_merchant, address)


def test_without_api_security_any_address_may_call(as_merchant: Client, merchant: Wallet) -> None:
    open_to_all = {name: value for name, value in SETTINGS.items() if name != "api_security"}

    response = as_merchant.post(f"/account/wallets/{merchant.id}/integration/", open_to_all, follow=True)

    assert found(merchant.id).api_allowed_ips == []
    assert "any may call the API" in response.content.decode()


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"ipn_url": "ftp://shop.example.com/"}, "ipn_url", "http://"),
        ({"ipn_url": "javascript:alert(1)"}, "ipn_url", "http://"),
        ({"ipn_url": "http://"}, "ipn_url", "http://"),
        ({"ipn_url": "http://x:y/"}, "ipn_url", "http://"),
        ({"ipn_url": ""}, "ipn_url", "disabled"),
        ({"ipn_url": "http://169.254.169.254/ipn"}, "ipn_url", "169.254.169.254 is a link-local address"),
        ({"ipn_url": "http://user:secret@shop/ipn"}, "ipn_url", "must not hold a user name or a password"),
        ({"return_fail": "http://user@shop/sorry"}, "return_fail", "must not hold a user name or a password"),
        ({"return_success": "shop.example.com"}, "return_success", "https://"),
        ({"return_fail": "https://" + "x" * 2000}, "return_fail", "2000"),
        ({"return_method": "PUT"}, "return_method", "PUT"),
        ({"api_allowed_ips": "203.0.113.7\n\nhost.example\n300.1.1.1"}, "api_allowed_ips", "Line 3: host.example"),
        ({"api_password": "short1"}, "api_password", "8 characters"),
        ({"api_password": "password1"}, "api_password", "common"),
        ({"api_password": "8273645019"}, "api_password", "numeric"),
        ({"api_password": "x" * 65}, "api_password", "64"),
        ({"api_password": "OK702746927!"}, "api_password", "guess"),
        ({"api_password": " spaced around "}, "api_password", "space"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    as_merchant: Client, merchant: Wallet, wrong: dict[str, str], field: str, says: str
) -> None:
    response = as_merchant.post(f"/account/wallets/{merchant.id}/integration/", {**SETTINGS, **wrong})

    assert response.status_code == 200
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert says in " ".join(errors[field])
    assert found(merchant.id).return_success == ""
    assert found(merchant.id).api_password == "MyApiPass"


def test_the_api_needs_a_password(as_stranger: Client, stranger: Wallet) -> None:
    address = f"/account/wallets/{stranger.id}/integration/"

    refused = as_stranger.post(address, {**SETTINGS, "api_password": ""})
    assert list(refused.context["form"].errors) == ["api_password"]

    as_stranger.post(address, {**SETTINGS, "api_password": "tea cups 42"})
    assert found(stranger.id).api_password == "tea cups 42"


def test_a_generated_password_is_shown_once(as_merchant: Client, merchant: Wallet) -> None:
    answer = as_merchant.post(f"/account/wallets/{merchant.id}/integration/password/")

    password = found(merchant.id).api_password
    assert len(password) == 25
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert password not in text(as_merchant, f"/account/wallets/{merchant.id}/integration/")
    assert password not in str(dict(as_merchant.session.items()))


def test_a_link_generates_no_password(as_merchant: Client, merchant: Wallet) -> None:
    assert as_merchant.get(f"/account/wallets/{merchant.id}/integration/password/").status_code == 405
    assert found(merchant.id).api_password == "MyApiPass"


def test_the_password_never_comes_back(as_merchant: Client, merchant: Wallet) -> None:
    refused = as_merchant.post(
        f"/account/wallets/{merchant.id}/integration/", {**SETTINGS, "api_password": "tea cups 42", "ipn_url": "x"}
    )

    assert "tea cups 42" not in refused.content.decode()
    assert "MyApiPass" not in text(as_merchant, f"/account/wallets/{merchant.id}/integration/")


# API calls


def test_why_a_call_was_refused(as_merchant: Client, merchant: Wallet) -> None:
    ApiCall.objects.create(
        wallet=merchant,
        at=timezone.now(),
        operation="Send_Money",
        remote_address="203.0.113.7",
        outcome="Authentication_Failed",
        reason=ApiCall.Reason.OTHER_HOUR,
    )

    page = text(as_merchant, f"/account/wallets/{merchant.id}/calls/")

    assert "Authentication_Failed" in page
    assert "use UTC, not local time" in page
    assert "203.0.113.7" in page


def test_the_calls_that_were_answered_are_in_the_journal(
    as_merchant: Client, merchant: Wallet, settings: LazySettings
) -> None:
    page = text(as_merchant, f"/account/wallets/{merchant.id}/calls/")
    [address] = re.findall(r'href="(/account/journal/[^"]*kind=soap[^"]*)"', page)
    assert "Wallet_Get_Balance" not in text(as_merchant, html.unescape(address))

    call("Wallet_Get_Balance", **credentials(merchant.id))

    assert "Wallet_Get_Balance" in text(as_merchant, html.unescape(address))
    settings.JOURNAL = False
    assert address not in text(as_merchant, f"/account/wallets/{merchant.id}/calls/")
