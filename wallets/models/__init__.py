"""Accounts, wallets, money and transactions, one module per subject."""

from wallets.models.api_calls import ApiCall, DisabledApiFunction
from wallets.models.cards import DebitCardOrder
from wallets.models.confirmations import Confirmation
from wallets.models.currencies import Currency
from wallets.models.decisions import Decision
from wallets.models.documents import ClientDocument
from wallets.models.history import HistorySegment
from wallets.models.ledger import Balance, Entry, LedgerCheckpoint
from wallets.models.mailbox import MailboxMessage
from wallets.models.mass_payments import MassPayment, MassPaymentRow
from wallets.models.okpay_seals import OkpaySeal
from wallets.models.parties import Account, MonthlyTurnover, User, Wallet
from wallets.models.shops import Shop, ShopLogo
from wallets.models.transactions import DeliveryAddress, PaymentItem, Transaction, TransactionItem
from wallets.models.withdrawals import Withdrawal

__all__ = [
    "Account",
    "ApiCall",
    "Balance",
    "ClientDocument",
    "Confirmation",
    "Currency",
    "DebitCardOrder",
    "Decision",
    "DeliveryAddress",
    "DisabledApiFunction",
    "Entry",
    "HistorySegment",
    "LedgerCheckpoint",
    "MailboxMessage",
    "MassPayment",
    "MassPaymentRow",
    "MonthlyTurnover",
    "OkpaySeal",
    "PaymentItem",
    "Shop",
    "ShopLogo",
    "Transaction",
    "TransactionItem",
    "User",
    "Wallet",
    "Withdrawal",
]
