"""A wallet's history, its export, and the page of one transaction."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from ipn.models import IpnMessage
from sandbox import clock
from sandbox.paging import beyond
from wallets import conversions, payments, reversals, statement
from wallets.models import DeliveryAddress, Transaction, TransactionItem, Wallet
from wallets.money import D
from wallets.statement import Filters

Pay = Callable[..., Transaction]
START = datetime(2030, 1, 1, 12, tzinfo=UTC)


def rows(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200
    written = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(written)))


def ids(client: Client, address: str) -> list[int]:
    return [line.transaction.id for line in client.get(address).context["page"].lines]


# Pages


def test_the_newest_come_first_page_by_page_and_back(
    as_merchant: Client, merchant: Wallet, pay: Pay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "PAGE_SIZE", 4)
    # Five at the same moment: then the ID decides.
    paid = [pay("1", now=START + timedelta(hours=number // 5)).id for number in range(10)]
    address = f"/account/wallets/{merchant.id}/history/?kind=send_money"

    first = as_merchant.get(address).context["page"]
    second = as_merchant.get(f"{address}&older={first.older}").context["page"]
    third = as_merchant.get(f"{address}&older={second.older}").context["page"]
    back = as_merchant.get(f"{address}&newer={third.newer}").context["page"]

    pages = [[line.transaction.id for line in page.lines] for page in (first, second, third)]
    assert [number for page in pages for number in page] == paid[::-1]
    assert (first.newer, third.older) == ("", "")
    assert [line.transaction.id for line in back.lines] == pages[1]


def test_a_page_that_was_never_given_out_is_the_first(as_merchant: Client, merchant: Wallet, pay: Pay) -> None:
    paid = pay()

    for nonsense in ("x", "1-", "-1", "20300101-x", "99999999999999999999-1", "0-9" * 40, "\0"):
        assert ids(as_merchant, f"/account/wallets/{merchant.id}/history/?older={nonsense}&kind=send_money") == [
            paid.id
        ]


def test_what_is_asked_for_is_found(as_merchant: Client, merchant: Wallet, buyer: Wallet, pay: Pay) -> None:
    early = pay("1", now=START - timedelta(days=40))
    midnight = pay("2", now=datetime(2030, 1, 1, tzinfo=UTC))
    dollars = pay("3", currency="USD", now=START)
    failed = pay("4", receiver="nobody@example.com", now=START)
    payments.decline(failed, now=START)
    refund = reversals.refund(early, now=START)
    sent = payments.send_money(payer=merchant, receiver=buyer.id, currency="EUR", amount=D("5"), now=START)
    exchange = conversions.convert(merchant, amount=D("10"), currency="EUR", into="JPY", now=START)

    def history(**filters: str) -> set[int]:
        query = "&".join(f"{name}={value}" for name, value in filters.items())
        found = ids(as_merchant, f"/account/wallets/{merchant.id}/history/?{query}")
        assert len(found) == len(set(found))
        return set(found)

    deposits = history(kind="deposit")
    assert len(deposits) == 3
    everything = {early.id, midnight.id, dollars.id, refund.id, sent.id, exchange.id} | deposits
    assert history() == everything
    assert history(first_day="2030-01-01", last_day="2030-01-01") == everything - {early.id} - deposits
    assert history(last_day="2029-12-31") == {early.id} | deposits
    assert history(kind="exchange") == {exchange.id}
    assert history(status="reversed") == {early.id, refund.id}
    assert history(kind="send_money", currency="USD") == {dollars.id}
    assert history(currency="JPY") == {exchange.id}
    assert history(kind="send_money", direction="in") == {early.id, midnight.id, dollars.id}
    assert history(direction="out") == {refund.id, sent.id, exchange.id}
    assert history(kind="withdrawal") == set()


def test_a_payer_sees_what_left_his_balance(as_buyer: Client, buyer: Wallet, pay: Pay) -> None:
    payment = pay("50")
    refund = reversals.refund(payment, now=START)

    lines = {
        line.transaction.id: line.signed_amount
        for line in as_buyer.get(f"/account/wallets/{buyer.id}/history/?kind=send_money").context["page"].lines
    }

    assert lines == {payment.id: "−50.25", refund.id: "+50.25"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first_day=yesterday", "first_day"),
        ("kind=theft", "kind"),
        ("currency=XXX", "currency"),
        ("direction=up", "direction"),
        ("first_day=2030-02-01&last_day=2030-01-01", "last_day"),
    ],
)
def test_a_question_that_makes_no_sense(as_merchant: Client, merchant: Wallet, query: str, field: str) -> None:
    response = as_merchant.get(f"/account/wallets/{merchant.id}/history/?{query}")

    assert list(response.context["form"].errors) == [field]
    assert response.context["page"].lines == []
    assert as_merchant.get(f"/account/wallets/{merchant.id}/history.csv?{query}").status_code == 400


def test_a_page_asks_the_database_a_fixed_number_of_times(
    as_merchant: Client, merchant: Wallet, pay: Pay, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(12):
        pay("1")

    with django_assert_max_num_queries(7):  # type: ignore[attr-defined]
        as_merchant.get(f"/account/wallets/{merchant.id}/history/?status=completed")


def test_a_page_is_read_from_the_indexes_alone(merchant: Wallet, pay: Pay) -> None:
    """Whatever is asked for: so a million rows are as fast as ten."""
    pay("1")
    every_filter = Filters(START.date(), START.date(), "send_money", "completed", "EUR", "in")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    for side in statement._sides(merchant, every_filter):
        wanted = side.filter(beyond(statement.PLACE, (START, 5), ascends=False)).order_by("-created_at", "-id")
        plan = wanted.values_list("created_at", "id")[:50].explain()
        assert "Index Only Scan using" in plan
        assert "_by_time on" in plan


# Export


def test_the_export_has_all_of_it(
    as_merchant: Client, merchant: Wallet, pay: Pay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "BATCH", 3)
    paid = [pay("1.50", invoice=f"INV-{number}", comment='Ünïcode, "quoted"') for number in range(8)]

    exported = rows(as_merchant, f"/account/wallets/{merchant.id}/history.csv?kind=send_money")

    assert [int(row["transaction"]) for row in exported] == [each.id for each in reversed(paid)]
    assert exported[0]["amount"] == "1.50"
    assert exported[0]["other_side"] == "Bob Buyer"
    assert exported[0]["comment"] == 'Ünïcode, "quoted"'
    assert exported[0]["invoice"] == "INV-7"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_strangers_comment_is_no_formula(as_merchant: Client, merchant: Wallet, pay: Pay, formula: str) -> None:
    pay("1", comment=formula, invoice=formula)

    [row] = rows(as_merchant, f"/account/wallets/{merchant.id}/history.csv?kind=send_money")

    assert row["comment"] == row["invoice"] == f"'{formula}"


def test_the_export_is_sent_while_it_is_read(as_merchant: Client, merchant: Wallet) -> None:
    response = as_merchant.get(f"/account/wallets/{merchant.id}/history.csv")

    assert response.streaming
    assert response["Content-Disposition"] == 'attachment; filename="OK702746927.csv"'


# One transaction


def test_the_receiver_sees_items_fee_bookings_reversals_and_messages(
    as_merchant: Client, merchant: Wallet, pay: Pay
) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    payment = pay("50", receiver_pays_fee=True, invoice="INV-7", comment="With thanks")
    TransactionItem.objects.create(
        transaction=payment,
        number=1,
        name="Tea cup",
        article="CUP-7",
        price=D("50"),
        custom_1_title="Colour",
        custom_1_value="blue",
    )
    DeliveryAddress.objects.create(
        transaction=payment, name="Bob Buyer", country_code="DE", city="Berlin", street="Lindenstraße 5"
    )
    refund = reversals.refund(payment, amount=D("10"), now=START)

    page = as_merchant.get(f"/account/transactions/{payment.id}/").content.decode()

    for shown in (
        "Tea cup",
        "CUP-7",
        "Colour: blue",
        "INV-7",
        "With thanks",
        "Fee, borne by the receiver",
        "0.25 EUR",
        "+49.75 EUR",
        "Lindenstraße 5",
        f"/account/transactions/{refund.id}/",
    ):
        assert shown in page
    message = IpnMessage.objects.get(transaction_id=payment.id)
    assert str(message.id) in page
    assert (
        f"/account/transactions/{payment.id}/"
        in as_merchant.get(f"/account/transactions/{refund.id}/").content.decode()
    )


def test_the_payer_sees_neither_the_receivers_fee_nor_his_messages_nor_his_bookings(
    as_buyer: Client, merchant: Wallet, pay: Pay
) -> None:
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    payment = pay("50", receiver_pays_fee=True)

    page = as_buyer.get(f"/account/transactions/{payment.id}/").content.decode()

    assert "−50.00 EUR" in page
    assert "0.25" not in page
    assert "49.75" not in page
    assert "IPN messages" not in page
    assert f"/account/wallets/{merchant.id}/" not in page


def test_money_for_an_address_that_nobody_has_yet(as_buyer: Client, pay: Pay) -> None:
    payment = pay("50", receiver="nobody@example.com")

    page = as_buyer.get(f"/account/transactions/{payment.id}/").content.decode()

    assert "nobody@example.com" in page
    assert "not yet registered" in page


@pytest.mark.parametrize("number", ["0", "1", "9" * 18, "9" * 30])
def test_a_transaction_that_there_is_not(as_merchant: Client, number: str) -> None:
    assert as_merchant.get(f"/account/transactions/{number}/").status_code == 404


def test_a_transaction_asks_the_database_a_fixed_number_of_times(
    as_merchant: Client, pay: Pay, django_assert_max_num_queries: Callable[..., object]
) -> None:
    payment = pay("50")
    for _ in range(4):
        reversals.refund(payment, amount=D("1"), now=clock.now(payment.sandbox))

    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        as_merchant.get(f"/account/transactions/{payment.id}/")


def test_the_overview_tells_of_notifications_that_do_not_arrive(
    as_merchant: Client, as_buyer: Client, merchant: Wallet, pay: Pay
) -> None:
    assert "has not reached your listener" not in as_merchant.get("/account/").content.decode()
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/")
    pay("5")
    IpnMessage.objects.filter(wallet_id=merchant.id).update(status=IpnMessage.Status.RETRYING)

    page = as_merchant.get("/account/").content.decode()

    assert "One notification has not reached your listener yet" in page
    assert 'href="/account/ipn/?status=retrying"' in page
    assert len(as_merchant.get("/account/ipn/?status=retrying").context["page"].messages) == 1
    assert "your listener" not in as_buyer.get("/account/").content.decode()


def test_from_a_transaction_to_its_journal(as_merchant: Client, pay: Pay) -> None:
    payment = pay("5")

    page = as_merchant.get(f"/account/transactions/{payment.id}/").content.decode()

    assert f'href="/account/journal/?transaction={payment.id}"' in page
