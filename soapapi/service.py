"""The operations, in the order of the WSDL: each translates, calls one verb, translates back.

A function's arguments and annotations are its contract (contract.py). `caller` stands for WalletID and SecurityToken:
when a function runs, the caller has been authenticated. What a verb refuses goes out under its official name.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from spyne import Service

from sandbox import clock
from soapapi import answers, authentication, contract, once, scripted
from soapapi.authentication import Call
from soapapi.errors import ApiFunctionDisabled, CallRefused, InternalError, UnreadableParameter
from soapapi.protocol import NamedFault
from soapapi.types import (
    Balance,
    Binary,
    Boolean,
    ClientStatus,
    Decimal,
    HistoryInfo,
    Int,
    Long,
    PreapprovedPayment,
    PreapprovedPaymentStatuses,
    Subscription,
    SubscriptionStatuses,
    Text,
    TransactionInfo,
    Withdrawal_Info,
)
from wallets import cards, documents, exchange, history, parties, payments, registration, withdrawals
from wallets.errors import (
    AccessDenied,
    IncorrectParameters,
    PaymentError,
    TargetAccountDoesntExist,
    TransactionNotFound,
)
from wallets.history import ALWAYS, Period
from wallets.models import Account, ApiCall, Currency, Transaction, Wallet
from wallets.money import ZERO
from wallets.paysystems import Family

LARGEST_PAGE = 50
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
COMMENT_LENGTH = 255
INVOICE_LENGTH = 127

log = logging.getLogger(__name__)

OPERATIONS: list[contract.Operation] = []


@dataclass(frozen=True, slots=True)
class Caller:
    wallet: Wallet
    # The sandbox's time.
    now: datetime
    # How a payment turns out; a scenario may want it otherwise.
    outcome: payments.Outcome = payments.PAID


def operation(function: Callable[..., Any]) -> Callable[..., Any]:
    OPERATIONS.append(function)
    return function


class Door(Service):  # type: ignore[misc]
    """What every call passes on its way to its function, and back."""

    @classmethod
    def call_wrapper(cls, ctx: Any, args: Any = None) -> Any:
        call: Call = ctx.udc
        call.operation = ctx.descriptor.operation_name
        try:
            authentication.admit(call)
            with _asked_ahead(call, ctx.in_object):
                arguments, caller = ctx.in_object, None
                if "WalletID" in ctx.descriptor.in_message._type_info:
                    wallet_id, token, *arguments = arguments
                    wallet = authentication.authenticate(call, wallet_id, token)
                    caller = Caller(wallet, clock.now(wallet.account.sandbox))
                if call.unreadable:
                    raise UnreadableParameter(ApiCall.Reason.PARAMETER, ", ".join(call.unreadable))
                sandbox = caller.wallet.account.sandbox if caller else scripted.default_sandbox()
                if scripted.may_be(sandbox, arguments):
                    names = list(ctx.descriptor.in_message._type_info)[-len(arguments) :] if arguments else []
                    return scripted.perform(call.operation, ctx.function, names, arguments, caller)
                return ctx.function(caller, *arguments) if caller else ctx.function(*arguments)
        except (CallRefused, PaymentError) as error:
            raise NamedFault(error) from None
        except Exception:
            log.exception("%s failed.", call.operation)
            raise NamedFault(InternalError()) from None


def _asked_ahead(call: Call, arguments: Sequence[Any]) -> AbstractContextManager[None]:
    """Of the function that is called most."""
    if call.operation != "Send_Money" or call.unreadable:
        return nullcontext()
    wallet_id, _token, receiver, currency, *_rest = arguments
    return authentication.asked_ahead(
        wallet_id, lambda sandbox_id: payments.questions_of_sending(sandbox_id, receiver, currency)
    )


@operation
def Get_Date_Time() -> Text:
    """Real time, by which tokens go: clients make them from this."""
    return answers.date_and_time(timezone.now())


@operation
def Wallet_Get_Balance(caller: Caller) -> list[Balance]:
    held = {balance.currency_id: balance.amount for balance in caller.wallet.balances.all()}
    return [
        Balance(answers.money(held.get(code, ZERO)), code)
        for code in Currency.objects.order_by("position").values_list("code", flat=True)
    ]


@operation
def Wallet_Get_Currency_Balance(caller: Caller, Currency: Text) -> Balance:
    code = exchange.get_currency(Currency).code
    return Balance(answers.money(caller.wallet.balance(code)), code)


@operation
def Send_Money(
    caller: Caller,
    Receiver: Text,
    Currency: Text,
    Amount: Decimal,
    Comment: Text,
    IsReceiverPaysFees: Boolean,
    Invoice: Text,
) -> TransactionInfo:
    _check_length("Comment", Comment, COMMENT_LENGTH)
    _check_length("Invoice", Invoice, INVOICE_LENGTH)
    with once.per_invoice(caller.wallet, Receiver, Invoice):
        payment = payments.send_money(
            payer=caller.wallet,
            receiver=Receiver,
            currency=Currency,
            amount=Amount,
            comment=Comment,
            invoice=Invoice,
            receiver_pays_fee=IsReceiverPaysFees,
            now=caller.now,
            outcome=caller.outcome,
        )
    return answers.transaction_info(payment, seen_by=caller.wallet)


@operation
def Transaction_Get(caller: Caller, TxnID: Long, Invoice: Text) -> TransactionInfo:
    """By its number; by its invoice when there is none, the newest of several."""
    found = Transaction.objects.select_related("payer_wallet__account", "receiver_wallet__account").filter(
        sandbox=caller.wallet.account.sandbox
    )
    if TxnID:
        found = found.filter(id=TxnID)
    elif Invoice:
        found = found.involving(caller.wallet).filter(invoice=Invoice).order_by("-id")
    else:
        raise TransactionNotFound
    transaction = found.first()
    if transaction is None:
        raise TransactionNotFound
    if caller.wallet.id not in (transaction.payer_wallet_id, transaction.receiver_wallet_id):
        raise AccessDenied
    return answers.transaction_info(transaction, seen_by=caller.wallet)


@operation
def Transaction_History(caller: Caller, From: Text, Till: Text, PageSize: Int, PageNumber: Int) -> HistoryInfo:
    """Newest first. The period includes both of its ends; pages count from 1 and have 50 unless fewer are asked for."""
    size = min(PageSize, LARGEST_PAGE) if PageSize > 0 else LARGEST_PAGE
    number = max(1, PageNumber)
    page = history.page(caller.wallet, number=number, size=size, period=_period(From, Till))
    return HistoryInfo(
        PageCount=-(-page.total // size),
        PageNumber=number,
        PageSize=size,
        TotalCount=page.total,
        Transactions=[answers.transaction_info(each, seen_by=caller.wallet) for each in page.transactions],
    )


@operation
def DebitCard_Prepay(caller: Caller, Email: Text, Currency: Text, IsCourierDelivery: Boolean, Comment: Text) -> Long:
    order = cards.prepay(
        caller.wallet, email=Email, currency=Currency, courier=IsCourierDelivery, comment=Comment, now=caller.now
    )
    return order.transaction_id


@operation
def Account_Check(caller: Caller, Account: Text) -> Long:
    return _account_id(caller, Account)


@operation
def Withdraw_To_Ecurrency_Calculate(
    caller: Caller, PaymentMethod: Text, Amount: Decimal, Currency: Text, FeesFromAmount: Boolean
) -> Withdrawal_Info:
    quote = withdrawals.calculate(
        family=Family.ECURRENCY,
        method=PaymentMethod,
        amount=Amount,
        currency=Currency,
        fees_from_amount=FeesFromAmount,
    )
    return answers.calculation(quote)


@operation
def Withdraw_To_Ecurrency(
    caller: Caller,
    PaymentMethod: Text,
    PaySystemAccount: Text,
    Amount: Decimal,
    Currency: Text,
    FeesFromAmount: Boolean,
    Invoice: Text,
) -> Withdrawal_Info:
    withdrawal = withdrawals.to_ecurrency(
        caller.wallet,
        method=PaymentMethod,
        account=PaySystemAccount,
        amount=Amount,
        currency=Currency,
        fees_from_amount=FeesFromAmount,
        invoice=Invoice,
        now=caller.now,
    )
    return answers.withdrawal_info(withdrawal)


@operation
def Withdraw_To_Card_RU(caller: Caller, CardNumber: Text, Amount: Decimal, Invoice: Text) -> Withdrawal_Info:
    withdrawal = withdrawals.to_card_ru(
        caller.wallet, card_number=CardNumber, amount=Amount, invoice=Invoice, now=caller.now
    )
    return answers.withdrawal_info(withdrawal)


@operation
def Withdraw_To_Card_World(
    caller: Caller,
    CardNumber: Text,
    Currency: Text,
    Amount: Decimal,
    ExpiryMonth: Text,
    ExpiryYear: Text,
    Invoice: Text,
) -> Withdrawal_Info:
    withdrawal = withdrawals.to_card_world(
        caller.wallet,
        card_number=CardNumber,
        currency=Currency,
        amount=Amount,
        expiry_month=ExpiryMonth,
        expiry_year=ExpiryYear,
        invoice=Invoice,
        now=caller.now,
    )
    return answers.withdrawal_info(withdrawal)


@operation
def Withdraw_To_CryptoCurrency_Calculate(
    caller: Caller, PaymentMethod: Text, Amount: Decimal, Currency: Text
) -> Withdrawal_Info:
    quote = withdrawals.calculate(family=Family.CRYPTO, method=PaymentMethod, amount=Amount, currency=Currency)
    return answers.calculation(quote)


@operation
def Withdraw_To_CryptoCurrency(
    caller: Caller, PaymentMethod: Text, PaySystemAccount: Text, Amount: Decimal, Currency: Text, Invoice: Text
) -> Withdrawal_Info:
    withdrawal = withdrawals.to_cryptocurrency(
        caller.wallet,
        method=PaymentMethod,
        account=PaySystemAccount,
        amount=Amount,
        currency=Currency,
        invoice=Invoice,
        now=caller.now,
    )
    return answers.withdrawal_info(withdrawal)


@operation
def EX_Account_Check(caller: Caller, Account: Text) -> Long:
    authentication.require_extended_access(caller.wallet)
    return _account_id(caller, Account)


@operation
def EX_Client_Check_Status(caller: Caller, Email: Text) -> ClientStatus:
    authentication.require_extended_access(caller.wallet)
    account = _account_by_email(caller, Email)
    if account is None:
        return ClientStatus.Unregistered
    if account.is_blocked:
        return ClientStatus.Blocked
    if account.verification == Account.Verification.UNVERIFIED and _never_came(account):
        return ClientStatus.Registration
    return ClientStatus[account.verification]


# Subscriptions and preapproved payments: declared, and turned off until there is something behind them.


@operation
def Subscription_Get(caller: Caller, SubscriptionID: Long) -> Subscription:
    raise ApiFunctionDisabled


@operation
def Subscriptions_Filter(
    caller: Caller, Title: Text, From: Text, Till: Text, Statuses: list[SubscriptionStatuses]
) -> list[Subscription]:
    raise ApiFunctionDisabled


@operation
def Subscription_Update(caller: Caller, Sub: Subscription, Comment: Text) -> Subscription:
    raise ApiFunctionDisabled


@operation
def Subscription_Get_Operations(caller: Caller, SubscriptionID: Long) -> list[TransactionInfo]:
    raise ApiFunctionDisabled


@operation
def PreapprovedPayment_Get(caller: Caller, PreapprovedPaymentID: Long) -> PreapprovedPayment:
    raise ApiFunctionDisabled


@operation
def PreapprovedPayment_Charge(
    caller: Caller, PreapprovedPaymentID: Long, Amount: Decimal, Comment: Text
) -> TransactionInfo:
    raise ApiFunctionDisabled


@operation
def PreapprovedPayment_Cancel(caller: Caller, PreapprovedPaymentID: Long, Comment: Text) -> PreapprovedPayment:
    raise ApiFunctionDisabled


@operation
def PreapprovedPayment_Get_Operations(caller: Caller, PreapprovedPaymentID: Long) -> list[TransactionInfo]:
    raise ApiFunctionDisabled


@operation
def PreapprovedPayments_Filter(
    caller: Caller, Title: Text, Invoice: Text, Client: Text, Statuses: list[PreapprovedPaymentStatuses]
) -> list[PreapprovedPayment]:
    raise ApiFunctionDisabled


# Described by the official page, in no WSDL that survives: these two signatures are ours, in the manner of the others.


@operation
def EX_Client_Register(
    caller: Caller,
    Email: Text,
    FirstName: Text,
    LastName: Text,
    Phone: Text,
    Country_ISO: Text,
    City: Text,
    Region: Text,
    AddressLine: Text,
    ZipCode: Text,
) -> Long:
    """The new client's AccountID."""
    authentication.require_extended_access(caller.wallet)
    account = registration.register_client(
        merchant=caller.wallet.account,
        email=Email,
        first_name=FirstName,
        last_name=LastName,
        phone=Phone,
        country_code=Country_ISO,
        city=City,
        state=Region,
        street=AddressLine,
        zip=ZipCode,
        now=caller.now,
    )
    return int(account.id)


@operation
def EX_Image_Upload(caller: Caller, Email: Text, ImageType: Text, Image: Binary) -> Long:
    """The image's number. ImageType is one of passport, id_card, utility_bill, photo, other."""
    authentication.require_extended_access(caller.wallet)
    account = _account_by_email(caller, Email)
    if account is None:
        raise TargetAccountDoesntExist
    document = documents.upload(
        account, kind=ImageType.strip().lower(), content=Image, uploaded_by=caller.wallet, now=caller.now
    )
    return int(document.id)


def _account_id(caller: Caller, account: str) -> int:
    """0 when there is none."""
    wallet = parties.find_wallet(account, sandbox=caller.wallet.account.sandbox)
    return int(wallet.account_id) if wallet else 0


def _account_by_email(caller: Caller, email: str) -> Account | None:
    return (
        Account.objects.exclude(kind=Account.Kind.HOUSE)
        .select_related("user")
        .filter(sandbox=caller.wallet.account.sandbox, email__iexact=email.strip())
        .first()
    )


def _never_came(account: Account) -> bool:
    """Registered by a merchant, and not logged in since."""
    return account.registered_by_id is not None and account.user.last_login is None


def _check_length(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise IncorrectParameters(field, f"{field} may have at most {most} characters.")


def _period(from_: str, till: str) -> Period:
    """Both ends belong to it: the second that is named, or the day when only a day is. An empty end is open."""
    since, _ = _moment("From", from_) if from_.strip() else (ALWAYS.since, SECOND)
    last, unit = _moment("Till", till) if till.strip() else (ALWAYS.before, SECOND)
    return Period(since, min(last, ALWAYS.before - unit) + unit)


def _moment(field: str, text: str) -> tuple[datetime, timedelta]:
    """A moment, and the unit that it is given in."""
    for form, unit in (("%Y-%m-%d %H:%M:%S", SECOND), ("%Y-%m-%d", DAY)):
        try:
            return datetime.strptime(text.strip().replace("T", " "), form).replace(tzinfo=UTC), unit
        except ValueError:
            continue
    raise IncorrectParameters(field, "A time is YYYY-MM-DD HH:MM:SS, such as 2010-12-31 10:33:44.")


OkPayAPI = contract.service(OPERATIONS, base=Door)
