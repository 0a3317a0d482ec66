"""Money out of a wallet to a payment system: e-currencies, bank cards, crypto-currencies.

`calculate` says what it costs, the verbs do it at that price. An amount is asked for in the wallet's currency; the fee
is a percentage of it, taken out of it (`fees_from_amount`) or on top of it, as always where the SOAP function has no
FeesFromAmount. Either way `amount` of the Quote is what is sent, and gross = amount + fee is what leaves the wallet.
What is sent arrives in the same currency if the payment system has it, else in its usual one at the day's rate.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from wallets import exchange, ledger, limits, parties, recipients
from wallets.errors import (
    IncorrectAmount,
    IncorrectParameters,
    MaximumAmount,
    MinimumAmount,
    PaymentMethodNotSupported,
    SourceAccountBlocked,
)
from wallets.ledger import Leg
from wallets.models import Currency, Transaction, Wallet, Withdrawal
from wallets.money import D, is_amount, round_coins, round_half_up
from wallets.paysystems import CARDS, CRYPTO_PER_EURO, PAYOUTS, Family, Payout

INVOICE_LENGTH = 127
ROUBLES = "RUB"
# Twelve places: a bitcoin's worth of nairas must keep its digits.
CRYPTO_RATE = D("0.000000000001")


@dataclass(frozen=True)
class Quote:
    """SOAP's Withdrawal_Info before anything has happened."""

    # What is sent, the fee, and what leaves the wallet; in its currency.
    amount: Decimal
    fee: Decimal
    gross: Decimal
    currency: str
    payment_method: str
    # What arrives: amount x exchange_rate.
    exchange_rate: Decimal
    payment_method_amount: Decimal
    payment_method_currency: str


def calculate(*, family: Family, method: str, amount: Decimal, currency: str, fees_from_amount: bool = False) -> Quote:
    """What a withdrawal costs and what arrives. `method` is a payment system's code.

    Raises CurrencyNotFound, CurrencyDisabled, PaymentMethodNotSupported, IncorrectAmount, MinimumAmount, MaximumAmount.
    """
    source = exchange.get_currency(currency)
    payout = _payout(family, method)
    if not is_amount(amount):
        raise IncorrectAmount
    fee = payout.fee(amount)
    sent = amount - fee if fees_from_amount else amount
    _check_bounds(payout, sent, source)
    target = payout.currency_for(currency)
    rate = _rate(source, target)
    return Quote(
        amount=sent,
        fee=fee,
        gross=sent + fee,
        currency=currency,
        payment_method=payout.system,
        exchange_rate=rate,
        payment_method_amount=round_coins(sent * rate) if target in CRYPTO_PER_EURO else round_half_up(sent * rate),
        payment_method_currency=target,
    )


@database.atomic
def to_ecurrency(
    wallet: Wallet,
    *,
    method: str,
    account: str,
    amount: Decimal,
    currency: str,
    fees_from_amount: bool,
    now: datetime,
    invoice: str = "",
) -> Transaction:
    """Withdraw_To_Ecurrency. Raises PaymentError."""
    quote = calculate(
        family=Family.ECURRENCY, method=method, amount=amount, currency=currency, fees_from_amount=fees_from_amount
    )
    account = recipients.check_account(quote.payment_method, account, currency=quote.payment_method_currency)
    return _withdraw(wallet, Family.ECURRENCY, quote, fees_from_amount, account, invoice, now)


@database.atomic
def to_cryptocurrency(
    wallet: Wallet, *, method: str, account: str, amount: Decimal, currency: str, now: datetime, invoice: str = ""
) -> Transaction:
    """Withdraw_To_CryptoCurrency. Raises PaymentError."""
    quote = calculate(family=Family.CRYPTO, method=method, amount=amount, currency=currency)
    account = recipients.check_account(quote.payment_method, account, currency=quote.payment_method_currency)
    return _withdraw(wallet, Family.CRYPTO, quote, False, account, invoice, now)


@sensitive_variables("card_number", "digits")
@database.atomic
def to_card_ru(wallet: Wallet, *, card_number: str, amount: Decimal, now: datetime, invoice: str = "") -> Transaction:
    """Withdraw_To_Card_RU: roubles to a Russian card. Raises PaymentError."""
    quote = calculate(family=Family.CARD_RU, method=CARDS, amount=amount, currency=ROUBLES)
    digits = recipients.check_card(card_number)
    return _withdraw(wallet, Family.CARD_RU, quote, False, recipients.masked(digits), invoice, now)


@sensitive_variables("card_number", "digits")
@database.atomic
def to_card_world(
    wallet: Wallet,
    *,
    card_number: str,
    currency: str,
    amount: Decimal,
    expiry_month: str,
    expiry_year: str,
    now: datetime,
    invoice: str = "",
) -> Transaction:
    """Withdraw_To_Card_World. The card must be good at `now`. Raises PaymentError."""
    quote = calculate(family=Family.CARD_WORLD, method=CARDS, amount=amount, currency=currency)
    digits = recipients.check_card(card_number)
    recipients.check_expiry(expiry_month, expiry_year, now=now)
    return _withdraw(wallet, Family.CARD_WORLD, quote, False, recipients.masked(digits), invoice, now)


def _payout(family: Family, method: str) -> Payout:
    payout = PAYOUTS.get((family, method.strip().upper()))
    if payout is None:
        raise PaymentMethodNotSupported
    return payout


def _check_bounds(payout: Payout, sent: Decimal, currency: Currency) -> None:
    least, most = (round_half_up(euros * currency.per_euro) for euros in (payout.least, payout.most))
    if sent < least:
        raise MinimumAmount(least, currency.code)
    if sent > most:
        raise MaximumAmount(most, currency.code)


def _rate(source: Currency, target: str) -> Decimal:
    """Units of what arrives for one unit of what is sent."""
    if target in CRYPTO_PER_EURO:
        return (CRYPTO_PER_EURO[target] / source.per_euro).quantize(CRYPTO_RATE, ROUND_HALF_UP)
    return exchange.rate(source, exchange.get_currency(target))


def _withdraw(
    wallet: Wallet, family: Family, quote: Quote, fees_from_amount: bool, account: str, invoice: str, now: datetime
) -> Transaction:
    assert not wallet.is_house, "the house does not withdraw"
    if len(invoice) > INVOICE_LENGTH:
        raise IncorrectParameters("invoice", _("The invoice may have at most 127 characters."))
    if wallet.account.is_blocked:
        raise SourceAccountBlocked
    sandbox = wallet.account.sandbox
    outside = parties.house_wallet(sandbox, Wallet.Role.OUTSIDE, paysystem=quote.payment_method, now=now)
    withdrawal = Transaction(
        sandbox=sandbox,
        kind=Transaction.Kind.WITHDRAWAL,
        status=Transaction.Status.COMPLETED,
        payer_wallet=wallet,
        receiver_wallet=outside,
        receiver_as_sent=account,
        payment_method=quote.payment_method,
        currency=exchange.get_currency(quote.currency),
        gross=quote.gross if fees_from_amount else quote.amount,
        fee=quote.fee,
        fee_payer=Transaction.FeePayer.RECEIVER if fees_from_amount else Transaction.FeePayer.PAYER,
        invoice=invoice,
        created_at=now,
        updated_at=now,
    )
    limits.count(wallet.account, withdrawal.total, withdrawal.currency, now=now)
    withdrawal.save(force_insert=True)
    Withdrawal.objects.create(
        transaction=withdrawal,
        family=family,
        account=account,
        currency=quote.payment_method_currency,
        amount=quote.payment_method_amount,
        exchange_rate=quote.exchange_rate,
        paysystem_transaction_id=_paysystem_transaction_id(family),
    )
    house = parties.house_wallet(sandbox, Wallet.Role.FEES, now=now)
    ledger.post(
        withdrawal,
        [
            Leg(wallet, quote.currency, -withdrawal.total),
            Leg(outside, quote.currency, withdrawal.net),
            Leg(house, quote.currency, withdrawal.fee),
        ],
        now=now,
    )
    return withdrawal


def _paysystem_transaction_id(family: Family) -> str:
    """What the payment system would answer: a hash in a block chain, else a long number."""
    return secrets.token_hex(32) if family == Family.CRYPTO else str(secrets.randbelow(9 * 10**11) + 10**11)
