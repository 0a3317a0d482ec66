"""A developer types a name off the wire and finds where it is explained."""

import re

import pytest
from django.test import Client

from okpay_gateway.developers import search
from okpay_gateway.developers.search import MOST_RESULTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def found(question: str) -> list[str]:
    return [entry.address for entry in search.find(question)]


@pytest.mark.parametrize(
    ("question", "address"),
    [
        ("ok_item_1_price", "/developers/payment-forms/#ok_item_1_price"),
        ("ok_item_23_price", "/developers/payment-forms/#ok_item_1_price"),
        (" OK_ITEM_#_PRICE ", "/developers/payment-forms/#ok_item_1_price"),
        ("ok_payment_methods", "/developers/payment-forms/#ok_paysystems"),
        ("ok_encrypted", "/developers/payment-forms/#ok_encrypted"),
        ("ok_ipn_id", "/developers/notification-variables/#ok_ipn_id"),
        ("unilateral", "/developers/notification-variables/#ok_txn_pending_reason"),
        ("Send_Money", "/developers/soap-api/Send_Money/"),
        ("OperationStatus", "/developers/soap-api/#OperationStatus"),
        ("Not_Enough_Money", "/developers/errors/#soap-Insufficient_Funds"),
        ("104", "/developers/errors/#soap-Authentication_Failed"),
        ("Redirect, not followed", "/developers/errors/#attempt-redirect"),
        ("INVALID", "/developers/verification/#verdict-INVALID"),
        ("NGN", "/developers/codes/#currency-NGN"),
        ("woocommerce", "/shop-systems/woocommerce/"),
        ("Shipping", "/developers/code-samples/#shipping"),
    ],
)
def test_the_very_name_comes_first(question: str, address: str) -> None:
    assert found(question)[0] == address


def test_words_are_found_in_meanings() -> None:
    assert "/developers/notification-variables/#ok_txn_exchange_rate" in found("rate currency payer")


def test_what_is_found_is_there(client: Client) -> None:
    pages: dict[str, str] = {}
    for entry in search.everything():
        path, _hash, anchor = entry.address.partition("#")
        pages[path] = html = pages.get(path) or client.get(path).content.decode()
        assert not anchor or re.search(rf'\bid="{re.escape(anchor)}"', html), entry


def test_the_page_links_what_it_found(client: Client) -> None:
    html = client.get("/developers/search/", {"q": "ok_item_2_price"}).content.decode()

    assert 'value="ok_item_2_price"' in html
    assert 'href="/developers/payment-forms/#ok_item_1_price"' in html


def test_the_index_has_every_name(client: Client) -> None:
    html = client.get("/developers/search/").content.decode()

    assert "Connection refused" not in html  # words of ours
    for name in (
        "ok_item_#_price",
        "ok_txn_status",
        "Send_Money",
        "TransactionInfo",
        "Limits_Exceeded",
        "INVALID",
        "NGN",
    ):
        assert f"<code>{name}</code></a>" in html
    assert (
        html.index("<code>ok_fees</code>") < html.index("<code>ok_invoice</code>") < html.index("<code>ok_ipn</code>")
    )


@pytest.mark.parametrize("question", ["", " ", "\0", "%", "<script>alert(1)</script>", "ok " * 500, "é\udcff", "🙂"])
def test_any_question_is_answered(client: Client, question: str) -> None:
    answer = client.get("/developers/search/", {"q": question.encode("utf-8", "surrogateescape")})

    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_there_are_never_too_many() -> None:
    assert len(found("o")) == MOST_RESULTS
