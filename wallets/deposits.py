"""Money from outside into a wallet, without an order."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction as database

from wallets import exchange, ledger, parties
from wallets.errors import IncorrectAmount
from wallets.ledger import Leg
from wallets.models import Transaction, Wallet
from wallets.money import is_amount

PAYSYSTEM = "VMF"


@database.atomic
def deposit(
    wallet: Wallet, *, currency: str, amount: Decimal, now: datetime, paysystem: str = PAYSYSTEM, comment: str = ""
) -> Transaction:
    """Put money into a wallet, free of charge. Raises CurrencyNotFound, CurrencyDisabled, IncorrectAmount."""
    found = exchange.get_currency(currency)
    [transaction] = deposit_many([(wallet, found.code, amount)], now=now, paysystem=paysystem, comment=comment)
    return transaction


@database.atomic
def deposit_many(
    amounts: Sequence[tuple[Wallet, str, Decimal]], *, now: datetime, paysystem: str = PAYSYSTEM, comment: str = ""
) -> list[Transaction]:
    """Deposits into wallets of one sandbox, as (wallet, currency code, amount), all or none. Raises IncorrectAmount."""
    if not all(is_amount(amount) for _wallet, _currency, amount in amounts):
        raise IncorrectAmount
    if not amounts:
        return []
    sandbox = amounts[0][0].account.sandbox
    outside = parties.house_wallet(sandbox, Wallet.Role.OUTSIDE, paysystem=paysystem, now=now)
    transactions = Transaction.objects.bulk_create(
        Transaction(
            sandbox=sandbox,
            kind=Transaction.Kind.DEPOSIT,
            status=Transaction.Status.COMPLETED,
            payer_wallet=outside,
            receiver_wallet=wallet,
            receiver_as_sent=wallet.id,
            payment_method=paysystem,
            currency_id=currency,
            gross=amount,
            comment=comment,
            created_at=now,
            updated_at=now,
        )
        for wallet, currency, amount in amounts
    )
    ledger.post_many(
        [
            (
                each,
                [Leg(outside, each.currency_id, -each.gross), Leg(each.receiver_wallet, each.currency_id, each.gross)],
            )
            for each in transactions
        ],
        now=now,
    )
    return transactions
