"""What the tests of a client's IPN pages share: people who are logged in, messages, and a worker."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ipn import delivery, verification
from ipn.models import DeliveryAttempt, IpnMessage, Verification
from ipn.pump import Pump
from wallets.models import Wallet

SHOP = "http://127.0.0.1:9/ipn"
PAIRS = [
    ("ok_charset", "utf-8"),
    ("ok_receiver", "OK702746927"),
    ("ok_receiver_wallet", "OK702746927"),
    ("ok_txn_id", "1234567"),
    ("ok_txn_kind", "payment_link"),
    ("ok_txn_gross", "25.00"),
    ("ok_txn_datetime", "2026-01-05 12:00:00"),
    ("ok_txn_status", "completed"),
    ("ok_invoice", ""),
    ("ok_payer_first_name", "Zoë"),
    ("ok_txn_comment", " 1+1 = 2 & 'more' "),
]

Queue = Callable[..., IpnMessage]


@pytest.fixture
def at_merchants(client: Client, merchant: Wallet) -> Client:
    """The merchant's browser."""
    client.force_login(merchant.account.user)
    return client


@pytest.fixture
def at_strangers(stranger: Wallet) -> Client:
    """Another client's browser."""
    client = Client()
    client.force_login(stranger.account.user)
    return client


@pytest.fixture
def queue(merchant: Wallet) -> Queue:
    """`queue(url=..., transaction_id=..., pairs=..., now=..., is_test=..., wallet_id=...)`: to the merchant."""

    def _queue(**changes: object) -> IpnMessage:
        given = {
            "sandbox": merchant.account.sandbox,
            "wallet_id": merchant.id,
            "transaction_id": 1234567,
            "kind": "payment_link",
            "url": SHOP,
            "pairs": PAIRS,
            "now": timezone.now(),
        }
        return delivery.queue(**given | changes)

    return _queue


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """Delivers whatever is due, until the test is over."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.wait(0.02):
                Pump().run()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


def attempted(message: IpnMessage, *answers: int | str, every: timedelta = timedelta(minutes=30)) -> IpnMessage:
    """As if it had been posted: each answer is an HTTP code or the name of an error. The last one decides."""
    Error = DeliveryAttempt.Error
    for number, answer in enumerate(answers, start=message.attempts_made + 1):
        code = answer if isinstance(answer, int) else None
        error = "" if code == 200 else (Error.STATUS if code else answer)
        DeliveryAttempt.objects.create(
            message=message,
            number=number,
            sent_at=message.created_at + every * (number - 1),
            duration=timedelta(milliseconds=20 * number),
            request_body=message.body(resend=number > 1),
            response_code=code,
            response_head=f"HTTP/1.1 {code} Whatever\nServer: shop\n\nbody of {number}" if code else "",
            error=error,
            detail="in detail" if error else "",
        )
        failed = number > 15
        message.attempts_made = number
        message.response_code = code
        message.last_attempt_at = message.created_at + every * (number - 1)
        message.status = "failed" if failed else "retrying"
        message.next_attempt_at = None if failed else message.last_attempt_at + every
        if code == 200:
            message.status, message.next_attempt_at = "sent", None
    message.save()
    return message


def asked(body: str, **changes: str) -> Verification:
    """A call of ipn-verify, with ok_verify=true before the body."""
    given = {"method": "POST", "content_type": "application/x-www-form-urlencoded", "remote_address": "192.0.2.7"}
    return verification.verify(f"ok_verify=true&{body}".encode(), now=timezone.now(), **given | changes)
