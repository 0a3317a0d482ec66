"""Transactions by the control API: looked at, decided, taken back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ipn.models import IpnMessage
from sandbox import clock
from tests.api.conftest import Api
from wallets import payments, reversals
from wallets.models import Entry, Transaction, TransactionItem, Wallet
from wallets.money import D


def pay(buyer: Wallet, merchant: Wallet, amount: str = "100.00", **more: object) -> Transaction:
    order = payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK,
        receiver=merchant,
        currency="USD",
        items=[TransactionItem(number=1, name="Pen", article="A-1", price=D(amount))],
        invoice="77",
        comment="Thanks",
    )
    now = clock.now(merchant.account.sandbox)
    return payments.pay_from_balance(order, payer=buyer, now=now, **more)


def pending(merchant: Wallet, *, payer: Wallet | None = None) -> Transaction:
    order = payments.Order(
        kind=Transaction.Kind.PAYMENT_LINK,
        receiver=merchant,
        currency="USD",
        items=[TransactionItem(number=1, name="Pen", price=D("100.00"))],
    )
    return payments.pay_from_outside(
        order,
        method="VMF",
        payer=payer.account if payer else None,
        outcome=payments.PENDING,
        now=clock.now(merchant.account.sandbox),
    )


def test_a_payment_in_full(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    answer = api.get(f"transactions/{payment.id}/").body

    assert answer.pop("created_at").endswith("Z")
    assert answer.pop("updated_at").endswith("Z")
    entries = answer.pop("entries")
    assert [(row["wallet"], row["currency"], row["amount"]) for row in entries] == [
        ("OK100000001", "USD", "-100.00"),
        ("OK702746927", "USD", "100.00"),
    ]
    [item] = answer.pop("items")
    assert item.items() >= {"number": 1, "name": "Pen", "price": "100.00", "gross": "100.00", "tax": "0.00"}.items()
    assert answer == {
        "id": payment.id,
        "kind": "payment_link",
        "status": "completed",
        "pending_reason": "",
        "reversal_reason": "",
        "parent": None,
        "reversals": [],
        "payer": {
            "account": "100000001",
            "wallet": "OK100000001",
            "email": "buyer@example.com",
            "name": "Bob Buyer",
        },
        "receiver": {
            "account": "666146284",
            "wallet": "OK702746927",
            "email": "merchant@example.com",
            "name": "Demo Merchant",
        },
        "receiver_as_sent": "OK702746927",
        "payment_method": "OKB",
        "currency": "USD",
        "gross": "100.00",
        "fee": "0.00",
        "net": "100.00",
        "total": "100.00",
        "fee_payer": "receiver",
        "paid_currency": None,
        "paid_amount": None,
        "exchange_rate": None,
        "invoice": "77",
        "comment": "Thanks",
        "ipn_url": "",
        "delivery_address": None,
    }


def test_a_converted_payment_says_what_was_paid(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant, from_currency="EUR")
    answer = api.get(f"transactions/{payment.id}/").body

    assert (answer["paid_currency"], answer["paid_amount"], answer["exchange_rate"]) == ("EUR", "90.91", "1.100000")


def test_who_pays_from_outside_is_anonymous_or_known(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    anonymous, known = pending(merchant), pending(merchant, payer=buyer)

    assert api.get(f"transactions/{anonymous.id}/").body["payer"] is None
    payer = api.get(f"transactions/{known.id}/").body["payer"]
    assert (payer["account"], payer["wallet"]) == ("100000001", None)


def test_filters(api: Api, buyer: Wallet, merchant: Wallet, poor_buyer: Wallet) -> None:
    payment, waiting = pay(buyer, merchant), pending(merchant)

    def ids(**query: object) -> list[int]:
        return [row["id"] for row in api.get("transactions/", **query).results]

    assert ids(invoice="77") == [payment.id]
    assert ids(status="pending") == [waiting.id]
    assert ids(kind="payment_link") == [waiting.id, payment.id]
    assert set(ids(wallet="OK702746927", kind="payment_link")) == {payment.id, waiting.id}
    assert ids(wallet="OK100000001", kind="payment_link") == [payment.id]
    assert ids(wallet="OK100000002", kind="payment_link") == []
    assert len(ids(wallet="OK100000002")) == 1
    assert ids(wallet="nobody") == []
    assert len(ids(till=payment.created_at.isoformat().replace("+00:00", "Z"))) == 26 + 1
    assert ids(from_=payment.created_at.isoformat(), kind="payment_link") == [waiting.id, payment.id]
    assert ids(from_=(timezone.now() + timedelta(hours=1)).isoformat()) == []


@pytest.mark.parametrize(
    ("query", "value"),
    [("kind", "gift"), ("status", "done"), ("from_", "yesterday"), ("till", "2010-13-01T00:00:00Z"), ("wallet", "\0")],
)
def test_a_filter_with_an_impossible_value(api: Api, query: str, value: str) -> None:
    assert api.get("transactions/", **{query: value}).errors.keys() == {query.rstrip("_")}


def test_a_list_costs_few_queries(
    api: Api, buyer: Wallet, merchant: Wallet, django_assert_max_num_queries: object
) -> None:
    for _number in range(3):
        reversals.refund(pay(buyer, merchant), now=timezone.now())
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert len(api.get("transactions/").results) > 20


def test_approve(api: Api, merchant: Wallet) -> None:
    waiting = pending(merchant)
    answer = api.post(f"transactions/{waiting.id}/approve/")

    assert answer.status == 200
    assert (answer.body["id"], answer.body["status"], answer.body["pending_reason"]) == (waiting.id, "completed", "")
    assert merchant.balance("USD") == D("10095.00")


def test_decline(api: Api, merchant: Wallet) -> None:
    waiting = pending(merchant)
    answer = api.post(f"transactions/{waiting.id}/decline/", {})

    assert answer.status == 200
    assert answer.body["status"] == "failed"
    assert merchant.balance("USD") == D("10000.00")


def test_refund_in_parts(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    first = api.post(f"transactions/{payment.id}/refund/", {"amount": "30.00"})
    rest = api.post(f"transactions/{payment.id}/refund/")

    assert first.status == rest.status == 201
    assert (first.body["gross"], first.body["parent"], first.body["reversal_reason"]) == (
        "-30.00",
        payment.id,
        "refund",
    )
    assert rest.body["gross"] == "-70.00"
    parent = api.get(f"transactions/{payment.id}/").body
    assert parent["status"] == "reversed"
    assert sorted(parent["reversals"]) == [first.body["id"], rest.body["id"]]
    assert buyer.balance("USD") == D("10000.00")


def test_chargeback(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    answer = api.post(f"transactions/{payment.id}/chargeback/")

    assert answer.status == 201
    assert answer.body["reversal_reason"] == "chargeback"
    assert buyer.balance("USD") == D("10000.00")


def test_every_change_is_announced(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn")
    merchant.refresh_from_db()
    waiting = pending(merchant)
    api.post(f"transactions/{waiting.id}/approve/")
    refund = api.post(f"transactions/{waiting.id}/refund/")

    told = IpnMessage.objects.order_by("id").values_list("transaction_id", flat=True)
    assert list(told) == [waiting.id, waiting.id, refund.body["id"]]


REFUSED = [
    ("approve", None, 422, "status"),
    ("decline", None, 422, "status"),
    ("approve", {"why": "so"}, 400, "why"),
    ("chargeback", {"amount": "1.00"}, 400, "amount"),
    ("refund", {"amount": "0.00"}, 422, "amount"),
    ("refund", {"amount": "100.01"}, 422, "amount"),
    ("refund", {"amount": "1.001"}, 422, "amount"),
    ("refund", {"amount": 1}, 400, "amount"),
    ("refund", {"amount": None}, 400, "amount"),
    ("refund", {"sum": "1.00"}, 400, "sum"),
]


def test_a_refused_verb_changes_nothing(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    before = (Transaction.objects.count(), Entry.objects.count())
    for verb, body, status, field in REFUSED:
        answer = api.post(f"transactions/{payment.id}/{verb}/", body)

        assert answer.status == status, (verb, body)
        assert answer.errors.keys() == {field}
        assert (Transaction.objects.count(), Entry.objects.count()) == before


def test_a_refund_that_the_merchant_cannot_pay(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    api.patch("wallets/OK702746927/", {"balances": {"USD": "99.99"}})
    answer = api.post(f"transactions/{payment.id}/refund/")

    assert answer.status == 422
    assert answer.body["error"] == {"number": 300, "name": "Insufficient_Funds"}
    assert answer.body["type"] == "/api/docs/#problem-refused"


@pytest.mark.parametrize("number", ["1", "999999999999999999"])
def test_an_unknown_transaction(api: Api, number: str) -> None:
    answers = [api.post(f"transactions/{number}/{verb}/") for verb in ("approve", "decline", "refund", "chargeback")]
    for answer in (api.get(f"transactions/{number}/"), *answers):
        assert answer.status == 404
        assert number in answer.body["detail"]


def test_the_audit(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    pay(buyer, merchant)
    answer = api.get("ledger/audit/").body

    assert answer["ok"] is True
    assert answer["currencies"]["USD"] == "0.00"
    assert len(answer["currencies"]) == 21
    assert (answer["orphans"], answer["negative"], answer["drifted"]) == ([], [], [])


def test_the_audit_finds_what_is_wrong(api: Api, buyer: Wallet, merchant: Wallet) -> None:
    payment = pay(buyer, merchant)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE wallets_entry SET amount = 100.01 WHERE transaction_id = %s AND amount > 0", [payment.id]
        )
    answer = api.get("ledger/audit/").body

    assert answer["ok"] is False
    assert answer["currencies"]["USD"] == "0.01"
    assert answer["orphans"] == [payment.id]
    assert answer["drifted"] == ["OK702746927 USD 10100.00 10100.01"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallets_entry SET amount = 100.00 WHERE amount = 100.01")
