"""Mass Payment: a list is read, every row is checked, then all of it is sent, or the good rows.

Each payment is a Send Money of its own, of the kind `mass_pay`. The list is due in the database from the moment it is
started: whichever worker comes by goes on where the last one stopped, so a killed worker costs seconds and no payment.
"""

import csv
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import redis
from django.core.cache import cache
from django.db import connection
from django.db import transaction as database
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from sandbox.models import Sandbox
from wallets import exchange, fees, ledger, limits, money, parties, payments
from wallets.errors import (
    CannotPaySelf,
    CurrencyDisabled,
    IncorrectAmount,
    IncorrectParameters,
    InsufficientFunds,
    LimitsExceeded,
    PaymentError,
    SourceAccountBlocked,
    TargetAccountBlocked,
    TargetAccountDoesntExist,
)
from wallets.models import MassPayment, MassPaymentRow, Transaction, Wallet
from wallets.money import ZERO
from wallets.parties import EMAIL_LENGTH, WALLET_ID

Status = MassPayment.Status

MOST_ROWS = 10_000
COMMENT_LENGTH, INVOICE_LENGTH, RECEIVER_LENGTH, AMOUNT_LENGTH = 255, 127, EMAIL_LENGTH, 40
# How many rows of one list are sent before the next list has its turn.
TURN = 100
# How often, in rows, a list that is sent as a whole says how far it is.
TELL_EVERY = 50
TELL_FOR = 60  # seconds
# Any number that nobody else uses: who holds this lock of PostgreSQL is the one who sends.
SENDER = 6_661_462_84

COMMENT_TOO_LONG, INVOICE_TOO_LONG = "Comment_Too_Long", "Invoice_Too_Long"
# What a row's `error` means: the names of the error table and two of our own.
ERRORS: dict[str, StrOrPromise] = {
    **{
        error.name: error.text
        for error in (
            IncorrectAmount,
            TargetAccountDoesntExist,
            CannotPaySelf,
            TargetAccountBlocked,
            SourceAccountBlocked,
            InsufficientFunds,
            LimitsExceeded,
            CurrencyDisabled,
        )
    },
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
    lines = [line for line in text.replace("\0", "").splitlines() if line.strip()]
    if not lines:
        raise IncorrectParameters("rows", _("There is no row."))
    divider = next((mark for mark in ("\t", ";") if mark in lines[0]), ",")
    try:
        records = [[cell.strip() for cell in record] for record in csv.reader(lines, delimiter=divider)]
    except csv.Error:
        raise IncorrectParameters("rows", _("This cannot be read as rows of columns.")) from None
    if len(records[0]) > 1 and records[0][1].lower() == "amount":
        del records[0]
    if len(records) > MOST_ROWS:
        raise IncorrectParameters("rows", _("At most 10,000 rows can be sent at once."))
    if not records:
        raise IncorrectParameters("rows", _("There is no row."))
    return [_row(number, record) for number, record in enumerate(records, start=1)]


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


def send_due(now: Callable[[Sandbox], datetime]) -> None:
    """Send what was started, list by list in turns, until nothing is left. One sender at a time; others return."""
    with _only_sender() as may_send:
        if not may_send:
            return
        started = MassPayment.objects.filter(status=Status.SENDING).order_by("id").values_list("id", flat=True)
        while due := list(started.all()):
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
    """What Send Money would refuse is refused here, in three questions for all rows instead of some for each."""
    known = _known_receivers(rows, wallet.account.sandbox)
    for row in rows:
        if row.error:
            continue
        if receiver_pays_fee and row.amount is not None and fees.send_money_fee(row.amount) >= row.amount:
            row.error = IncorrectAmount.name
            continue
        found = known.get(_address(row.receiver))
        if found is None:
            row.error = "" if parties.is_email(row.receiver) else TargetAccountDoesntExist.name
        elif found.account_id == wallet.account_id:
            row.error = CannotPaySelf.name
        elif found.is_blocked:
            row.error = TargetAccountBlocked.name


@dataclass(frozen=True)
class _Receiver:
    wallet_id: str
    account_id: str
    is_blocked: bool


def _known_receivers(rows: Sequence[MassPaymentRow], sandbox: Sandbox) -> dict[str, _Receiver]:
    """By wallet ID, e-mail address in small letters and phone number: the wallet that parties.find_wallet finds."""
    addresses = {_address(row.receiver) for row in rows}
    wallets = (
        Wallet.objects.filter(role=Wallet.Role.CLIENT, account__sandbox=sandbox)
        .annotate(email=Lower("account__email"))
        .filter(Q(id__in=addresses) | Q(email__in=addresses) | Q(account__phone__in=addresses - {""}))
        .order_by("created_at", "id")
        .values_list("id", "email", "account__phone", "account_id", "account__is_blocked")
    )
    known: dict[str, _Receiver] = {}
    for wallet_id, email, phone, account_id, is_blocked in wallets:
        found = _Receiver(wallet_id, account_id, is_blocked)
        known[wallet_id] = found
        # The client's first wallet stands for his addresses.
        for address in filter(None, (email, phone)):
            known.setdefault(address, found)
    return known


def _address(receiver: str) -> str:
    """In the form in which wallets and accounts have it."""
    receiver = receiver.strip()
    if WALLET_ID.fullmatch(receiver):
        return receiver.upper()
    return receiver.lower() if "@" in receiver else parties.normal_phone(receiver)


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
        return
    for _turn in range(TURN):
        if not _send_next(mass_payment, moment):
            _finish(mass_payment, Status.SENT, moment)
            return


@database.atomic
def _send_next(mass_payment: MassPayment, now: datetime) -> bool:
    """One row, in a database transaction of its own. False when there is none left."""
    row = _left(mass_payment).select_for_update(no_key=True).first()
    if row is None:
        return False
    try:
        with database.atomic():
            row.transaction = _send(mass_payment, row, now)
    except PaymentError as error:
        row.error = error.name
    row.save(update_fields=["transaction", "error"])
    return True


def _send_whole(mass_payment: MassPayment, now: datetime) -> None:
    """All rows in one database transaction."""
    row = None
    try:
        with database.atomic():
            rows = list(_left(mass_payment))
            _lock_everything(mass_payment, rows, now)
            for count, row in enumerate(rows, start=1):
                row.transaction = _send(mass_payment, row, now)
                if count % TELL_EVERY == 0:
                    _tell(mass_payment.id, count)
            MassPaymentRow.objects.bulk_update(rows, ["transaction"], batch_size=1000)
            _finish(mass_payment, Status.SENT, now)
    except PaymentError as error:
        with database.atomic():
            if row is not None:
                MassPaymentRow.objects.filter(id=row.id).update(error=error.name)
            _finish(mass_payment, Status.REFUSED, now)


def _lock_everything(mass_payment: MassPayment, rows: Sequence[MassPaymentRow], now: datetime) -> None:
    """In the order of a single payment: house wallets, the payer's month, balances."""
    account = mass_payment.wallet.account
    for role in (Wallet.Role.FEES, Wallet.Role.HOLD):
        parties.house_wallet(account.sandbox, role, now=now)
    limits.count(account, ZERO, mass_payment.currency, now=now)
    known = _known_receivers(rows, account.sandbox)
    receivers = {found.wallet_id for row in rows if (found := known.get(_address(row.receiver)))}
    ledger.lock({mass_payment.wallet_id, *receivers}, mass_payment.currency_id)


def _left(mass_payment: MassPayment) -> QuerySet[MassPaymentRow]:
    return MassPaymentRow.objects.filter(mass_payment=mass_payment, error="", transaction__isnull=True).order_by(
        "number"
    )


def _send(mass_payment: MassPayment, row: MassPaymentRow, now: datetime) -> Transaction:
    assert row.amount is not None
    return payments.send_money(
        payer=mass_payment.wallet,
        receiver=row.receiver,
        currency=mass_payment.currency_id,
        amount=row.amount,
        now=now,
        comment=row.comment,
        invoice=row.invoice,
        receiver_pays_fee=mass_payment.receiver_pays_fee,
        kind=Transaction.Kind.MASS_PAY,
    )


def _finish(mass_payment: MassPayment, status: Status, now: datetime) -> None:
    MassPayment.objects.filter(id=mass_payment.id, status=Status.SENDING).update(status=status, finished_at=now)


def _tell(number: int, count: int) -> None:
    try:
        cache.set(_progress_key(number), count, TELL_FOR)
    except redis.RedisError:
        log.warning("The progress of mass payment %s cannot be told: the cache cannot be reached.", number)


def _progress_key(number: int) -> str:
    return f"mass-payment:{number}"
