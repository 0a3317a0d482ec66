"""The way back: which address, which variables, and that they verify."""

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from checkout import returns, sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from checkout.returns import Method
from ipn import encoding
from ipn.models import AutoReturn
from sandbox import clock
from sandbox.models import Sandbox
from tests.checkout.conftest import Open
from wallets import payments
from wallets.models import Wallet
from wallets.payments import PENDING, REFUSED
from wallets.variables import ipn_variables

THANKS, SORRY = "https://shop.example/thanks", "https://shop.example/sorry"


@pytest.fixture
def now(world: Sandbox) -> datetime:
    return clock.now(world)


def paid(session: CheckoutSession, now: datetime, outcome: payments.Outcome = payments.PAID) -> CheckoutSession:
    sessions.pay(session, choices=Choices(method="SF"), outcome=outcome, now=now)
    return CheckoutSession.objects.get(token=session.token)


def verdict(pairs: list[tuple[str, str]]) -> bytes:
    body = "ok_verify=true&" + encoding.encode(pairs)
    return Client().post("/ipn-verify.html", body, content_type="application/x-www-form-urlencoded").content


def test_the_variables_of_the_notification_come_along_and_verify(open_session: Open, now: datetime) -> None:
    session = paid(open_session(ok_return_success=THANKS, ok_invoice="Rechnung 5+5 %"), now)

    way = returns.back(session, now=now)

    assert way == returns.success(session, now=now)
    assert (way.url, way.method, way.is_shop) == (THANKS, Method.GET, True)
    assert way.pairs == ipn_variables(session.transaction)
    assert parse_qsl(urlsplit(way.location).query, keep_blank_values=True) == way.pairs
    assert "ok_ipn_id" not in dict(way.pairs)
    assert verdict(way.pairs) == b"VERIFIED"
    assert verdict([*way.pairs, ("ok_extra", "1")]) == b"INVALID"


def test_a_reload_carries_the_same_set_and_a_decision_a_new_one(open_session: Open, now: datetime) -> None:
    session = paid(open_session(ok_return_success=THANKS), now, PENDING)

    first = returns.back(session, now=now)
    assert returns.back(session, now=now) == first
    assert AutoReturn.objects.count() == 1

    payments.approve(session.transaction, now=now)
    session.refresh_from_db()
    second = returns.back(session, now=now)
    assert dict(first.pairs)["ok_txn_status"] == "pending"
    assert dict(second.pairs)["ok_txn_status"] == "completed"
    assert verdict(first.pairs) == verdict(second.pairs) == b"VERIFIED"


@pytest.mark.parametrize(
    ("url", "start", "fragment"),
    [
        ("https://shop.example", "https://shop.example/?ok_charset=utf-8&", ""),
        ("https://shop.example/thanks?order=5", "https://shop.example/thanks?order=5&ok_charset=utf-8&", ""),
        ("https://shop.example/a?b#done", "https://shop.example/a?b&ok_charset=utf-8&", "done"),
        ("http://bücher.example:81/", "http://xn--bcher-kva.example:81/?ok_charset=utf-8&", ""),
    ],
)
def test_what_the_shops_address_has_already_stays(
    open_session: Open, now: datetime, url: str, start: str, fragment: str
) -> None:
    way = returns.back(paid(open_session(ok_return_success=url), now), now=now)

    assert way.location.startswith(start)
    assert urlsplit(way.location).fragment == fragment
    assert way.location.isascii()


def test_the_wallets_addresses_stand_in_for_those_of_the_form(
    open_session: Open, merchant: Wallet, now: datetime
) -> None:
    Wallet.objects.filter(id=merchant.id).update(return_success=THANKS, return_fail=SORRY, return_method="POST")

    own = paid(open_session(ok_return_success="https://other.example/"), now)
    wallets = paid(open_session(), now)
    failed = paid(open_session(), now, REFUSED)
    pending = paid(open_session(), now, PENDING)

    assert returns.back(own, now=now).url == "https://other.example/"
    assert returns.back(wallets, now=now).url == THANKS
    assert returns.back(wallets, now=now).method == Method.POST
    assert returns.back(failed, now=now).url == SORRY
    assert dict(returns.back(failed, now=now).pairs)["ok_txn_status"] == "failed"
    assert returns.back(pending, now=now).url == THANKS


def test_without_an_address_of_the_shop_it_is_our_own_page(open_session: Open, now: datetime) -> None:
    session = paid(open_session(), now)

    way = returns.back(session, now=now)

    assert (way.location, way.pairs, way.is_shop) == (f"/checkout/{session.token}/receipt/", [], False)
    assert not AutoReturn.objects.exists()


def test_only_the_web_is_returned_to(open_session: Open, merchant: Wallet, now: datetime) -> None:
    Wallet.objects.filter(id=merchant.id).update(return_success="javascript:alert(1)")

    assert not returns.back(paid(open_session(), now), now=now).is_shop


def test_a_cancellation_carries_what_names_the_order(open_session: Open, now: datetime) -> None:
    session = open_session(ok_return_fail=SORRY, ok_invoice="77")
    sessions.cancel(session, now=now)

    way = returns.back(session, now=now)

    assert way.url == SORRY
    assert way.pairs == [
        ("ok_charset", "utf-8"),
        ("ok_receiver", "OK702746927"),
        ("ok_txn_kind", "payment_link"),
        ("ok_txn_currency", "USD"),
        ("ok_txn_status", "canceled"),
        ("ok_invoice", "77"),
    ]
    assert verdict(way.pairs) == b"INVALID"


def test_a_long_order_goes_without_its_items_and_still_verifies(open_session: Open, now: datetime) -> None:
    items = {f"ok_item_{number}_name": "Ж" * 127 for number in range(2, 20)}
    items |= {f"ok_item_{number}_price": "1" for number in range(2, 20)}
    session = paid(open_session(ok_return_success=THANKS, **items), now)

    way = returns.back(session, now=now)

    assert len(way.location) < returns.LONGEST_LOCATION
    assert dict(way.pairs)["ok_items_count"] == "19"
    assert "ok_item_1_name" not in dict(way.pairs)
    assert verdict(way.pairs) == b"VERIFIED"
