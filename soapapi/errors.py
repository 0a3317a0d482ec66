"""The errors by their names on the wire: OKPAY's own 18, those that came later, and the dialect that renamed four.

A refusal of the domain (wallets.errors) carries its official name and is sent as it is. Here are the refusals that only
this mouth knows: of the call itself, before any verb is asked.
"""

from typing import ClassVar

from django.conf import settings

from wallets.errors import AccessDenied, PaymentError
from wallets.models import ApiCall

# The page "Error codes".
OFFICIAL = {
    101: "API_Disabled",
    102: "API_Function_Disabled",
    103: "Invalid_IP_Address",
    104: "Authentication_Failed",
    105: "Account_API_Disabled",
    106: "Access_Denied",
    107: "Source_Account_Blocked",
    108: "Target_Account_Blocked",
    109: "Source_Account_Doesnt_Exist",
    110: "Target_Account_Doesnt_Exist",
    111: "Transaction_Not_Found",
    112: "Currency_Disabled",
    113: "Internal_Error",
    200: "Currency_Not_Found",
    201: "Incorrect_Amount",
    300: "Insufficient_Funds",
    301: "Limits_Exceeded",
    302: "Cannot_Pay_Self",
}
# What OKPAY added without a number after that page was written.
LATER = frozenset(
    {
        "Client_Access_Denied",
        "Currency_Not_Supported",
        "Duplicate_Payment",
        "Function_Is_Obsolete",
        "Image_Not_Found",
        "Incompatible_PreapprovedPayment_Status",
        "Incompatible_Subscription_Status",
        "Incorrect_Account",
        "Incorrect_Email",
        "Incorrect_Parameters",
        "Maximum_Amount_Is_N",  # for N stands the amount
        "Minimum_Amount_Is_N",
        "Payment_Method_Not_Supported",
        "PreapprovedPayment_Not_Found",
        "Subscription_Not_Found",
    }
)
# API_DIALECT=2015: the later names of four old errors.
RENAMED_2015 = {
    "Source_Account_Doesnt_Exist": "Account_Not_Found",
    "Target_Account_Doesnt_Exist": "Receiver_Not_Found",
    "Insufficient_Funds": "Not_Enough_Money",
    "Cannot_Pay_Self": "MoneyTransfer_To_Yourself",
}

Reason = ApiCall.Reason


class CallRefused(Exception):
    """A call that got no further than the door. The caller reads the name, the merchant's pages tell the reason."""

    name: ClassVar[str]
    # The part of a SOAP 1.1 faultcode behind the prefix.
    faultcode: ClassVar[str] = "Client"

    def __init__(self, reason: ApiCall.Reason | None = None, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class ApiDisabled(CallRefused):
    name = OFFICIAL[101]


class ApiFunctionDisabled(CallRefused):
    name = OFFICIAL[102]


class InvalidIpAddress(CallRefused):
    name = OFFICIAL[103]


class AuthenticationFailed(CallRefused):
    name = OFFICIAL[104]


class AccountApiDisabled(CallRefused):
    name = OFFICIAL[105]


class CallNotAllowed(CallRefused):
    """106, for what the domain does not know: a call without HTTPS, an EX_ function without extended access."""

    name = AccessDenied.name


class UnreadableParameter(CallRefused):
    """As the domain's IncorrectParameters, for what is not even of its type."""

    name = "Incorrect_Parameters"


class InternalError(CallRefused):
    """113: a mistake of ours. It is logged, and says nothing else to anyone."""

    name = OFFICIAL[113]


class Malformed(CallRefused):
    """Not a SOAP request. `detail` says for the log what is wrong with it."""

    name = "Malformed_Request"

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


class TooLarge(Malformed):
    name = "Request_Too_Large"


class OtherSoapVersion(Malformed):
    name, faultcode = "SOAP_Version_Not_Supported", "VersionMismatch"


class HeaderNotUnderstood(Malformed):
    """SOAP 1.1, 4.2.3: a header that must be understood and is not stops the call."""

    name, faultcode = "Header_Not_Understood", "MustUnderstand"


class UnknownOperation(Malformed):
    name = "Unknown_Operation"


def name_of(error: CallRefused | PaymentError) -> str:
    """The faultstring."""
    return RENAMED_2015.get(error.name, error.name) if settings.API_DIALECT == "2015" else error.name
