"""A client's own money from one currency into another, within a wallet, through the house's clearing wallet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from wallets import exchange, ledger, parties
from wallets.errors import IncorrectAmount, IncorrectParameters, SourceAccountBlocked
from wallets.ledger import Leg
from wallets.models import Currency, Transaction, Wallet
from wallets.money import CENT, LARGEST, is_amount
from wallets.paysystems import OKPAY_BALANCE


@dataclass(frozen=True)
class Quote:
    """`amount` of one currency becomes `result` of another."""

    amount: Decimal
    currency: Currency
    result: Decimal
    result_currency: Currency
    # As people are shown it: units of the result's currency for one unit.
    rate: Decimal


def quote(*, amount: Decimal, currency: str, into: str) -> Quote:
    """Raises CurrencyNotFound, CurrencyDisabled, IncorrectAmount, IncorrectParameters."""
    source, target = exchange.get_currency(currency), exchange.get_currency(into)
    if source == target:
        raise IncorrectParameters("into", _("Choose another currency than the one that you exchange."))
    if not is_amount(amount):
        raise IncorrectAmount
    # By the exact rate, not the one with few places, and rounded down: back and forth nobody gains a cent.
    result = (amount * target.per_euro / source.per_euro).quantize(CENT, ROUND_DOWN)
    if not CENT <= result <= LARGEST:
        raise IncorrectAmount
    return Quote(amount, source, result, target, exchange.rate(source, target))


@database.atomic
def convert(wallet: Wallet, *, amount: Decimal, currency: str, into: str, now: datetime) -> Transaction:
    """Exchange. Free of charge, and no payment, so no limit counts it. Raises PaymentError."""
    price = quote(amount=amount, currency=currency, into=into)
    if wallet.account.is_blocked:
        raise SourceAccountBlocked
    sandbox = wallet.account.sandbox
    transaction = Transaction.objects.create(
        sandbox=sandbox,
        kind=Transaction.Kind.EXCHANGE,
        status=Transaction.Status.COMPLETED,
        payer_wallet=wallet,
        receiver_wallet=wallet,
        receiver_as_sent=wallet.id,
        payment_method=OKPAY_BALANCE,
        currency=price.result_currency,
        gross=price.result,
        paid_currency=price.currency,
        paid_amount=amount,
        exchange_rate=price.rate,
        created_at=now,
        updated_at=now,
    )
    clearing = parties.house_wallet(sandbox, Wallet.Role.CLEARING, now=now)
    ledger.post(
        transaction,
        [
            Leg(wallet, currency, -amount),
            Leg(clearing, currency, amount),
            Leg(clearing, into, -price.result),
            Leg(wallet, into, price.result),
        ],
        now=now,
    )
    return transaction
