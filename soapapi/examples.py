"""An example of every function: the call of one of the demo cast, and the answer as this server writes it.

They tell one story: what Send_Money pays here, Transaction_Get finds, and the client that EX_Client_Register brings in
has a document uploaded. A test sends each and gets what stands here.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal as D
from typing import Any

from lxml import etree

from soapapi import application, contract, refusals, writer
from soapapi.errors import ApiFunctionDisabled, AuthenticationFailed
from soapapi.namespaces import T
from soapapi.types import (
    AccountInfo,
    Balance,
    ClientStatus,
    HistoryInfo,
    OperationStatus,
    PreapprovedPaymentStatuses,
    Subscription,
    SubscriptionCycleIntervals,
    SubscriptionStatuses,
    TransactionInfo,
    VerificationStatuses,
    Withdrawal_Info,
)
from wallets import seed
from wallets.recipients import EXAMPLE_CARD, EXAMPLES

MERCHANT, BUYER = "OK702746927", "OK100000001"
PASSWORDS = {str(who["wallet"]): str(who["api_password"]) for who in seed.CAST}

# Numbers that the server gives: its own are others, and tests put them in.
SENT, WITHDRAWN, ORDERED, REGISTERED, UPLOADED = 1000027, 1000028, 1000029, 204551873, 1
WHEN = "2010-06-01 15:30:00"
CLIENT = "clara@example.com"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
NOTHING = D("0")
CYCLE = SubscriptionCycleIntervals.Months


@dataclass(frozen=True)
class Example:
    """`answer` is the result; None for a function that is off."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    answer: Any = None
    wallet: str = MERCHANT


def _who(wallet: str) -> AccountInfo:
    """As the seed has it."""
    cast = next(each for each in seed.CAST if each["wallet"] == wallet)
    account = cast["account"]
    name = account.get("business_name") or f"{account['first_name']} {account['last_name']}"
    status = VerificationStatuses.Verified
    return AccountInfo(int(account["id"]), account["country_code"], cast["login"][0], name, status, wallet)


_SENT = TransactionInfo(
    Amount=D("-50.0000"),
    Comment="For the robot & its key",
    Currency="USD",
    Date=WHEN,
    Fees=D("-0.2500"),
    ID=SENT,
    Invoice="A-1001",
    Net=D("-50.2500"),
    OperationName="Send Money",
    Receiver=_who(BUYER),
    Sender=_who(MERCHANT),
    Status=OperationStatus.Completed,
)


def _withdrawal(
    method: str, currency: str, amount: str, fee: str, *, rate: str = "1.0000", there: str = "", is_done: bool = True
) -> Withdrawal_Info:
    number = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16" if method == "BTC" else "482915530671"
    return Withdrawal_Info(
        Amount=D(amount),
        Currency=currency,
        ExchangeRate=D(rate),
        Fee=D(fee),
        Gross=D(amount) + D(fee),
        OperationID=WITHDRAWN if is_done else 0,
        PaySystemTransactionID=number if is_done else "",
        PaymentMethod=method,
        PaymentMethodAmount=D(there or amount),
        Status=OperationStatus.Completed if is_done else OperationStatus["None"],
    )


_TO_WEBMONEY = {"PaymentMethod": "WMT", "PaySystemAccount": EXAMPLES["WMT"][0], "Amount": D("100.00")}
_TO_BITCOIN = {"PaymentMethod": "BTC", "PaySystemAccount": EXAMPLES["BTC"][0], "Amount": D("100.00")}
_SUBSCRIPTION = Subscription(
    Client=_who(BUYER),
    Currency="USD",
    ID=501,
    IsActive=True,
    LastPaymentDateTime="",
    MerchantWalletID=MERCHANT,
    NextPaymentDateTime="",
    OutstandingBalance=NOTHING,
    ReattemptAcum=False,
    ReattemptDays=3,
    RegularCount=12,
    RegularCycle=1,
    RegularInterval=CYCLE,
    RegularPaymentsDone=0,
    RegularPrice=D("9.90"),
    RetryAt="",
    SetupPrice=NOTHING,
    ShippingAddress=None,  # type: ignore[arg-type]
    ShippingNeeded=False,
    StartDateTime=WHEN,
    Status=SubscriptionStatuses.Active,
    Title="Magazine",
    TrialCount=0,
    TrialCycle=0,
    TrialInterval=CYCLE,
    TrialPaymentsDone=0,
    TrialPrice=NOTHING,
    ValidUntil="",
)
_SUBSCRIPTION_ID, _APPROVAL_ID = {"SubscriptionID": 501}, {"PreapprovedPaymentID": 601}

EXAMPLES_OF: dict[str, Example] = {
    "Get_Date_Time": Example({}, WHEN),
    "Wallet_Get_Balance": Example(
        {},
        [Balance(D("10000.0000" if code in ("EUR", "USD", "GBP") else "0.0000"), code) for code, *_ in seed.CURRENCIES],
    ),
    "Wallet_Get_Currency_Balance": Example({"Currency": "USD"}, Balance(D("10000.0000"), "USD")),
    "Send_Money": Example(
        {
            "Receiver": BUYER,
            "Currency": "USD",
            "Amount": D("50.00"),
            "Comment": _SENT.Comment,
            "IsReceiverPaysFees": False,
            "Invoice": _SENT.Invoice,
        },
        _SENT,
    ),
    "Transaction_Get": Example({"TxnID": SENT, "Invoice": ""}, _SENT),
    "Transaction_History": Example(
        {"From": "2010-06-01", "Till": "", "PageSize": 1, "PageNumber": 1},
        HistoryInfo(PageCount=4, PageNumber=1, PageSize=1, TotalCount=4, Transactions=[_SENT]),
    ),
    "DebitCard_Prepay": Example(
        {"Email": "anna@example.com", "Currency": "USD", "IsCourierDelivery": False, "Comment": "Bonus"}, ORDERED
    ),
    "Account_Check": Example({"Account": "buyer@example.com"}, _who(BUYER).AccountID),
    "Withdraw_To_Ecurrency_Calculate": Example(
        {"PaymentMethod": "WMT", "Amount": D("100.00"), "Currency": "USD", "FeesFromAmount": False},
        _withdrawal("WMT", "USD", "100.0000", "2.0000", is_done=False),
    ),
    "Withdraw_To_Ecurrency": Example(
        _TO_WEBMONEY | {"Currency": "USD", "FeesFromAmount": False, "Invoice": "W-1"},
        _withdrawal("WMT", "USD", "100.0000", "2.0000"),
    ),
    "Withdraw_To_Card_RU": Example(
        {"CardNumber": EXAMPLE_CARD, "Amount": D("1000.00"), "Invoice": "W-2"},
        _withdrawal("VMF", "RUB", "1000.0000", "30.0000"),
        BUYER,
    ),
    "Withdraw_To_Card_World": Example(
        {
            "CardNumber": EXAMPLE_CARD,
            "Currency": "USD",
            "Amount": D("100.00"),
            "ExpiryMonth": "12",
            "ExpiryYear": "2039",
            "Invoice": "W-3",
        },
        _withdrawal("VMF", "USD", "100.0000", "3.0000"),
    ),
    "Withdraw_To_CryptoCurrency_Calculate": Example(
        {"PaymentMethod": "BTC", "Amount": D("100.00"), "Currency": "EUR"},
        _withdrawal("BTC", "EUR", "100.0000", "1.0000", rate="0.00002", there="0.0020", is_done=False),
    ),
    "Withdraw_To_CryptoCurrency": Example(
        _TO_BITCOIN | {"Currency": "EUR", "Invoice": "W-4"},
        _withdrawal("BTC", "EUR", "100.0000", "1.0000", rate="0.00002", there="0.0020"),
    ),
    "EX_Account_Check": Example({"Account": BUYER}, _who(BUYER).AccountID),
    "EX_Client_Check_Status": Example({"Email": "buyer@example.com"}, ClientStatus.Verified),
    "Subscription_Get": Example(_SUBSCRIPTION_ID),
    "Subscriptions_Filter": Example(
        {"Title": "Magazine", "From": "", "Till": "", "Statuses": [SubscriptionStatuses.Active]}
    ),
    "Subscription_Update": Example({"Sub": _SUBSCRIPTION, "Comment": ""}),
    "Subscription_Get_Operations": Example(_SUBSCRIPTION_ID),
    "PreapprovedPayment_Get": Example(_APPROVAL_ID),
    "PreapprovedPayment_Charge": Example(_APPROVAL_ID | {"Amount": D("9.90"), "Comment": ""}),
    "PreapprovedPayment_Cancel": Example(_APPROVAL_ID | {"Comment": ""}),
    "PreapprovedPayment_Get_Operations": Example(_APPROVAL_ID),
    "PreapprovedPayments_Filter": Example(
        {"Title": "", "Invoice": "", "Client": BUYER, "Statuses": [PreapprovedPaymentStatuses.Active]}
    ),
    "EX_Client_Register": Example(
        {
            "Email": CLIENT,
            "FirstName": "Clara",
            "LastName": "Client",
            "Phone": "+49 30 7654321",
            "Country_ISO": "DE",
            "City": "Berlin",
            "Region": "Berlin",
            "AddressLine": "Lindenstraße 7",
            "ZipCode": "10969",
        },
        REGISTERED,
    ),
    "EX_Image_Upload": Example(
        {"Email": CLIENT, "ImageType": "passport", "Image": b64decode(PIXEL)},
        UPLOADED,
    ),
}


@dataclass(frozen=True)
class Conversation:
    """What goes over the wire, indented; over the wire it has no blanks between the elements."""

    action: str
    request: str
    status: int
    answer: str


def conversation(function: str, *, password: str = "") -> Conversation:
    """`password` stands in the place for the token where that of the demo cast is not known."""
    example = EXAMPLES_OF[function]
    method = application.ENDPOINT.app.interface.service_method_map[f"{{{T}}}{function}"][0]
    values = dict(example.parameters)
    if contract.CREDENTIALS[0] in method.in_message._type_info:
        values |= {"WalletID": example.wallet, "SecurityToken": placeholder(password or PASSWORDS[example.wallet])}
    if refusals.is_off(function):
        status, answer = 500, writer.fault(ApiFunctionDisabled.faultcode, ApiFunctionDisabled.name)
    else:
        status, answer = 200, writer.answer(method.out_message, example.answer)
    return Conversation(
        f"{T}/{contract.PORT_TYPE}/{function}",
        indented(writer.call(method.in_message, values)),
        status,
        indented(answer),
    )


def refusal() -> str:
    """How any call is refused."""
    return indented(writer.fault(AuthenticationFailed.faultcode, AuthenticationFailed.name))


def placeholder(password: str) -> str:
    """Where a token goes: how it is made, and never a valid one."""
    return f"[SHA-256 of {password}:YYYYMMDD:HH]"


PLACEHOLDER = re.compile(r"\[SHA-256 of (\w+):YYYYMMDD:HH\]")


def indented(envelope: str) -> str:
    root = etree.fromstring(envelope)
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))
