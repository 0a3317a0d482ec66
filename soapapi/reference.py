"""What the functions, parameters and fields of the SOAP API mean. Their names, order and types stand in service.py and
types.py; a test holds this table to them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum
from typing import Any, get_args, get_origin, get_type_hints

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from soapapi import contract, limits, service, types

Words = StrOrPromise

FUNCTIONS: dict[str, Words] = {
    "Get_Date_Time": _("The server’s time in UTC, by which tokens go. Needs no wallet."),
    "Wallet_Get_Balance": _("What the wallet holds, in every currency."),
    "Wallet_Get_Currency_Balance": _("What the wallet holds in one currency."),
    "Send_Money": _("Sends money to another client, at once."),
    "Transaction_Get": _("One transaction by its ID, or by its invoice when TxnID is 0: of several the newest."),
    "Transaction_History": _("The wallet’s transactions of a time, newest first, all currencies mixed, page by page."),
    "DebitCard_Prepay": _(
        "Orders an OKPAY Debit Card for a client and pays for it. Answers with the transaction’s ID."
    ),
    "Account_Check": _("Whose wallet ID, e-mail address or phone number this is. Answers with the account ID, or 0."),
    "Withdraw_To_Ecurrency_Calculate": _("What a withdrawal to an e-currency would cost; nothing is moved."),
    "Withdraw_To_Ecurrency": _("Withdraws to an account at an e-currency."),
    "Withdraw_To_Card_RU": _("Withdraws roubles to a card in Russia."),
    "Withdraw_To_Card_World": _("Withdraws to a card anywhere."),
    "Withdraw_To_CryptoCurrency_Calculate": _("What a withdrawal in a crypto-currency would cost; nothing is moved."),
    "Withdraw_To_CryptoCurrency": _("Withdraws to an address of a crypto-currency."),
    "EX_Account_Check": _("As Account_Check, for merchants with extended access."),
    "EX_Client_Check_Status": _("How far a client has come with registration and verification."),
    "Subscription_Get": _("One subscription of the wallet’s."),
    "Subscriptions_Filter": _("The wallet’s subscriptions that match everything that is said."),
    "Subscription_Update": _("Changes a subscription: what differs in Sub is taken over."),
    "Subscription_Get_Operations": _("The payments of a subscription."),
    "PreapprovedPayment_Get": _("One preapproved payment of the wallet’s."),
    "PreapprovedPayment_Charge": _("Takes a part of what a client has approved."),
    "PreapprovedPayment_Cancel": _("Gives up what is left of an approval."),
    "PreapprovedPayment_Get_Operations": _("The charges of a preapproved payment."),
    "PreapprovedPayments_Filter": _("The wallet’s preapproved payments that match everything that is said."),
    "EX_Client_Register": _("Registers a client. Answers with the new account ID."),
    "EX_Image_Upload": _("Uploads a client’s document for the verification. Answers with its number."),
}

PARAMETERS: dict[str, Words] = {
    "WalletID": _("The wallet that calls: OK and nine digits."),
    "SecurityToken": _("The token of this hour."),
    "Account": _("A wallet ID, an e-mail address or a phone number."),
    "AddressLine": _("Street and number."),
    "Amount": _("How much, with a point and at most two decimals."),
    "CardNumber": _("The card’s number, with or without spaces."),
    "City": _("City of the address."),
    "Client": _("The payer: wallet ID, e-mail address or phone number. Empty: anybody."),
    "Comment": _("Free text for both sides."),
    "Country_ISO": _("Country, ISO 3166, two letters."),
    "Currency": _("One of the 21 codes."),
    "Email": _("The client’s e-mail address."),
    "ExpiryMonth": _("Month in which the card expires, two digits."),
    "ExpiryYear": _("Year in which the card expires."),
    "FeesFromAmount": _("true: the fee is taken out of Amount; false: it comes on top."),
    "FirstName": _("First name."),
    "From": _("The first moment, YYYY-MM-DD HH:MM:SS in UTC, or a day. Empty: from the beginning."),
    "Image": _("The file, Base64: JPEG, PNG, GIF or PDF."),
    "ImageType": _("passport, id_card, utility_bill, photo or other."),
    "Invoice": _("Your own number."),
    "IsCourierDelivery": _("true: the card is sent by courier, which costs more."),
    "IsReceiverPaysFees": _("true: the receiver bears the fee; else the sender does."),
    "LastName": _("Last name."),
    "PageNumber": _("Which page, from 1. One past the end is empty."),
    "PageSize": _("How many to a page."),
    "PaySystemAccount": _("The account or address at the payment system."),
    "PaymentMethod": _("Code of the payment method."),
    "Phone": _("Phone number with its country code."),
    "PreapprovedPaymentID": _("ID of the preapproved payment."),
    "Receiver": _("Who gets it: a wallet ID, an e-mail address or a phone number."),
    "Region": _("State or province."),
    "Statuses": _("Only those with one of these. Empty: all."),
    "Sub": _("The subscription, with its ID and what shall be different."),
    "SubscriptionID": _("ID of the subscription."),
    "Till": _("The last moment, which belongs to it. Empty: until now."),
    "Title": _("Part of the title. Empty: any."),
    "TxnID": _("ID of the transaction, or 0 to look by Invoice."),
    "ZipCode": _("Postal code."),
}

# By their name, or by Type.Name where it is not the same everywhere.
FIELDS: dict[str, Words] = {
    "AccountID": _("Number of the account."),
    "AddressLine": _("Street and number."),
    "Amount": _("How much. In a transaction as seen by the calling wallet: what went out is negative."),
    "AvailableAmount": _("What may still be charged."),
    "City": _("City."),
    "Client": _("Who pays."),
    "ClientPaysFee": _("Whether the payer bears the fee."),
    "Comment": _("Free text."),
    "Country": _("Country."),
    "Country_ISO": _("Country, ISO 3166."),
    "Currency": _("Currency of the amounts."),
    "Date": _("When, YYYY-MM-DD HH:MM:SS, UTC."),
    "Email": _("E-mail address."),
    "EndDate": _("Until when it holds."),
    "ExchangeRate": _("Rate between the two currencies."),
    "Fee": _("What OKPAY keeps."),
    "Fees": _("The fee that the calling wallet bears: zero or negative."),
    "Gross": _("What leaves the wallet, fee included."),
    "ID": _("Its ID."),
    "Invoice": _("Your own number."),
    "IsActive": _("Whether it goes on."),
    "IsVerified": _("Whether the address was confirmed."),
    "LastPaymentDate": _("When it was charged last."),
    "LastPaymentDateTime": _("When it was paid last."),
    "MerchantWalletID": _("The wallet that is paid."),
    "Name": _("Name of the client."),
    "Net": _("Amount + Fees."),
    "NextPaymentDateTime": _("When it is paid next."),
    "OperationID": _("ID of the transaction; 0 of a calculation."),
    "OperationName": _("What it was, such as Send Money."),
    "OutstandingBalance": _("What was due and could not be paid."),
    "PageCount": _("How many pages there are."),
    "PageNumber": _("Which page this is."),
    "PageSize": _("How many to a page."),
    "PaySystemTransactionID": _("The payment system’s own number."),
    "PaymentMethod": _("Code of the payment method."),
    "PaymentMethodAmount": _("What arrives, in the payment system’s currency."),
    "PaymentsAmount": _("What was charged so far."),
    "PaymentsDone": _("How often it was charged."),
    "ReattemptAcum": _("Whether what could not be paid is added to the next payment."),
    "ReattemptDays": _("After how many days a failed payment is tried again."),
    "Receiver": _("Who was paid."),
    "Region": _("State or province."),
    "RegularCount": _("How many regular periods; 0 without end."),
    "RegularCycle": _("How many units a regular period has."),
    "RegularInterval": _("The unit."),
    "RegularPaymentsDone": _("How many regular payments were made."),
    "RegularPrice": _("Price of a regular period."),
    "RetryAt": _("When a failed payment is tried again."),
    "Sender": _("Who paid."),
    "SetupPrice": _("What is paid once, at the beginning."),
    "ShippingAddress": _("Where to deliver to."),
    "ShippingNeeded": _("Whether something is delivered."),
    "StartDate": _("Since when it holds."),
    "StartDateTime": _("Since when it runs."),
    "Status": _("Where it stands."),
    "Title": _("Its title."),
    "TotalCount": _("How many there are on all pages."),
    "Transactions": _("Those of this page."),
    "TrialCount": _("How many periods the trial has."),
    "TrialCycle": _("How many units such a period has."),
    "TrialInterval": _("The unit."),
    "TrialPaymentsDone": _("How many of the trial were paid."),
    "TrialPrice": _("Price of a period of the trial."),
    "Type": _("What kind of address it is."),
    "ValidUntil": _("When it ends."),
    "VerificationStatus": _("How far the client is verified."),
    "WalletID": _("Wallet ID."),
    "ZipCode": _("Postal code."),
}

# Under which heading a function stands: the first whose beginnings fit.
HEADINGS: tuple[tuple[Words, tuple[str, ...]], ...] = (
    (_("Withdrawals"), ("Withdraw_",)),
    (_("Subscriptions"), ("Subscription",)),
    (_("Preapproved payments"), ("PreapprovedPayment",)),
    (_("Extended functions"), ("EX_",)),
    (_("General functions"), ("",)),
)


@dataclass(frozen=True)
class Element:
    """A parameter of a function or a field of a structure, in the order of the wire."""

    name: str
    type: str
    meaning: Words
    # Of a parameter.
    is_required: bool = False
    limit: str = ""

    @property
    def anchor(self) -> str:
        return declared(self.type)


@dataclass(frozen=True)
class Function:
    name: str
    meaning: Words
    heading: Words
    parameters: tuple[Element, ...]
    result: str

    @property
    def anchor(self) -> str:
        return declared(self.result)

    @property
    def structure(self) -> "Structure | None":
        """What it answers, or answers an array of, when that has fields."""
        return next((each for each in structures() if each.name == self.anchor), None)

    @property
    def values(self) -> list[tuple[str, int]]:
        """What it may answer, when that is an enumeration."""
        return dict(enumerations()).get(self.anchor, [])


@dataclass(frozen=True)
class Structure:
    name: str
    fields: tuple[Element, ...]


def functions() -> list[Function]:
    """All of them, in the order of the WSDL."""
    return [_function(operation) for operation in service.OPERATIONS]


def structures() -> list[Structure]:
    found = [kind for kind in types.NAMESPACES if is_dataclass(kind)]
    return [Structure(kind.__name__, tuple(_fields(kind))) for kind in found]


def enumerations() -> list[tuple[str, list[tuple[str, int]]]]:
    found = [kind for kind in types.NAMESPACES if issubclass(kind, IntEnum)]
    return [(kind.__name__, [(name, int(value)) for name, value in kind.__members__.items()]) for kind in found]


def _function(operation: contract.Operation) -> Function:
    hints = get_type_hints(operation, include_extras=True)
    result = hints.pop("return")
    if contract.needs_caller(operation):
        del hints["caller"]
        hints = dict.fromkeys(contract.CREDENTIALS, types.Text) | hints
    name = operation.__name__
    return Function(
        name,
        FUNCTIONS.get(name, ""),
        next(title for title, starts in HEADINGS if name.startswith(starts)),
        tuple(
            Element(
                each,
                type_name(kind),
                PARAMETERS.get(each, ""),
                is_required=each not in limits.OPTIONAL,
                limit=limits.words(name, each),
            )
            for each, kind in hints.items()
        ),
        type_name(result),
    )


def _fields(kind: Any) -> Iterator[Element]:
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        meaning = FIELDS.get(f"{kind.__name__}.{each.name}", FIELDS.get(each.name, ""))
        yield Element(each.name, type_name(hints[each.name]), meaning)


def declared(type_: str) -> str:
    """The structure or enumeration that a type is, or is an array of; "" for the others."""
    name = type_.removeprefix("ArrayOf")
    return name if any(kind.__name__ == name for kind in types.NAMESPACES) else ""


_PLAIN = {
    types.Text: "string",
    types.Decimal: "decimal",
    types.Long: "long",
    types.Int: "int",
    types.Boolean: "boolean",
    types.Binary: "base64Binary",
}


def type_name(kind: Any) -> str:
    """As the WSDL names it."""
    if get_origin(kind) is list:
        return f"ArrayOf{get_args(kind)[0].__name__}"
    return _PLAIN[kind] if kind in _PLAIN else str(kind.__name__)
