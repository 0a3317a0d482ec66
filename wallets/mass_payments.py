"""Mass Payment: a list is read, every row is checked, then all of it is sent, or the good rows.

Each payment is a Send Money of its own, of the kind `mass_pay`. The list is due in the database from the moment it is
started: whichever worker comes by goes on where the last one stopped, so a killed worker costs seconds and no payment.
"""

import csv
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

import redis
from django.core.cache import cache
from django.db import connection
from django.db import transaction as database
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from sandbox.models import Sandbox
from wallets import exchange, fees, money, parties, payments
from wallets.errors import (
    CannotPaySelf,
    CurrencyDisabled,
    FeeTakesAll,
    IncorrectAmount,
    IncorrectParameters,
    InsufficientFunds,
    LimitsExceeded,
    SourceAccountBlocked,
    TargetAccountBlocked,
    TargetAccountDoesntExist,
)
from wallets.models import MassPayment, MassPaymentRow, Wallet
from wallets.money import ZERO
from wallets.parties import EMAIL_LENGTH
from wallets.payments import Sending, SendingRefused

Status = MassPayment.Status

MOST_ROWS = 10_000
COMMENT_LENGTH, INVOICE_LENGTH, RECEIVER_LENGTH, AMOUNT_LENGTH = 255, 127, EMAIL_LENGTH, 40
# How many rows of one list are sent together, in one database transaction, before the next list has its turn.
TURN = 100
# How often, in rows, a list that is sent as a whole says how far it is: until it is through nobody else can see it.
TELL_EVERY = 50
TELL_FOR = 60  # seconds
# Any number that nobody else uses: who holds this lock of PostgreSQL is the one who sends.
SENDER = 6_661_462_84

COMMENT_TOO_LONG, INVOICE_TOO_LONG = "Comment_Too_Long", "Invoice_Too_Long"
FEE_TAKES_ALL, COMMA_IN_AMOUNT = "Fee_Takes_All", "Comma_In_Amount"
# An amount and, behind the comma that divides columns, what looks like the rest of it: "1,50", "1,500.00".
TORN_AMOUNT = re.compile(r"[^,\"]*,\s*\d+,(\d\d|\d{3}(,\d{3})*\.\d\d)\s*(,|$)", re.ASCII)
# What a row's `error` means: the names of the error table and some of our own.
ERRORS: dict[str, StrOrPromise] = {
    **{
        error.name: error.text
        for error in (
            TargetAccountDoesntExist,
            CannotPaySelf,
            TargetAccountBlocked,
            SourceAccountBlocked,
            InsufficientFunds,
            LimitsExceeded,
            CurrencyDisabled,
        )
    },
    # Somebody writes it by hand, as his country does: "1,50".
    IncorrectAmount.name: _("Write an amount of at least 0.01 with a point, such as 25.00."),
    FEE_TAKES_ALL: FeeTakesAll.text,
    COMMA_IN_AMOUNT: _(
        "A comma divides columns here, so this amount has lost its end. Write 1.50 with a point, and 1,500.00 in"
        " quotes; if it is a comment that looks so, put the comment in quotes."
    ),
    COMMENT_TOO_LONG: _("The comment may have at most 255 characters."),
    INVOICE_TOO_LONG: _("The invoice may have at most 127 characters."),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Totals:
    """What a list comes to. `due` is what leaves the wallet; it can be sent when nothing is missing."""

    rows: int
    good: int
    amount: Decimal
    fees: Decimal
    due: Decimal
    balance: Decimal

    @property
    def missing(self) -> Decimal:
        return max(ZERO, self.due - self.balance)

    @property
    def bad(self) -> int:
        return self.rows - self.good


def read(text: str) -> list[MassPaymentRow]:
    """Rows of `receiver, amount, comment, invoice`, divided by commas, semicolons or tabs.

    The last two may be left out, and a first row of titles is skipped. Raises IncorrectParameters for what is no list.
    """
    lines = [line for line in text.replace("\0", "").splitlines(keepends=True) if line.strip()]
    if lines and re.fullmatch(r"sep=[,;\t]?\s*", lines[0], re.IGNORECASE):
        del lines[0]  # by which a spreadsheet knows what divides columns
    if not lines:
        raise IncorrectParameters("rows", _("There is no row."))
    divider = next((mark for mark in ("\t", ";") if mark in lines[0]), ",")
    records = list(_records(lines, divider))
    if len(records[0][1]) > 1 and records[0][1][1].lower() == "amount":
        del records[0]
    if len(records) > MOST_ROWS:
        raise IncorrectParameters("rows", _("At most 10,000 rows can be sent at once."))
    if not records:
        raise IncorrectParameters("rows", _("There is no row."))
    rows = [_row(number, record) for number, (_line, record) in enumerate(records, start=1)]
    if divider == ",":
        for row, (line, _record) in zip(rows, records, strict=True):
            if TORN_AMOUNT.match(line):
                row.amount, row.error = None, COMMA_IN_AMOUNT
    return rows


def _records(lines: Sequence[str], divider: str) -> Iterator[tuple[str, list[str]]]:
    """Each record beside the line that it begins in: a quoted cell may have several lines."""
    first = 0
    reader = csv.reader(lines, delimiter=divider, strict=True, skipinitialspace=True)
    try:
        for record in reader:
            yield lines[first], [" ".join(cell.splitlines()).strip() for cell in record]
            first = reader.line_num
    except csv.Error:
        problem = _("This cannot be read as columns: %(line)s. A quotation mark opens and closes a whole cell.")
        raise IncorrectParameters("rows", problem % {"line": lines[first].strip()[:60]}) from None


@database.atomic
def create(
    wallet: Wallet, *, rows: Sequence[MassPaymentRow], currency: str, receiver_pays_fee: bool, now: datetime
) -> MassPayment:
    """A list whose every row is checked. Nothing is sent yet. Raises CurrencyNotFound, CurrencyDisabled."""
    found = exchange.get_currency(currency)
    _check(rows, wallet, receiver_pays_fee=receiver_pays_fee)
    mass_payment = MassPayment.objects.create(
        wallet=wallet, currency=found, receiver_pays_fee=receiver_pays_fee, created_at=now
    )
    for row in rows:
        row.mass_payment = mass_payment
    MassPaymentRow.objects.bulk_create(rows, batch_size=2000)
    return mass_payment


def totals(mass_payment: MassPayment) -> Totals:
    amounts = mass_payment.rows.values_list("amount", "error")
    good = [amount for amount, error in amounts if not error and amount is not None]
    amount = sum(good, ZERO)
    fee = sum((fees.send_money_fee(each) for each in good), ZERO)
    return Totals(
        rows=len(amounts),
        good=len(good),
        amount=amount,
        fees=fee,
        due=amount if mass_payment.receiver_pays_fee else amount + fee,
        balance=mass_payment.wallet.balance(mass_payment.currency_id),
    )


def start(mass_payment: MassPayment, *, all_or_nothing: bool) -> bool:
    """Let a checked list be sent. False when it was started before, or when all is wanted and not all is good."""
    if all_or_nothing and mass_payment.rows.exclude(error="").exists():
        return False
    waiting = MassPayment.objects.filter(id=mass_payment.id, status=Status.CHECKED)
    return bool(waiting.update(status=Status.SENDING, all_or_nothing=all_or_nothing))


def started(sandbox: Sandbox | None = None) -> QuerySet[MassPayment]:
    """Lists that are due, the oldest first: of a sandbox, or of all."""
    due = MassPayment.objects.filter(status=Status.SENDING).order_by("id")
    return due.filter(wallet__account__sandbox=sandbox) if sandbox else due


def send_due(now: Callable[[Sandbox], datetime], *, sandbox: Sandbox | None = None) -> None:
    """Send what was started, list by list in turns, until nothing is left. One sender at a time; others return."""
    with _only_sender() as may_send:
        if not may_send:
            return
        while due := list(started(sandbox).values_list("id", flat=True)):
            for number in due:
                _take_turn(number, now)


def progress(mass_payment: MassPayment) -> int:
    """How many rows are through."""
    if mass_payment.status == Status.SENDING and mass_payment.all_or_nothing:
        try:
            return int(cache.get(_progress_key(mass_payment.id), 0))
        except redis.RedisError:
            return 0
    return mass_payment.rows.exclude(error="", transaction__isnull=True).count()


def _row(number: int, record: Sequence[str]) -> MassPaymentRow:
    receiver, amount_as_sent, comment, invoice, *_more = [*record, "", "", "", ""]
    row = MassPaymentRow(
        number=number,
        receiver=receiver[:RECEIVER_LENGTH],
        amount_as_sent=amount_as_sent[:AMOUNT_LENGTH],
        comment=comment[:COMMENT_LENGTH],
        invoice=invoice[:INVOICE_LENGTH],
    )
    try:
        amount = money.parse_price(amount_as_sent)
    except ValueError:
        amount = ZERO
    if money.is_amount(amount):
        row.amount = amount
    else:
        row.error = IncorrectAmount.name
    if len(receiver) > RECEIVER_LENGTH:
        row.error = TargetAccountDoesntExist.name
    elif len(comment) > COMMENT_LENGTH:
        row.error = COMMENT_TOO_LONG
    elif len(invoice) > INVOICE_LENGTH:
        row.error = INVOICE_TOO_LONG
    return row


def _check(rows: Sequence[MassPaymentRow], wallet: Wallet, *, receiver_pays_fee: bool) -> None:
    """What Send Money would refuse is refused here, in one question for all rows instead of some for each."""
    known = parties.find_wallets({row.receiver for row in rows}, sandbox=wallet.account.sandbox)
    for row in rows:
        if row.error:
            continue
        if receiver_pays_fee and row.amount is not None and fees.send_money_fee(row.amount) >= row.amount:
            row.error = FEE_TAKES_ALL
            continue
        found = known.get(row.receiver)
        if found is None:
            row.error = "" if parties.is_email(row.receiver) else TargetAccountDoesntExist.name
        elif found.account_id == wallet.account_id:
            row.error = CannotPaySelf.name
        elif found.account.is_blocked:
            row.error = TargetAccountBlocked.name


@contextmanager
def _only_sender() -> Iterator[bool]:
    """A lock of this connection: it ends with it, however the worker ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SENDER])
        got_it = bool(cursor.fetchone()[0])
    try:
        yield got_it
    finally:
        if got_it:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SENDER])


def _take_turn(number: int, now: Callable[[Sandbox], datetime]) -> None:
    found = MassPayment.objects.select_related("wallet__account__sandbox", "currency").filter(id=number)
    mass_payment = found.filter(status=Status.SENDING).first()
    if mass_payment is None:
        return
    moment = now(mass_payment.wallet.account.sandbox)
    if mass_payment.all_or_nothing:
        _send_whole(mass_payment, moment)
    elif not _send_some(mass_payment, moment):
        _finish(mass_payment, Status.SENT, moment)


def _send_some(mass_payment: MassPayment, now: datetime) -> bool:
    """The next rows together, or one by one if they cannot be sent together. False when none is left."""
    rows = list(_left(mass_payment)[:TURN])
    try:
        _send(mass_payment, rows, now)
    except SendingRefused:
        for row in rows:
            try:
                _send(mass_payment, [row], now)
            except SendingRefused as refused:
                _left(mass_payment).filter(id=row.id).update(error=refused.error.name)
    return bool(rows)


def _send_whole(mass_payment: MassPayment, now: datetime) -> None:
    """All rows in one database transaction."""
    rows = list(_left(mass_payment))
    try:
        with database.atomic():
            _send(mass_payment, rows, now, told=partial(_tell, mass_payment.id))
            _finish(mass_payment, Status.SENT, now)
    except SendingRefused as refused:
        with database.atomic():
            if refused.number is not None:
                _left(mass_payment).filter(id=rows[refused.number].id).update(error=refused.error.name)
            MassPayment.objects.filter(id=mass_payment.id, status=Status.SENDING).update(error=refused.error.name)
            _finish(mass_payment, Status.REFUSED, now)


@database.atomic
def _send(
    mass_payment: MassPayment,
    rows: Sequence[MassPaymentRow],
    now: datetime,
    told: Callable[[int], None] = lambda count: None,
) -> None:
    """Pay rows and write down that they are paid. Raises SendingRefused."""
    # The lock of the sender should keep others away; what keeps a row from being paid twice is this one.
    mine = _left(mass_payment).filter(id__in=[row.id for row in rows]).select_for_update(no_key=True)
    if len(mine) != len(rows) or not rows:
        return
    sent = payments.send_many(
        [Sending(row.receiver, row.amount or ZERO, row.comment, row.invoice) for row in rows],
        payer=mass_payment.wallet,
        currency=mass_payment.currency_id,
        now=now,
        receiver_pays_fee=mass_payment.receiver_pays_fee,
        told=told,
    )
    for row, transaction in zip(rows, sent, strict=True):
        row.transaction = transaction
    MassPaymentRow.objects.bulk_update(rows, ["transaction"], batch_size=1000)


def _left(mass_payment: MassPayment) -> QuerySet[MassPaymentRow]:
    return MassPaymentRow.objects.filter(mass_payment=mass_payment, error="", transaction__isnull=True).order_by(
        "number"
    )


def _finish(mass_payment: MassPayment, status: Status, now: datetime) -> None:
    MassPayment.objects.filter(id=mass_payment.id, status=Status.SENDING).update(status=status, finished_at=now)


def _tell(number: int, count: int) -> None:
    if count % TELL_EVERY:
        return
    try:
        cache.set(_progress_key(number), count, TELL_FOR)
    except redis.RedisError:
        log.warning("The progress of mass payment %s cannot be told: the cache cannot be reached.", number)


def _progress_key(number: int) -> str:
    return f"mass-payment:{number}"
