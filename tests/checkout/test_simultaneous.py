"""Five impatient fingers on the same Pay button, a hundred times."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from checkout.models import CheckoutSession
from ipn.models import IpnMessage
from tests.checkout.conftest import Open
from wallets.models import Transaction, Wallet
from wallets.money import D

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FINGERS = 5


def at_once(acts: list[Callable[[], HttpResponse]]) -> list[HttpResponse]:
    """All of them in threads of their own, let go together."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_each_of_a_hundred_sessions_is_paid_once(open_session: Open, buyer: Wallet, merchant: Wallet) -> None:
    clients = [Client() for _ in range(FINGERS)]
    for client in clients:
        client.force_login(buyer.account.user)
    shop = {"ok_return_success": "https://shop.example/thanks", "ok_ipn": "http://127.0.0.1:9/ipn"}
    opened = [open_session(ok_item_1_price="1", ok_invoice=str(number), **shop) for number in range(100)]

    for session in opened:
        pay = [
            lambda client=client, session=session: client.post(f"/checkout/{session.token}/", {"method": "OKB"})
            for client in clients
        ]
        answers = at_once(pay)

        assert {answer.status_code for answer in answers} == {302}
        assert len({answer["Location"] for answer in answers}) == 1

    assert Transaction.objects.filter(kind="payment_link").count() == 100
    assert sorted(Transaction.objects.filter(kind="payment_link").values_list("invoice", flat=True), key=int) == [
        str(number) for number in range(100)
    ]
    assert IpnMessage.objects.count() == 100
    assert buyer.balance("USD") == D("9900.00")
    assert merchant.balance("USD") == D("10100.00")


def test_pay_and_cancel_at_once_have_one_winner(open_session: Open, buyer: Wallet) -> None:
    payer, quitter = Client(), Client()
    for client in (payer, quitter):
        client.force_login(buyer.account.user)

    for _ in range(20):
        session = open_session(ok_item_1_price="1")
        at_once(
            [
                lambda session=session: payer.post(f"/checkout/{session.token}/", {"method": "OKB"}),
                lambda session=session: quitter.post(f"/checkout/{session.token}/cancel/"),
            ]
        )

        ended = CheckoutSession.objects.get(token=session.token)
        assert ended.status in ("paid", "canceled")
        assert (ended.transaction is not None) == (ended.status == "paid")
        assert Transaction.objects.filter(checkout_session=ended).count() == (ended.status == "paid")
