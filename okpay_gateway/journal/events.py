"""What the timeline is made of: one shape for requests, payments, bookings, notifications and browsers' ways back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import models
from django.utils.translation import gettext_lazy as _

from ipn.models import AutoReturn, DeliveryAttempt, Verification
from sandbox.masking import Masker
from sandbox.models import JournalEntry
from wallets.models import Entry, Transaction

PHRASES = {status.value: status.phrase for status in HTTPStatus}
# Of each body so many bytes are kept.
KEPT_OF_A_BODY = 16 * 1024
FORM_ENCODED = "application/x-www-form-urlencoded"


class Kind(models.TextChoices):
    FORM = "form", _("Payment form")
    PAGE = "page", _("Checkout page")
    SOAP = "soap", _("SOAP call")
    API = "api", _("Control API")
    PAYMENT = "payment", _("Transaction")
    BOOKING = "booking", _("Booking")
    RETURN = "return", _("Back to the shop")
    IPN = "ipn", _("IPN")
    VERIFY = "verify", _("ipn-verify")


# What the contract calls the journal: requests to process.html, OkPayAPI and ipn-verify.
DOORS = (Kind.FORM, Kind.SOAP, Kind.VERIFY)
REQUESTS = (Kind.FORM, Kind.PAGE, Kind.SOAP, Kind.API, Kind.VERIFY)
OVER_HTTP = (*REQUESTS, Kind.IPN)


@dataclass(frozen=True)
class Half:
    """A request or an answer: its head as lines, its body as far as it is kept, its size on the wire in bytes."""

    head: str
    body: str
    size: int

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = (line.partition(":") for line in self.head.splitlines())
        return [(name.strip(), value.strip()) for name, colon, value in lines if colon]

    @property
    def content_type(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    @property
    def is_cut(self) -> bool:
        return bool(self.body) and self.size > KEPT_OF_A_BODY


@dataclass(frozen=True)
class Event:
    """Something that happened, at the sandbox's time. What did not go over HTTP has no `request` and no `response`."""

    id: str
    kind: Kind
    at: datetime
    # Among events of one moment, what comes of what: a payment of a request, a notification of a payment.
    rank: int
    number: int
    real_at: datetime | None = None
    correlation: str = ""
    wallet: str = ""
    transaction: int | None = None
    invoice: str = ""
    method: str = ""
    url: str = ""
    remote_address: str | None = None
    status: int | None = None
    failed: bool = False
    seconds: float | None = None
    operation: str = ""
    outcome: str = ""
    why: str = ""
    is_stray: bool = False
    request: Half | None = None
    response: Half | None = None
    legs: list[tuple[str, str, str]] = field(default_factory=list)  # wallet, amount, currency
    about: Any = None  # the row itself, for words

    @property
    def key(self) -> tuple[datetime, int, int]:
        return self.at, self.rank, self.number

    @property
    def direction(self) -> str:
        return "in" if self.kind in REQUESTS else "out" if self.kind in (Kind.IPN, Kind.RETURN) else "inside"

    @cached_property
    def path(self) -> str:
        try:
            return urlsplit(self.url).path
        except ValueError:
            return self.url

    @property
    def request_line(self) -> str:
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return f"{self.method} {self.url}"
        return f"{self.method} {parts.path}{'?' if parts.query else ''}{parts.query} HTTP/1.1"

    @property
    def status_line(self) -> str:
        return f"HTTP/1.1 {self.status} {self.phrase}"

    @property
    def phrase(self) -> str:
        return PHRASES.get(self.status or 0, "")


def of_request(row: JournalEntry, *, whole: bool) -> Event:
    return Event(
        id=str(row.id),
        kind=Kind(row.kind),
        at=row.at,
        rank=VERIFY_RANK if row.kind == Kind.VERIFY else REQUEST_RANK,
        number=row.id,
        real_at=row.real_at,
        correlation=row.correlation,
        wallet=row.wallet_id,
        transaction=row.transaction_id,
        invoice=row.invoice,
        method=row.method,
        url=row.url,
        remote_address=row.remote_address,
        status=row.status,
        failed=row.failed,
        seconds=row.duration.total_seconds(),
        operation=row.operation,
        outcome=row.outcome,
        why=row.why,
        is_stray=row.is_stray,
        request=Half(row.request_head, row.request_body, row.request_size) if whole else None,
        response=Half(row.response_head, row.response_body, row.response_size) if whole else None,
    )


def of_payment(row: Transaction, entries: list[Entry]) -> Event:
    return Event(
        id=f"payment-{row.id}",
        kind=Kind.PAYMENT,
        at=row.created_at,
        rank=PAYMENT_RANK,
        number=row.id,
        correlation=row.story,
        wallet=row.receiver_wallet_id,
        transaction=row.id,
        invoice=row.invoice,
        operation=row.kind,
        outcome=row.status,
        failed=row.status == Transaction.Status.FAILED,
        legs=_legs(entries),
        about=row,
    )


def of_booking(number: int, entries: list[Entry]) -> Event:
    """Money of a payment that moved later than the payment was made."""
    first = entries[0]
    return Event(
        id=f"booking-{number}",
        kind=Kind.BOOKING,
        at=first.created_at,
        rank=BOOKING_RANK,
        number=number,
        correlation=first.transaction.story,
        wallet=first.transaction.receiver_wallet_id,
        transaction=first.transaction_id,
        invoice=first.transaction.invoice,
        operation=first.transaction.kind,
        outcome=first.transaction.status,
        legs=_legs(entries),
        about=first.transaction,
    )


def _legs(entries: list[Entry]) -> list[tuple[str, str, str]]:
    return [(entry.wallet_id, f"{entry.amount:.2f}", entry.currency_id) for entry in entries]


def of_return(row: AutoReturn, stories: Mapping[int, Transaction]) -> Event:
    told = stories.get(row.transaction_id)
    return Event(
        id=f"return-{row.id}",
        kind=Kind.RETURN,
        at=row.created_at,
        rank=RETURN_RANK,
        number=row.id,
        correlation=told.story if told else f"transaction-{row.transaction_id}",
        wallet=row.wallet_id,
        transaction=row.transaction_id,
        invoice=told.invoice if told else "",
        failed=f"ok_txn_status={Transaction.Status.FAILED.value}" in row.variables,
        about=row,
    )


def of_attempt(row: DeliveryAttempt, stories: Mapping[int, Transaction]) -> Event:
    message = row.message
    told = stories.get(message.transaction_id or 0)
    masker = Masker()
    # What a listener gets and says is kept as it was; whoever is told of it here is told no secrets of the shop.
    url, sent = masker.address(message.url), masker.text(row.request_body)
    status_line, _newline, answered = row.response_head.partition("\n")
    head, _empty, body = answered.replace("\r\n", "\n").partition("\n\n")
    head = "\n".join(_masked_line(masker, line) for line in head.splitlines())
    body = masker.text(body)
    return Event(
        id=f"attempt-{row.id}",
        kind=Kind.IPN,
        at=row.sent_at,
        rank=ATTEMPT_RANK,
        number=row.id,
        correlation=told.story if told else message.story or f"transaction-{message.transaction_id}",
        wallet=message.wallet_id,
        transaction=message.transaction_id,
        invoice=told.invoice if told else "",
        method="POST",
        url=masker.scrub(url),
        status=row.response_code,
        failed=bool(row.error),
        seconds=row.duration.total_seconds(),
        operation=f"{message.id}/{row.number}",
        outcome=row.error or "acknowledged",
        why=masker.scrub(row.detail),
        request=Half(f"Content-Type: {FORM_ENCODED}", masker.scrub(sent), len(row.request_body)),
        response=Half(masker.scrub(head), masker.scrub(body), len(body)) if status_line else None,
        about=row,
    )


def _masked_line(masker: Masker, line: str) -> str:
    name, colon, value = line.partition(":")
    return f"{name}: {masker.header(name, value.strip())}" if colon else masker.text(line)


def of_verification(row: Verification, stories: Mapping[int, Transaction]) -> Event:
    """A question whose request is not in the journal, or no longer."""
    known = row.message or row.auto_return
    told = stories.get(known.transaction_id or 0) if known else None
    message = row.message.story if row.message else ""
    masker = Masker()
    return Event(
        id=f"verification-{row.id}",
        kind=Kind.VERIFY,
        at=row.asked_at,
        rank=VERIFICATION_RANK,
        number=row.id,
        correlation=told.story if told else message,
        wallet=row.wallet_id,
        transaction=known.transaction_id if known else None,
        invoice=told.invoice if told else "",
        method=row.method,
        url="/ipn-verify.html",
        remote_address=row.remote_address,
        status=200,
        failed=row.verdict == Verification.Verdict.INVALID,
        outcome=row.verdict,
        why=row.reason,
        request=Half(f"Content-Type: {row.content_type}", masker.text(row.body), len(row.body)),
        response=Half("Content-Type: text/plain", row.verdict, len(row.verdict)),
    )


def query_of(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return []


REQUEST_RANK, PAYMENT_RANK, BOOKING_RANK, RETURN_RANK, ATTEMPT_RANK, VERIFY_RANK, VERIFICATION_RANK = range(7)
