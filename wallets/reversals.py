"""Taking money back: refunds by the receiver, chargebacks by a payment system. Each is a transaction of its own."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction as database
from django.db.models import Sum

from wallets import announcements, followers, ledger, limits, parties
from wallets.errors import MoreThanIsLeft, WrongState
from wallets.ledger import Leg
from wallets.models import Transaction, Wallet
from wallets.money import CENT, ZERO, round_half_up

Status, Reason = Transaction.Status, Transaction.ReversalReason


@database.atomic
def refund(payment: Transaction, *, now: datetime, amount: Decimal | None = None) -> Transaction:
    """Give the payer all or part of a completed payment back. Raises WrongState, MoreThanIsLeft, InsufficientFunds."""
    return _reverse(payment, Reason.REFUND, amount, now)


@database.atomic
def chargeback(payment: Transaction, *, now: datetime) -> Transaction:
    """The payment system took all that is left of a completed payment back. Raises WrongState, InsufficientFunds."""
    return _reverse(payment, Reason.CHARGEBACK, None, now)


def _reverse(
    payment: Transaction, reason: Transaction.ReversalReason, amount: Decimal | None, now: datetime
) -> Transaction:
    payment = (
        Transaction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("payer_wallet__account", "receiver_wallet__account", "currency", "sandbox", "paid_currency")
        .get(id=payment.id)
    )
    if payment.status != Status.COMPLETED or payment.kind not in announcements.ANNOUNCED:
        raise WrongState(payment.get_status_display())
    earlier = payment.reversals.aggregate(gross=Sum("gross"), fee=Sum("fee"), paid=Sum("paid_amount"))
    left = payment.gross + (earlier["gross"] or ZERO)
    amount = left if amount is None else amount
    if not CENT <= amount <= left or amount != amount.quantize(CENT):
        raise MoreThanIsLeft(left)
    last = amount == left
    fee = _share(payment.fee, earlier["fee"], amount, payment.gross, last=last)
    paid = None
    if payment.paid_amount is not None:
        paid = _share(payment.paid_amount, earlier["paid"], amount, payment.gross, last=last)
    reversal = Transaction.objects.create(
        sandbox=payment.sandbox,
        kind=payment.kind,
        status=Status.REVERSED,
        reversal_reason=reason,
        parent=payment,
        payer_wallet=payment.payer_wallet,
        payer_account=payment.payer_account,
        receiver_wallet=payment.receiver_wallet,
        receiver_as_sent=payment.receiver_as_sent,
        payment_method=payment.payment_method,
        currency=payment.currency,
        gross=-amount,
        fee=-fee,
        fee_payer=payment.fee_payer,
        paid_currency=payment.paid_currency,
        paid_amount=None if paid is None else -paid,
        exchange_rate=payment.exchange_rate,
        invoice=payment.invoice,
        ipn_url=payment.ipn_url,
        correlation=payment.story,
        created_at=now,
        updated_at=now,
    )
    if not payment.payer_wallet.is_house:
        limits.give_back(payment.payer_wallet.account, -reversal.total, payment.currency, paid_at=payment.created_at)
    if last:
        payment.status, payment.reversal_reason = Status.REVERSED, reason
    payment.updated_at = now
    payment.save(update_fields=["status", "reversal_reason", "updated_at"])
    followers.follow(reversal, now=now)
    announcements.announce(reversal, now=now)
    # Last, because it locks balances that others wait for.
    ledger.post(reversal, _legs(reversal, now), now=now)
    return reversal


def _share(whole: Decimal, earlier: Decimal | None, amount: Decimal, gross: Decimal, *, last: bool) -> Decimal:
    """What goes back of a fee or a converted price with `amount`; the last part is the rest, so cents add up."""
    if last:
        return whole + (earlier or ZERO)
    return min(round_half_up(whole * amount / gross), whole + (earlier or ZERO))


def _legs(reversal: Transaction, now: datetime) -> list[Leg]:
    """The payment's legs the other way round: its amounts are negative already."""
    currency = reversal.currency_id
    legs = [Leg(reversal.receiver_wallet, currency, reversal.net)]
    if reversal.fee:
        legs.append(Leg(parties.house_wallet(reversal.sandbox, Wallet.Role.FEES, now=now), currency, reversal.fee))
    if reversal.paid_amount is None or reversal.paid_currency_id is None:
        return [*legs, Leg(reversal.payer_wallet, currency, -reversal.total)]
    clearing = parties.house_wallet(reversal.sandbox, Wallet.Role.CLEARING, now=now)
    return [
        *legs,
        Leg(clearing, currency, -reversal.total),
        Leg(clearing, reversal.paid_currency_id, reversal.paid_amount),
        Leg(reversal.payer_wallet, reversal.paid_currency_id, -reversal.paid_amount),
    ]
