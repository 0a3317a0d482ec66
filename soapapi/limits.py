"""What a parameter must be, beside its type: whether a call is of any use without it, and how long or large it may be.

The numbers are those of the code that refuses.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from soapapi import service
from wallets import cards, documents, withdrawals
from wallets.models import Account
from wallets.money import CENT, LARGEST
from wallets.parties import EMAIL_LENGTH

# What may be left out wherever it stands. Of TxnID and Invoice, Transaction_Get wants one.
OPTIONAL = frozenset(
    {
        *("Comment", "Invoice", "TxnID", "IsReceiverPaysFees", "IsCourierDelivery", "FeesFromAmount"),
        *("From", "Till", "PageSize", "PageNumber", "Statuses", "Title", "Client"),
        *("Phone", "Country_ISO", "City", "Region", "AddressLine", "ZipCode"),
    }
)
_OF_ACCOUNTS = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "city": "City",
    "state": "Region",
    "street": "AddressLine",
    "zip": "ZipCode",
}


def lengths(function: str) -> Mapping[str, int]:
    """The most characters of its texts; what is longer is refused. Where nothing is kept nothing is too long."""
    if function == "Send_Money":
        return {"Comment": service.COMMENT_LENGTH, "Invoice": service.INVOICE_LENGTH}
    if function == "DebitCard_Prepay":
        return {"Email": EMAIL_LENGTH, "Comment": cards.COMMENT_LENGTH}
    if function.startswith("Withdraw_To_") and not function.endswith("_Calculate"):
        return {"Invoice": withdrawals.INVOICE_LENGTH}
    if function == "EX_Client_Register":
        return {"Email": EMAIL_LENGTH} | {
            _OF_ACCOUNTS[field.name]: int(field.max_length or 0)
            for field in Account._meta.fields
            if field.name in _OF_ACCOUNTS
        }
    return {}


def words(function: str, parameter: str) -> str:
    """The limit as its page says it, or nothing."""
    if length := lengths(function).get(parameter):
        return _("at most %(most)d characters") % {"most": length}
    if parameter == "Amount":
        return _("%(least)s to %(most)s") % {"least": CENT, "most": LARGEST}
    if parameter == "PageSize":
        return _("more than %(most)d count as %(most)d") % {"most": service.LARGEST_PAGE}
    if parameter == "Image":
        return _("at most %(most)d MB") % {"most": documents.LARGEST_SIZE // 1024 // 1024}
    return ""
