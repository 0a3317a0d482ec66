"""Accounts, wallets, money and transactions, one module per subject."""

from wallets.models.cards import DebitCardOrder
from wallets.models.currencies import Currency
from wallets.models.documents import ClientDocument
from wallets.models.ledger import Balance, Entry
from wallets.models.parties import Account, MonthlyTurnover, User, Wallet
from wallets.models.transactions import DeliveryAddress, Transaction, TransactionItem
from wallets.models.withdrawals import Withdrawal

__all__ = [
    "Account",
    "Balance",
    "ClientDocument",
    "Currency",
    "DebitCardOrder",
    "DeliveryAddress",
    "Entry",
    "MonthlyTurnover",
    "Transaction",
    "TransactionItem",
    "User",
    "Wallet",
    "Withdrawal",
]
