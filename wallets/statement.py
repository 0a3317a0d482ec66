"""Transactions as a client sees them: what came in is positive, what went out negative, the other side named."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import PAYSYSTEMS


@dataclass(frozen=True)
class Line:
    transaction: Transaction
    amount: Decimal
    currency: str
    other_side: str

    @property
    def signed_amount(self) -> str:
        """+10.00 or −10.00, with a real minus."""
        return f"{self.amount:+.2f}".replace("-", "−")


def latest(account: Account, wallets: Collection[Wallet], *, count: int) -> list[Line]:
    """The newest transactions in which the account or one of its wallets took part."""
    own = [wallet.id for wallet in wallets]
    transactions = (
        Transaction.objects.filter(
            Q(payer_wallet__in=own) | Q(receiver_wallet__in=own) | Q(payer_account=account),
        )
        .select_related("payer_wallet__account", "payer_account", "receiver_wallet__account")
        .order_by("-id")[:count]
    )
    return [_line(transaction, own) for transaction in transactions]


def _line(transaction: Transaction, own: list[str]) -> Line:
    if transaction.receiver_wallet_id in own:
        return Line(transaction, transaction.net, transaction.currency_id, _who_pays(transaction))
    receiver = transaction.receiver_wallet.account.name
    if transaction.paid_amount is not None and transaction.paid_currency_id is not None:
        return Line(transaction, -transaction.paid_amount, transaction.paid_currency_id, receiver)
    return Line(transaction, -transaction.total, transaction.currency_id, receiver)


def _who_pays(transaction: Transaction) -> str:
    if payer := transaction.payer:
        return payer.name
    system = PAYSYSTEMS.get(transaction.payment_method)
    return str(system.name) if system else transaction.payment_method
