"""What a tester wants a wallet to hold, by the books: what is missing comes from outside, the rest goes there."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction as database

from wallets import deposits, exchange, ledger, parties
from wallets.errors import IncorrectAmount
from wallets.ledger import Leg
from wallets.models import Balance, Transaction, Wallet
from wallets.money import ZERO, is_amount

PAYSYSTEM = "VMF"
COMMENT = "Balance set"


@database.atomic
def set_balance(wallet: Wallet, *, currency: str, amount: Decimal, now: datetime) -> Transaction | None:
    """A deposit or a withdrawal of the difference; None if there is none. Raises CurrencyNotFound, IncorrectAmount."""
    found = exchange.get_currency(currency)
    if amount != ZERO and not is_amount(amount):
        raise IncorrectAmount
    balance = Balance.objects.select_for_update(no_key=True).filter(wallet=wallet, currency=found).first()
    difference = amount - (balance.amount if balance else ZERO)
    if difference > 0:
        return deposits.deposit(
            wallet, currency=currency, amount=difference, now=now, paysystem=PAYSYSTEM, comment=COMMENT
        )
    if not difference:
        return None
    sandbox = wallet.account.sandbox
    outside = parties.house_wallet(sandbox, Wallet.Role.OUTSIDE, paysystem=PAYSYSTEM, now=now)
    withdrawal = Transaction.objects.create(
        sandbox=sandbox,
        kind=Transaction.Kind.WITHDRAWAL,
        status=Transaction.Status.COMPLETED,
        payer_wallet=wallet,
        receiver_wallet=outside,
        receiver_as_sent=outside.id,
        payment_method=PAYSYSTEM,
        currency=found,
        gross=-difference,
        comment=COMMENT,
        created_at=now,
        updated_at=now,
    )
    ledger.post(withdrawal, [Leg(wallet, currency, difference), Leg(outside, currency, -difference)], now=now)
    return withdrawal
