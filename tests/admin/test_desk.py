"""The admin's front page says what waits, and leads to it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ipn import delivery
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway import staff_desk
from sandbox.models import Sandbox
from tests.admin.conftest import Clerk
from wallets import payments
from wallets.models import ClientDocument, Transaction, TransactionItem, Wallet
from wallets.money import D


def lines(staff: Client) -> Iterator[tuple[str, int, str]]:
    assert staff.get("/admin/").status_code == 200
    user = staff.get("/admin/").context["request"].user
    return ((str(line.title), line.count, line.address) for line in staff_desk.waiting(user))


@pytest.fixture
def pending(buyer: Wallet, merchant: Wallet) -> Transaction:
    items = [TransactionItem(number=1, name="Book", price=D("7.00"))]
    order = payments.Order(kind=Transaction.Kind.PAYMENT_LINK, receiver=merchant, currency="EUR", items=items)
    return payments.pay_from_balance(order, payer=buyer, outcome=payments.PENDING, now=timezone.now())


@pytest.fixture
def document(buyer: Wallet) -> ClientDocument:
    return ClientDocument.objects.create(
        account=buyer.account,
        kind=ClientDocument.Kind.PASSPORT,
        content=b"GIF89a",
        content_type="image/gif",
        size=6,
        uploaded_at=timezone.now(),
    )


@pytest.fixture
def message(world: Sandbox, merchant: Wallet, pending: Transaction) -> IpnMessage:
    message = delivery.queue(
        sandbox=world,
        wallet_id=merchant.id,
        transaction_id=pending.id,
        kind="payment_link",
        url="http://127.0.0.1:9/",
        pairs=[("ok_txn_id", str(pending.id))],
        now=timezone.now(),
    )
    DeliveryAttempt.objects.create(
        message=message,
        number=1,
        sent_at=timezone.now(),
        duration=timedelta(),
        request_body="",
        error=DeliveryAttempt.Error.REFUSED,
    )
    IpnMessage.objects.filter(id=message.id).update(status=IpnMessage.Status.RETRYING)
    return message


def test_each_line_leads_to_exactly_what_it_counts(
    staff: Client, pending: Transaction, document: ClientDocument, message: IpnMessage
) -> None:
    counted = {title: count for title, count, _address in lines(staff)}

    assert counted["Pending payments"] == 1
    assert counted["Documents to be judged"] == 1
    assert counted["Stores that wait for approval"] == 0
    assert counted["IPN messages that are sent again and again"] == 1
    for title, count, address in lines(staff):
        listed = staff.get(address)
        assert listed.status_code == 200, title
        assert len(listed.context["cl"].result_list) == count, title


def test_the_page_shows_the_lines_and_the_ways_on(staff: Client, document: ClientDocument) -> None:
    page = staff.get("/admin/").content.decode()

    assert "What waits for you" in page
    assert '<a href="/admin/wallets/clientdocument/?status__exact=uploaded">Documents to be judged</a>' in page
    assert '<a href="/admin/marketplace/store/?status__exact=pending">' not in page  # none waits
    assert '<a href="/admin/journal/">' in page


def test_nothing_is_counted_further_than_it_is_said(
    staff: Client, document: ClientDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_desk, "MOST", 0)

    assert "more than 100" in staff.get("/admin/").content.decode()


def test_a_clerk_is_told_of_his_own_lists_only(clerk: Clerk, pending: Transaction, document: ClientDocument) -> None:
    judge, visitor = clerk("view_clientdocument"), clerk()

    assert [title for title, _count, _address in lines(judge)] == ["Documents to be judged"]
    page = visitor.get("/admin/").content.decode()
    assert "What waits for you" not in page
    assert "/admin/journal/" not in page


def test_from_a_payment_to_its_messages_and_back(staff: Client, message: IpnMessage) -> None:
    payment = staff.get(f"/admin/wallets/transaction/{message.transaction_id}/change/").content.decode()
    told = staff.get(f"/admin/ipn/ipnmessage/{message.id}/change/").content.decode()

    assert f'<a href="/admin/ipn/ipnmessage/{message.id}/change/">{message.id}</a> Retrying' in payment
    assert f"/admin/journal/?transaction={message.transaction_id}&amp;sandbox=default" in payment
    assert f'<a href="/admin/wallets/transaction/{message.transaction_id}/change/">' in told
    assert "Nothing listens at this port." in told  # what to do
    assert f"{message.created_at:%Y-%m-%d %H:%M:%S}" in told  # to the second, to be found in a journal
    assert staff.get(f"/admin/journal/?transaction={message.transaction_id}&sandbox=default").status_code == 200
