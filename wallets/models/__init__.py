"""Accounts, wallets, money and transactions, one module per subject."""

from wallets.models.currencies import Currency
from wallets.models.ledger import Balance, Entry
from wallets.models.parties import Account, MonthlyTurnover, User, Wallet
from wallets.models.transactions import DeliveryAddress, Transaction, TransactionItem

__all__ = [
    "Account",
    "Balance",
    "Currency",
    "DeliveryAddress",
    "Entry",
    "MonthlyTurnover",
    "Transaction",
    "TransactionItem",
    "User",
    "Wallet",
]
