"""A secret that comes in, wherever it stands, is in no row, no answer of the API, no archive and on no page."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client

from sandbox.models import JournalEntry
from tests.api.conftest import Api
from tests.journal.conftest import FORM, FORM_ENCODED, newest, send_form, token_of
from tests.soapapi import calls
from wallets.models import Wallet

pytestmark = pytest.mark.django_db

SECRET = "Hush-5ecret-0f-mine"


def rows() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sandbox_journalentry")
        return json.dumps(cursor.fetchall(), cls=DjangoJSONEncoder)


def everywhere(merchant: Wallet) -> dict[str, str]:
    """All that anybody gets to read of the journal."""
    staff, client, control = Client(), Client(), Client(headers={"Authorization": "Bearer sandbox"})
    client.force_login(merchant.account.user)
    staff.login(username="admin@example.com", password="admin")
    shown = {"rows": rows()}
    for path in ("journal/?kind=all", "journal/har/?kind=all", "journal/stream/?kind=all"):
        shown[path] = text(control.get(f"/api/v1/{path}"))
    for who, browser, base in (("client", client, "/account/journal/"), ("staff", staff, "/admin/journal/")):
        for page in ("", "har/", *(f"{entry.id}/" for entry in JournalEntry.objects.order_by("-id")[:3])):
            shown[f"{who} {page}"] = text(browser.get(base + page))
    return shown


def text(response: Any) -> str:
    content: bytes = response.getvalue() if response.streaming else response.content
    return content.decode()


def assert_hushed(merchant: Wallet, secret: str = SECRET) -> None:
    entry = newest()
    for place, text in everywhere(merchant).items():
        assert secret not in text, place
        assert quote(secret) not in text, place
    assert "***" in f"{entry.request_head}{entry.request_body}{entry.url}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": f"okpay_session={SECRET}"},
        {"Authorization": f"Bearer {SECRET}"},
        {"X-Api-Key": SECRET},
        {"Referer": f"https://shop.example/?token={SECRET}"},
        {"X-Whatever": f"password={SECRET}"},
    ],
)
def test_in_a_header(merchant: Wallet, headers: dict[str, str]) -> None:
    Client().post("/process.html", FORM, headers=headers)
    assert_hushed(merchant)


@pytest.mark.parametrize("path", ["/process.html", "/ipn-verify.html", "/OkPayAPI"])
def test_in_a_query(merchant: Wallet, path: str) -> None:
    Client().post(f"{path}?ok_receiver={merchant.id}&SecurityToken={SECRET}")
    assert_hushed(merchant)


@pytest.mark.parametrize(
    "body",
    [
        f"ok_receiver=OK702746927&password={SECRET}",
        f"ok_receiver=OK702746927&ok_item_1_name=x&p%61ssword={SECRET}&ok_currency=XXX",
        f"password={SECRET}",
        f"&&=&password={SECRET}%",
        f"<xml><password>{SECRET}",
        json.dumps({"api_password": SECRET}),
    ],
)
@pytest.mark.parametrize("path", ["/process.html", "/ipn-verify"])
def test_in_a_form(merchant: Wallet, path: str, body: str) -> None:
    Client().post(path, body, FORM_ENCODED)
    assert_hushed(merchant)


def test_a_secret_that_the_answer_repeats(merchant: Wallet) -> None:
    """The page of a refused form shows what was sent."""
    response = Client().post(
        "/process.html", f"ok_receiver=OK702746927&password={SECRET}&ok_currency={SECRET}", FORM_ENCODED
    )

    assert SECRET in response.content.decode()
    assert_hushed(merchant)


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-le", "windows-1251"])
def test_in_xml_of_any_character_set(merchant: Wallet, charset: str) -> None:
    body = calls.request("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=SECRET).encode(charset)

    calls.post(body, content_type=f"text/xml; charset={charset}")

    assert_hushed(merchant)


@pytest.mark.parametrize("cut", [1, 30, 60])
def test_in_xml_that_breaks_off(merchant: Wallet, cut: int) -> None:
    whole = calls.request("Wallet_Get_Balance", WalletID=merchant.id, SecurityToken=SECRET)

    calls.post(whole[: len(whole) - cut])

    assert_hushed(merchant)


def test_a_token_and_a_card_under_any_name(merchant: Wallet) -> None:
    token = calls.token("MyApiPass")

    calls.post(calls.request("Withdraw_To_Card_RU", WalletID=merchant.id, Tokn=token, Kard="4111 1111 1111 1111"))

    assert_hushed(merchant, token)
    assert_hushed(merchant, "4111 1111 1111 1111")


def test_a_secret_across_the_cut(merchant: Wallet) -> None:
    for length in (16 * 1024 - len(SECRET) - 12, 16 * 1024 - 14, 16 * 1024 - 4):
        send = "x" * length + f"&password={SECRET}"
        Client().post("/process.html", send, FORM_ENCODED)
        assert SECRET[:8] not in newest().request_body
        assert len(newest().request_body) <= 16 * 1024
        assert newest().request_size == len(send)


def test_what_a_buyer_types_at_the_checkout(merchant: Wallet, buyer: Wallet) -> None:
    opened = send_form()
    token = token_of(opened)
    client = Client()
    client.post(f"/checkout/{token}/login/", {"username": "buyer@example.com", "password": SECRET})
    assert not newest().request_body
    client.force_login(buyer.account.user)
    client.post(f"/checkout/{token}/", {"method": "OKB", "comment": SECRET})

    for place, text in everywhere(merchant).items():
        assert token not in text, place
    assert "buyer@example.com" not in rows()
    # The session's cookie and the form's token, which go out with the answer.
    for cookie in client.cookies.values():
        assert cookie.value not in rows()


def test_what_the_control_api_sets(api: Api, merchant: Wallet) -> None:
    api.patch(f"wallets/{merchant.id}/", {"api_password": SECRET})
    api.post("accounts/", {"email": "anna@example.com", "password": SECRET})

    for place, text in everywhere(merchant).items():
        assert SECRET not in text, place


def test_what_is_no_text_is_not_kept(merchant: Wallet) -> None:
    calls.post(b"\x00\x01\x02\x03" * 500 + SECRET.encode())

    assert newest().request_body == f"[{2000 + len(SECRET)} bytes that are no text]"
