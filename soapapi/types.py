"""What goes over the wire, under the wire's own names: the contract as Python types.

A class here is a type of the served WSDL, in the namespace that its decorator names; a field is an element, in order.
contract.py makes spyne's models of them, reader.py and writer.py read and write them.

OKPAY's service was a .NET one: fields stand in alphabetical order, and every one is optional.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal as ExactDecimal
from enum import IntEnum
from typing import Annotated, TypeVar

from spyne.model import primitive
from spyne.model.binary import ByteArray

from soapapi.namespaces import A, D, L

Text = Annotated[str, primitive.Unicode]
Decimal = Annotated[ExactDecimal, primitive.Decimal]
Long = Annotated[int, primitive.Integer64]
Int = Annotated[int, primitive.Integer32]
Boolean = Annotated[bool, primitive.Boolean]
Binary = Annotated[bytes, ByteArray]

NAMESPACES: dict[type, str] = {}

_Type = TypeVar("_Type", bound=type)


def within(namespace: str) -> Callable[[_Type], _Type]:
    """The namespace that a type belongs to."""

    def note(kind: _Type) -> _Type:
        NAMESPACES[kind] = namespace
        return kind

    return note


# The numbers are .NET's: a client generated from the WSDL keeps them.
OperationStatus = IntEnum(
    "OperationStatus",
    {"None": 0, "Error": 1, "Canceled": 2, "Pending": 4, "Reversed": 8, "Hold": 16, "Completed": 32},
)
within(A)(OperationStatus)


@within(A)
class SubscriptionCycleIntervals(IntEnum):
    Days = 0
    Weeks = 1
    Months = 2
    Years = 3


@within(A)
class AddressTypes(IntEnum):
    Unset = 0
    Legal = 1
    Actual = 2
    Postal = 3


@within(A)
class SubscriptionStatuses(IntEnum):
    Active = 0
    Canceled = 1
    Failed = 2
    Expired = 3
    Modified = 4
    Suspended = 5


@within(A)
class PreapprovedPaymentStatuses(IntEnum):
    Active = 0
    Canceled = 1
    Failed = 2
    Expired = 3


@within(L)
class VerificationStatuses(IntEnum):
    Unverified = 0
    Formal = 1
    Verified = 2


@within(L)
class ClientStatus(IntEnum):
    Unregistered = 0
    Registration = 1
    Unverified = 2
    Formal = 3
    Verified = 4
    Blocked = 5


@within(A)
@dataclass(slots=True)
class Balance:
    Amount: Decimal
    Currency: Text


@within(A)
@dataclass(slots=True)
class AccountInfo:
    AccountID: Long
    Country_ISO: Text
    Email: Text
    Name: Text
    VerificationStatus: VerificationStatuses
    WalletID: Text


@within(A)
@dataclass(slots=True)
class TransactionInfo:
    Amount: Decimal
    Comment: Text
    Currency: Text
    Date: Text
    Fees: Decimal
    ID: Long
    Invoice: Text
    Net: Decimal
    OperationName: Text
    Receiver: AccountInfo
    Sender: AccountInfo
    Status: OperationStatus


@within(A)
@dataclass(slots=True)
class HistoryInfo:
    PageCount: Int
    PageNumber: Int
    PageSize: Int
    TotalCount: Int
    Transactions: list[TransactionInfo]


@within(A)
@dataclass(slots=True)
class Withdrawal_Info:
    Amount: Decimal
    Currency: Text
    ExchangeRate: Decimal
    Fee: Decimal
    Gross: Decimal
    OperationID: Long
    PaySystemTransactionID: Text
    PaymentMethod: Text
    PaymentMethodAmount: Decimal
    Status: OperationStatus


@within(D)
@dataclass(slots=True)
class Address:
    AddressLine: Text
    City: Text
    Country: Text
    IsVerified: Boolean
    Region: Text
    Type: AddressTypes
    ZipCode: Text


@within(D)
@dataclass(slots=True)
class Subscription:
    Client: AccountInfo
    Currency: Text
    ID: Long
    IsActive: Boolean
    LastPaymentDateTime: Text
    MerchantWalletID: Text
    NextPaymentDateTime: Text
    OutstandingBalance: Decimal
    ReattemptAcum: Boolean
    ReattemptDays: Int
    RegularCount: Int
    RegularCycle: Int
    RegularInterval: SubscriptionCycleIntervals
    RegularPaymentsDone: Int
    RegularPrice: Decimal
    RetryAt: Text
    SetupPrice: Decimal
    ShippingAddress: Address
    ShippingNeeded: Boolean
    StartDateTime: Text
    Status: SubscriptionStatuses
    Title: Text
    TrialCount: Int
    TrialCycle: Int
    TrialInterval: SubscriptionCycleIntervals
    TrialPaymentsDone: Int
    TrialPrice: Decimal
    ValidUntil: Text


@within(D)
@dataclass(slots=True)
class PreapprovedPayment:
    AvailableAmount: Decimal
    Client: AccountInfo
    ClientPaysFee: Boolean
    Currency: Text
    EndDate: Text
    ID: Long
    Invoice: Text
    LastPaymentDate: Text
    MerchantWalletID: Text
    PaymentsAmount: Decimal
    PaymentsDone: Int
    StartDate: Text
    Status: PreapprovedPaymentStatuses
    Title: Text
