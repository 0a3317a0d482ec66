"""What can be wrong with a payment, in the domain's words.

Each error carries its number and name from the official page "Error codes" and a text that says what happened.
The mouths translate: the SOAP service to the name, pages and the control API to a sentence and a field.
"""

from decimal import Decimal
from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


class PaymentError(Exception):
    """An expected refusal. `field` is what the caller should look at."""

    number: ClassVar[int]
    name: str
    field: str = ""
    text: ClassVar[StrOrPromise]

    def __str__(self) -> str:
        return str(self.text)


class AccessDenied(PaymentError):
    number, name = 106, "Access_Denied"
    text = _("This wallet or transaction belongs to somebody else.")


class SourceAccountBlocked(PaymentError):
    number, name, field = 107, "Source_Account_Blocked", "payer"
    text = _("The payer's account is blocked by administration.")


class TargetAccountBlocked(PaymentError):
    number, name, field = 108, "Target_Account_Blocked", "receiver"
    text = _("The receiver's account is blocked by administration.")


class SourceAccountDoesntExist(PaymentError):
    number, name, field = 109, "Source_Account_Doesnt_Exist", "payer"
    text = _("The payer's wallet does not exist.")


class TargetAccountDoesntExist(PaymentError):
    number, name, field = 110, "Target_Account_Doesnt_Exist", "receiver"
    text = _("No wallet has this ID, e-mail address or phone number.")


class TransactionNotFound(PaymentError):
    number, name, field = 111, "Transaction_Not_Found", "transaction"
    text = _("There is no such transaction.")


class CurrencyDisabled(PaymentError):
    number, name, field = 112, "Currency_Disabled", "currency"
    text = _("This currency is disabled at present.")


class CurrencyNotFound(PaymentError):
    number, name, field = 200, "Currency_Not_Found", "currency"
    text = _("There is no such currency; use one of the 21 codes of the page Currency Codes.")


class IncorrectAmount(PaymentError):
    number, name, field = 201, "Incorrect_Amount", "amount"
    text = _(
        "The amount must be a number such as 12.50, at least 0.01: "
        "at most two decimal places, after a point, not a comma."
    )


class FeeTakesAll(IncorrectAmount):
    """The receiver is to pay a fee that is no less than what he gets."""

    text = _("The fee is no less than the amount: the receiver would get nothing. Send more, or pay the fee yourself.")


class MoreThanIsLeft(IncorrectAmount):
    """Of a payment only so much can be given back."""

    text = _("Of this payment %(left)s can still be given back; ask for at least 0.01 and no more than that.")

    def __init__(self, left: Decimal) -> None:
        super().__init__(left)
        self.left = left

    def __str__(self) -> str:
        return str(self.text) % {"left": self.left}


class InsufficientFunds(PaymentError):
    number, name, field = 300, "Insufficient_Funds", "amount"
    text = _("The wallet does not hold enough money in this currency, fees included.")


class LimitsExceeded(PaymentError):
    number, name, field = 301, "Limits_Exceeded", "amount"
    text = _("This payment would exceed the account's monthly limit.")

    def __init__(self, limit: Decimal | None = None) -> None:
        super().__init__(limit)
        self.limit = limit


class CannotPaySelf(PaymentError):
    number, name, field = 302, "Cannot_Pay_Self", "receiver"
    text = _("One cannot pay oneself.")


class WrongState(PaymentError):
    """Only pages and the control API can ask for this, so it has no name on the wire but the general one."""

    number, name, field = 106, "Access_Denied", "status"
    text = _("The transaction's status, %(status)s, does not allow this.")

    def __init__(self, status: StrOrPromise = "") -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return str(self.text) % {"status": self.status}


class AlreadyJudged(WrongState):
    text = _("This document has been judged already.")


# The later functions have errors of their own. Their names are the service's, their numbers ours: no page gives any.


class _SaysWhatIsExpected(Exception):
    """Of a PaymentError: `expected` says what it should be, if more is known than `text` says."""

    text: ClassVar[StrOrPromise]

    def __init__(self, expected: StrOrPromise = "") -> None:
        super().__init__(expected)
        self.expected = expected

    def __str__(self) -> str:
        return str(self.expected or self.text)


class _NamesTheBound(Exception):
    """Of a PaymentError: its name on the wire ends in the amount, Minimum_Amount_Is_10."""

    name: str
    text: ClassVar[StrOrPromise]

    def __init__(self, amount: Decimal, currency: str) -> None:
        super().__init__(amount, currency)
        self.amount, self.currency = amount, currency
        self.name = f"{self.name.removesuffix('N')}{amount.normalize():f}"

    def __str__(self) -> str:
        return str(self.text) % {"amount": self.amount, "currency": self.currency}


class PaymentMethodNotSupported(PaymentError):
    number, name, field = 303, "Payment_Method_Not_Supported", "payment_method"
    text = _("Money cannot be withdrawn by this payment method.")


class IncorrectAccount(_SaysWhatIsExpected, PaymentError):
    number, name, field = 304, "Incorrect_Account", "account"
    text = _("The payment system has no account of this form.")


class MinimumAmount(_NamesTheBound, PaymentError):
    number, name, field = 305, "Minimum_Amount_Is_N", "amount"
    text = _("The smallest amount is %(amount)s %(currency)s.")


class MaximumAmount(_NamesTheBound, PaymentError):
    number, name, field = 306, "Maximum_Amount_Is_N", "amount"
    text = _("The largest amount is %(amount)s %(currency)s.")


class IncorrectEmail(PaymentError):
    number, name, field = 307, "Incorrect_Email", "email"
    text = _("This is no e-mail address.")


class EmailTaken(IncorrectEmail):
    text = _("There is a client with this e-mail address already.")


class IncorrectParameters(PaymentError):
    """`field` and what it should be."""

    number, name = 308, "Incorrect_Parameters"
    text = _("A parameter is wrong.")

    def __init__(self, field: str, expected: StrOrPromise) -> None:
        super().__init__(field, expected)
        self.field, self.expected = field, expected

    def __str__(self) -> str:
        return str(self.expected)


class ImageNotFound(PaymentError):
    number, name, field = 309, "Image_Not_Found", "image"
    text = _("What was sent is no whole JPEG, PNG or GIF picture and no PDF document.")


class ClientAccessDenied(PaymentError):
    number, name, field = 310, "Client_Access_Denied", "account"
    text = _("This client was not registered by this merchant.")


class NotAPicture(_SaysWhatIsExpected, PaymentError):
    number, name, field = 324, "Not_A_Picture", "file"
    text = _("What was sent is no whole JPEG, PNG, GIF or WebP picture.")
