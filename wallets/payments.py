"""The verbs that pay. Each books, records and announces in one database transaction: all of it happens, or nothing.

`pay_from_balance` and `pay_from_outside` are the checkout's and the Marketplace's; `send_money` is the API's and the
account pages', `send_many` Mass Payment's. A pending payment is decided by `approve` or `decline`. reversals.py takes
money back. Booking comes last in each, because it locks balances that others wait for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, partial

from django.db import transaction as database
from django.db.models import prefetch_related_objects

from sandbox.compiled import Asked, CompiledInsert, asked_together
from wallets import announcements, exchange, fees, followers, ledger, limits, parties, refusals
from wallets.errors import (
    CannotPaySelf,
    FeeTakesAll,
    IncorrectAmount,
    PaymentError,
    SourceAccountBlocked,
    TargetAccountBlocked,
    TargetAccountDoesntExist,
    WrongState,
)
from wallets.ledger import Leg
from wallets.models import Account, Currency, Decision, DeliveryAddress, Transaction, TransactionItem, Wallet
from wallets.money import ZERO, is_amount
from wallets.paysystems import OKPAY_BALANCE

Kind, Status, FeePayer = Transaction.Kind, Transaction.Status, Transaction.FeePayer

# What was sent to an address that nobody registers goes back.
RETURNED_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class Address:
    """Where shipment items go."""

    name: str
    country_code: str
    city: str
    street: str
    state: str = ""
    zip: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class Order:
    """What is to be paid for, to whom. `items` are unsaved TransactionItems, numbered from 1."""

    kind: Transaction.Kind
    receiver: Wallet
    currency: str
    items: Sequence[TransactionItem]
    fee_payer: Transaction.FeePayer = FeePayer.RECEIVER
    receiver_as_sent: str = ""
    invoice: str = ""
    comment: str = ""
    ipn_url: str = ""
    delivery_address: Address | None = None

    @property
    def gross(self) -> Decimal:
        return sum((item.gross for item in self.items), ZERO)


@dataclass(frozen=True)
class Quote:
    """What an order costs by one method: pages show it, the verbs charge it."""

    gross: Decimal
    fee: Decimal
    # What the payer pays, in the order's currency.
    total: Decimal
    currency: str
    # The same in the currency that it is paid from; without a conversion equal to `total`, and no rate.
    paid_currency: str
    paid_amount: Decimal
    exchange_rate: Decimal | None = field(default=None)


@dataclass(frozen=True)
class Outcome:
    """How a payment system's answer turns out."""

    status: Transaction.Status = Status.COMPLETED
    pending_reason: str = ""


@dataclass(frozen=True)
class Sending:
    """One of many payments out of a wallet."""

    receiver: str
    amount: Decimal
    comment: str = ""
    invoice: str = ""


class SendingRefused(Exception):
    """None of many was made: because of number so-and-so, counted from 0, or (None) because of what they come to."""

    def __init__(self, error: PaymentError, number: int | None = None) -> None:
        super().__init__(error, number)
        self.error, self.number = error, number


_payment_rows = CompiledInsert(Transaction)

PAID = Outcome()
REFUSED = Outcome(Status.FAILED)
PENDING = Outcome(Status.PENDING, Transaction.PendingReason.OTHER)


def quote(order: Order, *, method: str, from_currency: str = "") -> Quote:
    """The price of an order by a method, from a balance in any currency. Raises CurrencyNotFound, CurrencyDisabled."""
    target = exchange.get_currency(order.currency)
    fee = fees.checkout_fee(order.gross, method=method)
    total = order.gross + (fee if order.fee_payer == FeePayer.PAYER else ZERO)
    if not from_currency or from_currency == order.currency:
        return Quote(order.gross, fee, total, order.currency, order.currency, total)
    source = exchange.get_currency(from_currency)
    rate = exchange.rate(source, target)
    return Quote(
        order.gross, fee, total, order.currency, from_currency, exchange.price_in(total, at=rate), exchange_rate=rate
    )


@database.atomic
def pay_from_balance(
    order: Order, *, payer: Wallet, now: datetime, from_currency: str = "", outcome: "Outcome | None" = None
) -> Transaction:
    """Pay an order from the payer's OKPAY balance, converted when `from_currency` is another. Raises PaymentError.

    It is PAID, unless a scenario wants another `outcome`: pending, the money waits in the house's hold wallet; failed,
    it is recorded and no money moves.
    """
    outcome = outcome or PAID
    price = quote(order, method=OKPAY_BALANCE, from_currency=from_currency)
    _check_amount(order.gross)
    _check_parties(payer, order.receiver)
    if outcome.status != Status.FAILED:
        limits.count(payer.account, price.total, exchange.get_currency(order.currency), now=now)
    payment = _record(order, price, payer_wallet=payer, method=OKPAY_BALANCE, outcome=outcome, now=now)
    followers.follow(payment, now=now)
    announcements.announce(payment, now=now)
    _book(payment, now)
    return payment


@database.atomic
def pay_from_outside(
    order: Order, *, method: str, payer: Account | None, outcome: Outcome = PAID, now: datetime
) -> Transaction:
    """Pay an order through a payment system; `payer` is None for somebody who is not logged in. Raises PaymentError.

    Paid: the money arrives. Pending: it waits in the house's hold wallet. Refused: recorded, and no money moves.
    """
    price = quote(order, method=method)
    _check_amount(order.gross)
    if payer and payer.is_blocked:
        raise SourceAccountBlocked
    if payer and payer.id == order.receiver.account_id:
        raise CannotPaySelf
    if order.receiver.account.is_blocked:
        raise TargetAccountBlocked
    outside = parties.house_wallet(order.receiver.account.sandbox, Wallet.Role.OUTSIDE, paysystem=method, now=now)
    payment = _record(order, price, payer_wallet=outside, payer_account=payer, method=method, outcome=outcome, now=now)
    followers.follow(payment, now=now)
    announcements.announce(payment, now=now)
    _book(payment, now)
    return payment


@refusals.told()
@database.atomic
def send_money(
    *,
    payer: Wallet,
    receiver: str,
    currency: str,
    amount: Decimal,
    now: datetime,
    comment: str = "",
    invoice: str = "",
    receiver_pays_fee: bool = False,
    kind: Transaction.Kind = Kind.SEND_MONEY,
    ipn_url: str = "",
    outcome: Outcome = PAID,
) -> Transaction:
    """Send money to a wallet ID, e-mail address or phone number. The sender pays the fee unless told otherwise.

    `outcome` is what a scenario wants: PAID, pending or failed, as with `pay_from_balance`.

    An e-mail address that nobody has registered yet gets the payment all the same: it is pending ("unilateral"), its
    money waits in the house's hold wallet; `collect` lets it through when the owner registers, and after RETURNED_AFTER
    it goes back.
    Raises PaymentError, checked in the order of the official Send_Money: currency, amount, receiver, oneself, blocked,
    limits, funds.
    """
    with asked_together(*questions_of_sending(payer.account.sandbox_id, receiver, currency)):
        found = exchange.get_currency(currency)
        house = partial(parties.house_wallet, payer.account.sandbox, now=now)
        _check_amount(amount)
        payment = _sending(
            Sending(receiver, amount, comment, invoice),
            payer=payer,
            target=lambda: parties.find_wallet(receiver, sandbox=payer.account.sandbox),
            currency=found,
            kind=kind,
            receiver_pays_fee=receiver_pays_fee,
            house=house,
            now=now,
        )
        payment.ipn_url = ipn_url
        # Whoever is not registered is waited for, whatever a scenario says about pending.
        if outcome.status == Status.FAILED or (outcome.status == Status.PENDING and payment.status != Status.PENDING):
            payment.status, payment.pending_reason = outcome.status, outcome.pending_reason
        # Nothing of what follows is waited for but the commit.
        if payment.status != Status.FAILED:
            limits.count_along(payer.account, payment.total, found, now=now)
        _payment_rows.send_along(payment)
        _return_unless_collected([payment])
        announcements.announce(payment, now=now)
        if payment.status != Status.FAILED:
            ledger.post_along(payment, _sending_legs(payment, house), now=now)
        return payment


@database.atomic
def send_many(
    sendings: Sequence[Sending],
    *,
    payer: Wallet,
    currency: str,
    now: datetime,
    receiver_pays_fee: bool = False,
    kind: Transaction.Kind = Kind.MASS_PAY,
    told: Callable[[int], None] = lambda count: None,
) -> list[Transaction]:
    """Send Money to many: every payment is made, in the order of `sendings`, or none. `told` hears how many are ready.

    What is said of one payment at a time in `send_money` is said of all at once here: the limit counts their sum, and
    each balance is locked once, so ten thousand payments take seconds. Raises SendingRefused.
    """
    found = exchange.get_currency(currency)
    house = cache(partial(parties.house_wallet, payer.account.sandbox, now=now))
    targets = parties.find_wallets({sending.receiver for sending in sendings}, sandbox=payer.account.sandbox)
    sent = []
    for number, sending in enumerate(sendings):
        try:
            _check_amount(sending.amount)
            payment = _sending(
                sending,
                payer=payer,
                target=partial(targets.get, sending.receiver),
                currency=found,
                kind=kind,
                receiver_pays_fee=receiver_pays_fee,
                house=house,
                now=now,
            )
        except PaymentError as error:
            raise SendingRefused(error, number) from None
        sent.append(payment)
    try:
        limits.count(payer.account, sum((payment.total for payment in sent), ZERO), found, now=now)
        Transaction.objects.bulk_create(sent, batch_size=ledger.BATCH)
        _return_unless_collected(sent)
        # Known to have neither, so that no announcement asks for each.
        prefetch_related_objects(sent, "items", "delivery_address")
        for count, payment in enumerate(sent, start=1):
            announcements.announce(payment, now=now)
            told(count)
        ledger.post_many([(payment, _sending_legs(payment, house)) for payment in sent], now=now)
    except PaymentError as error:
        raise SendingRefused(error) from None
    return sent


@database.atomic
def collect(wallet: Wallet, *, now: datetime) -> list[Transaction]:
    """Let through what was sent to the address of this wallet's owner before he registered."""
    waiting = Transaction.objects.filter(
        sandbox=wallet.account.sandbox,
        status=Status.PENDING,
        pending_reason=Transaction.PendingReason.UNILATERAL,
        receiver_as_sent__iexact=wallet.account.email,
    ).order_by("id")
    collected = []
    for payment in waiting.select_for_update(no_key=True):
        payment.receiver_wallet = wallet
        payment.save(update_fields=["receiver_wallet"])
        collected.append(approve(payment, now=now))
    return collected


@database.atomic
def approve(payment: Transaction, *, now: datetime) -> Transaction:
    """Let a pending payment through. Raises WrongState when it is not pending (any more)."""
    payment = _locked(payment, Status.PENDING)
    _decide(payment, Status.COMPLETED, now)
    hold = parties.house_wallet(payment.sandbox, Wallet.Role.HOLD, now=now)
    ledger.post(payment, [Leg(hold, payment.currency_id, -payment.total), *_credit(payment, now)], now=now)
    return payment


@database.atomic
def decline(payment: Transaction, *, now: datetime) -> Transaction:
    """Refuse a pending payment: the held money goes back to where it came from. Raises WrongState."""
    payment = _locked(payment, Status.PENDING)
    if not payment.payer_wallet.is_house:
        limits.give_back(payment.payer_wallet.account, payment.total, payment.currency, paid_at=payment.created_at)
    _decide(payment, Status.FAILED, now)
    ledger.undo(payment, now=now)
    return payment


def questions_of_sending(sandbox_id: str, receiver: str, currency: str) -> Iterator[Asked]:
    """What every Send Money asks about others than the payer."""
    yield _payment_rows.next_key, ()
    yield exchange.CURRENCY, (currency,)
    yield parties.FEES_WALLET, (sandbox_id,)
    if parties.WALLET_ID.fullmatch(receiver.strip()):
        yield parties.RECEIVING_WALLET, (receiver.strip().upper(),)


def _sending(
    sending: Sending,
    *,
    payer: Wallet,
    target: Callable[[], Wallet | None],
    currency: Currency,
    kind: Transaction.Kind,
    receiver_pays_fee: bool,
    house: Callable[[Wallet.Role], Wallet],
    now: datetime,
) -> Transaction:
    """One Send Money, checked and not yet saved."""
    fee = fees.send_money_fee(sending.amount)
    if receiver_pays_fee and fee >= sending.amount:
        raise FeeTakesAll
    receiver = target()
    unilateral = receiver is None and parties.is_email(sending.receiver)
    if unilateral:
        receiver = house(Wallet.Role.HOLD)
    if receiver is None:
        raise TargetAccountDoesntExist
    _check_parties(payer, receiver)
    return _payment_rows.new(
        sandbox=payer.account.sandbox,
        kind=kind,
        status=Status.PENDING if unilateral else Status.COMPLETED,
        pending_reason=Transaction.PendingReason.UNILATERAL if unilateral else "",
        payer_wallet=payer,
        receiver_wallet=receiver,
        receiver_as_sent=sending.receiver.strip()[:127],
        payment_method=OKPAY_BALANCE,
        currency=currency,
        gross=sending.amount,
        fee=fee,
        fee_payer=FeePayer.RECEIVER if receiver_pays_fee else FeePayer.PAYER,
        comment=sending.comment,
        invoice=sending.invoice,
        created_at=now,
        updated_at=now,
    )


def _return_unless_collected(sent: Sequence[Transaction]) -> None:
    """Money that waits for its receiver to register waits for RETURNED_AFTER."""
    waiting = [payment for payment in sent if payment.receiver_wallet.role == Wallet.Role.HOLD]
    if waiting:
        Decision.objects.bulk_create(
            Decision(
                transaction=payment,
                sandbox_id=payment.sandbox_id,
                verdict=Decision.Verdict.DECLINE,
                due_at=payment.created_at + RETURNED_AFTER,
            )
            for payment in waiting
            if payment.status == Status.PENDING
        )


def _sending_legs(payment: Transaction, house: Callable[[Wallet.Role], Wallet]) -> list[Leg]:
    currency = payment.currency_id
    charge = Leg(payment.payer_wallet, currency, -payment.total)
    if payment.status == Status.PENDING:
        return [charge, Leg(house(Wallet.Role.HOLD), currency, payment.total)]
    return [
        charge,
        Leg(payment.receiver_wallet, currency, payment.net),
        Leg(house(Wallet.Role.FEES), currency, payment.fee),
    ]


def _check_amount(amount: Decimal) -> None:
    if not is_amount(amount):
        raise IncorrectAmount


def _check_parties(payer: Wallet, receiver: Wallet) -> None:
    if payer.account_id == receiver.account_id:
        raise CannotPaySelf
    if payer.account.is_blocked:
        raise SourceAccountBlocked
    if receiver.account.is_blocked:
        raise TargetAccountBlocked


def _record(
    order: Order,
    price: Quote,
    *,
    payer_wallet: Wallet,
    method: str,
    outcome: Outcome,
    now: datetime,
    payer_account: Account | None = None,
) -> Transaction:
    converted = price.exchange_rate is not None
    payment = Transaction.objects.create(
        sandbox=order.receiver.account.sandbox,
        kind=order.kind,
        status=outcome.status,
        pending_reason=outcome.pending_reason,
        payer_wallet=payer_wallet,
        payer_account=payer_account,
        receiver_wallet=order.receiver,
        receiver_as_sent=order.receiver_as_sent or order.receiver.id,
        payment_method=method,
        currency=Currency.objects.get(code=order.currency),
        gross=price.gross,
        fee=price.fee,
        fee_payer=order.fee_payer,
        paid_currency_id=price.paid_currency if converted else None,
        paid_amount=price.paid_amount if converted else None,
        exchange_rate=price.exchange_rate,
        invoice=order.invoice,
        comment=order.comment,
        ipn_url=order.ipn_url,
        created_at=now,
        updated_at=now,
    )
    for item in order.items:
        item.transaction = payment
    TransactionItem.objects.bulk_create(order.items)
    if address := order.delivery_address:
        DeliveryAddress.objects.create(
            transaction=payment,
            name=address.name,
            country_code=address.country_code,
            city=address.city,
            state=address.state,
            street=address.street,
            zip=address.zip,
            confirmed=address.confirmed,
        )
    return payment


def _book(payment: Transaction, now: datetime) -> None:
    """Of an order: nothing when it failed."""
    if payment.status == Status.COMPLETED:
        ledger.post(payment, [*_charge(payment, now), *_credit(payment, now)], now=now)
    elif payment.status == Status.PENDING:
        ledger.post(payment, [*_charge(payment, now), *_hold(payment, now)], now=now)


def _charge(payment: Transaction, now: datetime) -> list[Leg]:
    """The payer's side: what leaves the payer, through the clearing wallet when it is in another currency."""
    if payment.paid_amount is None or payment.paid_currency_id is None:
        return [Leg(payment.payer_wallet, payment.currency_id, -payment.total)]
    clearing = parties.house_wallet(payment.sandbox, Wallet.Role.CLEARING, now=now)
    return [
        Leg(payment.payer_wallet, payment.paid_currency_id, -payment.paid_amount),
        Leg(clearing, payment.paid_currency_id, payment.paid_amount),
        Leg(clearing, payment.currency_id, -payment.total),
    ]


def _credit(payment: Transaction, now: datetime) -> list[Leg]:
    """The receiver's side: the net to the receiver, the fee to the house."""
    legs = [Leg(payment.receiver_wallet, payment.currency_id, payment.net)]
    if payment.fee:
        house = parties.house_wallet(payment.sandbox, Wallet.Role.FEES, now=now)
        legs.append(Leg(house, payment.currency_id, payment.fee))
    return legs


def _hold(payment: Transaction, now: datetime) -> list[Leg]:
    hold = parties.house_wallet(payment.sandbox, Wallet.Role.HOLD, now=now)
    return [Leg(hold, payment.currency_id, payment.total)]


def _locked(payment: Transaction, expected: Transaction.Status) -> Transaction:
    locked = (
        Transaction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("payer_wallet__account", "receiver_wallet__account", "currency", "sandbox")
        .get(id=payment.id)
    )
    if locked.status != expected:
        raise WrongState(locked.get_status_display())
    return locked


def _decide(payment: Transaction, status: Transaction.Status, now: datetime) -> None:
    Decision.objects.filter(transaction=payment).delete()
    payment.status = status
    payment.pending_reason = ""
    payment.updated_at = now
    payment.save(update_fields=["status", "pending_reason", "updated_at"])
    followers.follow(payment, now=now)
    announcements.announce(payment, now=now)
