"""Debit cards: ordered and paid in advance by a client for somebody else, then shipped or refused by staff.

The price waits as a pending transaction. Shipping lets it through, refusing gives it back; each happens once, because a
pending transaction is decided once.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from wallets import exchange, ledger, limits, parties, payments
from wallets.errors import IncorrectEmail, IncorrectParameters, SourceAccountBlocked
from wallets.ledger import Leg
from wallets.models import Currency, DebitCardOrder, Transaction, Wallet
from wallets.money import ZERO, D, round_half_up
from wallets.paysystems import OKPAY_BALANCE

# In euros, converted to the card's currency at the day's rate. Ours: round and plausible, none was recorded.
CARD_PRICE = D("9.95")
COURIER_PRICE = D("29.95")
COMMENT_LENGTH = 255


def price(currency: Currency, *, courier: bool) -> Decimal:
    return round_half_up((CARD_PRICE + (COURIER_PRICE if courier else ZERO)) * currency.per_euro)


@database.atomic
def prepay(
    wallet: Wallet, *, email: str, currency: str, courier: bool, now: datetime, comment: str = ""
) -> DebitCardOrder:
    """DebitCard_Prepay: order a card in a currency for whom the e-mail address names, paid in that currency.

    Raises CurrencyNotFound, CurrencyDisabled, IncorrectEmail, IncorrectParameters, SourceAccountBlocked,
    LimitsExceeded, InsufficientFunds.
    """
    found = exchange.get_currency(currency)
    if not parties.is_email(email):
        raise IncorrectEmail
    if len(comment) > COMMENT_LENGTH:
        raise IncorrectParameters("comment", _("The comment may have at most 255 characters."))
    if wallet.account.is_blocked:
        raise SourceAccountBlocked
    sandbox = wallet.account.sandbox
    payment = Transaction(
        sandbox=sandbox,
        kind=Transaction.Kind.DEBIT_CARD,
        status=Transaction.Status.PENDING,
        pending_reason=Transaction.PendingReason.OTHER,
        payer_wallet=wallet,
        receiver_wallet=parties.house_wallet(sandbox, Wallet.Role.FEES, now=now),
        receiver_as_sent=email.strip(),
        payment_method=OKPAY_BALANCE,
        currency=found,
        gross=price(found, courier=courier),
        comment=comment,
        created_at=now,
        updated_at=now,
    )
    limits.count(wallet.account, payment.total, found, now=now)
    payment.save(force_insert=True)
    hold = parties.house_wallet(sandbox, Wallet.Role.HOLD, now=now)
    ledger.post(payment, [Leg(wallet, currency, -payment.total), Leg(hold, currency, payment.total)], now=now)
    return DebitCardOrder.objects.create(transaction=payment, email=email.strip(), courier=courier)


def ship(order: DebitCardOrder, *, now: datetime) -> None:
    """The card is on its way. Raises WrongState when it is already, or was refused."""
    order.transaction = payments.approve(order.transaction, now=now)


def refuse(order: DebitCardOrder, *, now: datetime) -> None:
    """No card: the money goes back. Raises WrongState when it has gone back already, or the card was shipped."""
    order.transaction = payments.decline(order.transaction, now=now)
