"""Money from outside into a wallet, without an order."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction as database

from wallets import exchange, ledger, parties
from wallets.errors import IncorrectAmount
from wallets.ledger import Leg
from wallets.models import Transaction, Wallet
from wallets.money import CENT, LARGEST


@database.atomic
def deposit(
    wallet: Wallet, *, currency: str, amount: Decimal, now: datetime, paysystem: str = "VMF", comment: str = ""
) -> Transaction:
    """Put money into a wallet, free of charge. Raises CurrencyNotFound, CurrencyDisabled, IncorrectAmount."""
    found = exchange.get_currency(currency)
    if not CENT <= amount <= LARGEST or amount != amount.quantize(CENT):
        raise IncorrectAmount
    sandbox = wallet.account.sandbox
    outside = parties.house_wallet(sandbox, Wallet.Role.OUTSIDE, paysystem=paysystem, now=now)
    transaction = Transaction.objects.create(
        sandbox=sandbox,
        kind=Transaction.Kind.DEPOSIT,
        status=Transaction.Status.COMPLETED,
        payer_wallet=outside,
        receiver_wallet=wallet,
        receiver_as_sent=wallet.id,
        payment_method=paysystem,
        currency=found,
        gross=amount,
        comment=comment,
        created_at=now,
        updated_at=now,
    )
    ledger.post(transaction, [Leg(outside, currency, -amount), Leg(wallet, currency, amount)], now=now)
    return transaction
