"""A transaction, a balance, a withdrawal as the wire shows them, seen from the wallet that asks.

What leaves the wallet is negative, what comes in positive; Fees are negative when the wallet bears them; Net is Amount
and Fees. Amounts have four places, but no fee at all is a bare 0, as OKPAY's service sent it.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from django.utils import translation

from soapapi.types import AccountInfo, OperationStatus, TransactionInfo, VerificationStatuses, Withdrawal_Info
from wallets.models import Account, Transaction, Wallet
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS
from wallets.withdrawals import Quote

FOUR_PLACES = Decimal("0.0001")
NO_FEE = Decimal(0)

Kind, Status = Transaction.Kind, Transaction.Status

STATUSES = {
    Status.COMPLETED: OperationStatus.Completed,
    Status.PENDING: OperationStatus.Pending,
    Status.FAILED: OperationStatus.Error,
    Status.REVERSED: OperationStatus.Reversed,
    Status.CANCELED: OperationStatus.Canceled,
}
# Four words were recorded: Send Money, Payment PS, Deposit and Withdrawal with a system; docs/decisions.md.
OPERATION_NAMES = {
    Kind.PAYMENT_LINK: "Payment",
    Kind.SEND_MONEY: "Send Money",
    Kind.MASS_PAY: "Mass Payment",
    Kind.MARKETPLACE: "Marketplace",
    Kind.DEPOSIT: "Deposit",
    Kind.WITHDRAWAL: "Withdrawal",
    Kind.EXCHANGE: "Exchange",
    Kind.DEBIT_CARD: "Debit Card",
}


def money(amount: Decimal) -> Decimal:
    return amount.quantize(FOUR_PLACES)


def date_and_time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def transaction_info(transaction: Transaction, *, seen_by: Wallet) -> TransactionInfo:
    amount, fees, currency = _seen_by(transaction, seen_by)
    return TransactionInfo(
        Amount=money(amount),
        Comment=transaction.comment,
        Currency=currency,
        Date=date_and_time(transaction.created_at),
        Fees=money(fees) if fees else NO_FEE,
        ID=transaction.id,
        Invoice=transaction.invoice,
        Net=money(amount + fees),
        OperationName=_operation_name(transaction),
        Receiver=_receiver(transaction),
        Sender=_account_info(transaction.payer_wallet),
        Status=STATUSES[Status(transaction.status)],
    )


def withdrawal_info(withdrawal: Transaction) -> Withdrawal_Info:
    there = withdrawal.withdrawal
    return Withdrawal_Info(
        Amount=money(withdrawal.net),
        Currency=withdrawal.currency_id,
        ExchangeRate=_exact(there.exchange_rate),
        Fee=money(withdrawal.fee),
        Gross=money(withdrawal.total),
        OperationID=withdrawal.id,
        PaySystemTransactionID=there.paysystem_transaction_id,
        PaymentMethod=withdrawal.payment_method,
        PaymentMethodAmount=_exact(there.amount),
        Status=STATUSES[Status(withdrawal.status)],
    )


def calculation(quote: Quote) -> Withdrawal_Info:
    """What a withdrawal would be: no number, no status."""
    return Withdrawal_Info(
        Amount=money(quote.amount),
        Currency=quote.currency,
        ExchangeRate=_exact(quote.exchange_rate),
        Fee=money(quote.fee),
        Gross=money(quote.gross),
        OperationID=0,
        PaySystemTransactionID="",
        PaymentMethod=quote.payment_method,
        PaymentMethodAmount=_exact(quote.payment_method_amount),
        Status=OperationStatus["None"],
    )


def _exact(number: Decimal) -> Decimal:
    """A rate, or an amount of bitcoins: four places where they are enough, as many as it has where not."""
    number = number.normalize()
    return number if int(number.as_tuple().exponent) < -4 else money(number)


def _seen_by(transaction: Transaction, wallet: Wallet) -> tuple[Decimal, Decimal, str]:
    """Amount, fees and currency for one side."""
    if transaction.receiver_wallet_id == wallet.id:
        return transaction.gross, -transaction.receiver_fee, transaction.currency_id
    if transaction.paid_amount is not None and transaction.paid_currency_id is not None:
        # Paid from a balance in another currency: that is what left the wallet, and such payments are free.
        return -transaction.paid_amount, NO_FEE, transaction.paid_currency_id
    return -transaction.gross, -transaction.payer_fee, transaction.currency_id


def _operation_name(transaction: Transaction) -> str:
    kind = Kind(transaction.kind)
    if transaction.parent_id is not None:
        return str(Transaction.ReversalReason(transaction.reversal_reason).name.capitalize())
    if kind in (Kind.DEPOSIT, Kind.WITHDRAWAL):
        return f"{OPERATION_NAMES[kind]} {_system_name(transaction.payment_method)}"
    if transaction.payment_method != OKPAY_BALANCE and kind in (Kind.PAYMENT_LINK, Kind.MARKETPLACE):
        return "Payment PS"
    return OPERATION_NAMES[kind]


@cache
def _system_name(code: str) -> str:
    """In English, whatever language the request asks for."""
    with translation.override("en"):
        return str(PAYSYSTEMS[code].name) if code in PAYSYSTEMS else code


def _receiver(transaction: Transaction) -> AccountInfo:
    if transaction.receiver_wallet.role == Wallet.Role.HOLD:
        # Sent to an address that nobody has registered yet.
        return AccountInfo(0, "", transaction.receiver_as_sent, "", VerificationStatuses.Unverified, "")
    return _account_info(transaction.receiver_wallet)


def _account_info(wallet: Wallet) -> AccountInfo:
    account: Account = wallet.account
    return AccountInfo(
        AccountID=int(account.id),
        Country_ISO=account.country_code,
        Email=account.email,
        Name=account.name,
        VerificationStatus=VerificationStatuses[account.verification],
        WalletID=wallet.id,
    )
