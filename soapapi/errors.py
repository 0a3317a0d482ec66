"""The errors by their names on the wire (sandbox/fault_names.py has the tables).

A refusal of the domain (wallets.errors) carries its official name and is sent as it is. Here are the refusals that only
this mouth knows: of the call itself, before any verb is asked.
"""

from typing import ClassVar

from django.conf import settings

from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015
from wallets.errors import AccessDenied, PaymentError
from wallets.models import ApiCall

__all__ = ("LATER", "OFFICIAL", "RENAMED_2015")

Reason = ApiCall.Reason


class CallRefused(Exception):
    """A call that got no further than the door. The caller reads the name, the merchant's pages tell the reason."""

    name: str
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


class DuplicatePayment(CallRefused):
    """The 2015 dialect's (once.py). The detail says which payment it was."""

    name = "Duplicate_Payment"


class UnreadableParameter(CallRefused):
    """As the domain's IncorrectParameters, for what is not even of its type."""

    name = "Incorrect_Parameters"


class InternalError(CallRefused):
    """113: a mistake of ours. It is logged, and says nothing else to anyone."""

    name = OFFICIAL[113]


class ScriptedFault(CallRefused):
    """A scenario or a directive asked for it: any error at all, though nothing is wrong with the call."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(Reason.SCENARIO, detail)
        self.name = name


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
