"""Merchant Overview: every number leads to a list that has exactly so many rows, and nobody sees another's."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from itertools import chain
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from checkout.models import CheckoutSession
from okpay_gateway.merchant import checkouts
from tests.account.conftest import logged_in
from tests.merchant.conftest import Open, Send
from wallets.models import Transaction, Wallet

OVERVIEW, LIST = "/account/merchant/", "/account/merchant/checkouts/"


def shown(client: Client, address: str = OVERVIEW) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def rows(client: Client, address: str) -> int:
    """How many rows a list has, whichever list it is."""
    context: Any = client.get(address).context
    if "calls" in context:
        return len(context["calls"])
    page = context["page"]
    for name in ("lines", "sessions", "messages", "events"):
        if hasattr(page, name):
            return len(getattr(page, name))
    raise AssertionError(address)


def test_it_is_in_the_menu(as_merchant: Client) -> None:
    assert '<a href="/account/merchant/" aria-current="page">Merchant Overview</a>' in shown(as_merchant)
    assert '<a href="/account/merchant/" aria-current="true">' in shown(as_merchant, LIST)


def test_every_number_leads_to_as_many_rows(busy: None, as_merchant: Client) -> None:
    page = shown(as_merchant)
    in_tables = re.findall(r'class="amount"><a href="([^"]*)">(\d+)</a>', page)
    in_lists = re.findall(r'<a href="(/[^"]*)">[^<]*</a> <strong>(\d+)</strong>', page)
    refused = re.findall(r'<a href="([^"]*)">[^<]*</a></th>\s*<td data-label="How often" class="amount">(\d+)<', page)

    # completed: USD; reversed: EUR; pending: USD
    assert sorted(int(number) for _address, number in in_tables) == [1, 1, 4]
    # Checkouts: 3 paid, pending, open, cancelled, 2 failed; messages; failed payments.
    assert len(in_lists) == 5 + 4 + 1
    assert sorted(int(number) for _address, number in refused) == [1, 2, 2]
    for address, number in in_tables + in_lists + refused:
        assert rows(as_merchant, unescape(address)) == int(number), address


def test_what_was_taken_back_leads_to_the_reversals(busy: None, as_merchant: Client) -> None:
    page = shown(as_merchant)

    links = re.findall(r'data-label="Taken back" class="amount"><a href="([^"]*)">([\d.]+)</a>', page)
    assert sorted(amount for _address, amount in links) == ["2.00", "7.00"]
    assert [rows(as_merchant, unescape(address)) for address, _amount in links] == [1, 1]


def test_the_pictures_say_in_words_what_they_show(busy: None, as_merchant: Client) -> None:
    page = shown(as_merchant)

    assert "From 2030-04-16 to 2030-05-15: 35.00 USD by 4 sales. Most on 2030-05-15, 35.00 USD." in page
    assert "7.00 EUR by one sale." in page
    assert "Paid: 3 (38 %). Pending: 1 (12 %). Open: 1 (12 %). Canceled: 1 (12 %). Failed: 2 (25 %)." in page
    assert "Of 8 that were opened, 3 paid: 38 %." in page
    for svg in re.findall(r"<svg[^>]*>", page):
        assert "aria-labelledby=" in svg or "aria-hidden=" in svg
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    named = " ".join(re.findall(r'aria-labelledby="([^"]*)"', page)).split()
    assert set(named) <= set(ids)
    assert "style=" not in page


def test_without_anything_it_says_what_would_stand_there(as_merchant: Client, now: datetime) -> None:
    page = shown(as_merchant)

    for words in ("Nothing was sold", "No checkout was opened", "No message was queued", "None in this period"):
        assert words in page
    assert 'role="img"' not in page


def test_the_period_is_chosen(as_merchant: Client, send: Send, now: datetime) -> None:
    Transaction.objects.filter(id=send("10").id).update(created_at=now - timedelta(days=200))

    assert "Nothing was sold" in shown(as_merchant, f"{OVERVIEW}?days=90")
    year = shown(as_merchant, f"{OVERVIEW}?days=365")
    assert "Sales per week in USD" in year
    assert "Most in the week from 2029-10-22, 10.00 USD." in year


def test_one_wallet_or_all(as_merchant: Client, merchant: Wallet, send: Send) -> None:
    as_merchant.post("/account/wallets/", {"title": "Second shop"})
    second = merchant.account.wallets.get(title="Second shop")
    send("10")
    send("20", receiver=second.id)

    assert "30.00 USD by 2 sales" in shown(as_merchant)
    assert "20.00 USD by one sale" in shown(as_merchant, f"{OVERVIEW}?wallet={second.id}")


@pytest.mark.parametrize("query", ["days=8", "days=", "days=-1", "days=9999999999", "wallet=OK999999999", "wallet=%00"])
def test_a_question_that_makes_no_sense(as_merchant: Client, query: str) -> None:
    response = as_merchant.get(f"{OVERVIEW}?{query}")

    assert response.status_code == 200
    assert response.context["form"].errors
    assert "Nothing was sold" not in response.content.decode()


def test_a_stranger_sees_nothing_of_it(busy: None, stranger: Wallet, merchant: Wallet) -> None:
    client = logged_in(stranger)

    assert "Nothing was sold" in shown(client)
    assert "No checkout is like that" in shown(client, LIST)
    for address in (OVERVIEW, LIST):
        assert list(client.get(f"{address}?wallet={merchant.id}").context["form"].errors) == ["wallet"]
        assert Client().get(address)["Location"].startswith("/account/login/")


def test_a_server_without_a_journal_says_so(busy: None, as_merchant: Client, settings: LazySettings) -> None:
    settings.JOURNAL = False

    assert "this server keeps no journal" in shown(as_merchant)


def test_markup_in_a_reason_is_text(busy: None, as_merchant: Client) -> None:
    Client().post("/process.html", {"ok_receiver": "OK702746927", "ok_currency": "<script>alert(1)</script>"})

    assert "<script>alert" not in shown(as_merchant)


def test_it_asks_the_database_as_often_for_much_as_for_nothing(
    as_merchant: Client, now: datetime, request: pytest.FixtureRequest, django_assert_num_queries: Callable[..., Any]
) -> None:
    # Session, login, account; the wallets; and one for each of the five figures.
    expected = 3 + 1 + 5
    request.getfixturevalue("settings").JOURNAL = True
    with django_assert_num_queries(expected):
        shown(as_merchant)
    request.getfixturevalue("busy")
    with django_assert_num_queries(expected):
        shown(as_merchant, f"{OVERVIEW}?days=365")


# The list of checkouts


def test_a_checkout_leads_to_its_payment_and_its_story_and_keeps_its_token(
    busy: None, as_merchant: Client, open_checkout: Open
) -> None:
    page = shown(as_merchant, f"{LIST}?status=paid")

    paid = CheckoutSession.objects.filter(status="paid")
    assert page.count("Poster 10.00 USD") == len(paid) == 3
    for session in paid:
        assert f'/{session.transaction_id}/">{session.transaction_id}</a>' in page
        assert f"/account/journal/story/{session.correlation}/" in page
    for session in CheckoutSession.objects.all():
        assert session.token not in shown(as_merchant, LIST)


def test_page_by_page_each_once_also_when_the_clock_stands_still(
    as_merchant: Client, open_checkout: Open, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkouts, "PAGE_SIZE", 3)
    for number in range(8):
        open_checkout(ok_invoice=f"N{number}")
    CheckoutSession.objects.filter(invoice__in=("N0", "N1")).update(created_at=now - timedelta(hours=1))

    seen, address = [], LIST
    while address:
        page = shown(as_merchant, address)
        seen.append(re.findall(r'data-label="Invoice">(N\d)<', page))
        more = re.search(r'rel="next" href="([^"]*)"', page)
        address = LIST + unescape(more[1]) if more else ""

    assert [len(each) for each in seen] == [3, 3, 2]
    assert sorted(chain.from_iterable(seen)) == [f"N{number}" for number in range(8)]
    assert set(seen[2]) == {"N0", "N1"}


@pytest.mark.parametrize(
    "older", ["x", "20300515120000000000", "20300515120000000000--1", "1-1", "%00", "9" * 40 + "-1"]
)
def test_a_page_that_was_never_given_out_is_the_first(as_merchant: Client, open_checkout: Open, older: str) -> None:
    open_checkout()

    assert "A-1" in shown(as_merchant, f"{LIST}?older={older}")


def test_days_the_wrong_way_round(as_merchant: Client) -> None:
    response = as_merchant.get(f"{LIST}?first_day=2030-05-15&last_day=2030-05-14")

    assert list(response.context["form"].errors) == ["last_day"]
