"""What else one should know of a function, for its page. The figures are those of the code that goes by them."""

from django.conf import settings
from django.utils.translation import gettext as _

from soapapi import service
from wallets import cards, documents, fees, payments
from wallets.models import Currency


def of(function: str) -> list[str]:
    """Sentences, perhaps none."""
    if function.startswith("EX_"):
        return [_("Staff grant extended access to a verified merchant."), *_extended(function)]
    if function.startswith("Withdraw_To_"):
        return [_("Which methods there are, in which currencies, from how much to how much, stands on the page Codes.")]
    return _general(function)


def _general(function: str) -> list[str]:
    if function == "Get_Date_Time":
        return [_("Real time, even where the sandbox’s clock was moved.")]
    if function == "Wallet_Get_Balance":
        return [_("All %(count)d currencies, those with nothing in them, too.") % {"count": Currency.objects.count()}]
    if function == "Send_Money":
        return [
            _("The fee is %(percent)s %% of the amount, at most %(most)s.")
            % {"percent": fees.SEND_MONEY_PERCENT, "most": fees.SEND_MONEY_MOST},
            _(
                "To an e-mail address that no client has yet, the payment is Pending until he registers;"
                " after %(days)d days it goes back."
            )
            % {"days": payments.RETURNED_AFTER.days},
            _pays_an_invoice_once(),
        ]
    if function == "Transaction_History":
        return [
            _("Pages have at most %(most)d transactions: ask from page 1 to PageCount.")
            % {"most": service.LARGEST_PAGE}
        ]
    if function == "DebitCard_Prepay":
        figures = {"card": cards.CARD_PRICE, "courier": cards.COURIER_PRICE}
        return [
            _("A card costs %(card)s EUR, a courier %(courier)s EUR more, converted to the card’s currency.") % figures,
            _("The payment is Pending until staff ship the card; if they refuse, it goes back."),
        ]
    return []


def _pays_an_invoice_once() -> str:
    if settings.API_DIALECT == "2015":
        return _("An Invoice is paid to a receiver once: a repetition is answered with Duplicate_Payment.")
    return _("Every call pays. Whether one that broke off has paid, Transaction_Get tells by your Invoice.")


def _extended(function: str) -> list[str]:
    if function == "EX_Client_Register":
        return [_("The client has no password yet: he has one sent to his e-mail address.")]
    if function == "EX_Image_Upload":
        return [
            _("For clients whom you registered, and for yourself."),
            _("Staff judge each document; at most %(most)d of a client may wait.") % {"most": documents.MOST_WAITING},
        ]
    return []
