"""Why a payment was refused, in words for the buyer, and what to do about it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from checkout.orders import CheckoutError
from checkout.sessions import OtherSandbox
from wallets.errors import (
    CannotPaySelf,
    CurrencyDisabled,
    IncorrectAmount,
    InsufficientFunds,
    LimitsExceeded,
    PaymentError,
    SourceAccountBlocked,
    SourceAccountDoesntExist,
    TargetAccountBlocked,
)
from wallets.money import text


@dataclass(frozen=True)
class Explanation:
    title: str
    cure: str


def explain(error: PaymentError | CheckoutError) -> Explanation:
    """Nothing was booked; this says why, and how to go on."""
    if isinstance(error, LimitsExceeded) and error.limit:
        title = _("This payment would exceed your monthly limit of %s EUR.") % text(error.limit)
    else:
        title = str(error)
    return Explanation(title, _cure(error))


def _cure(error: PaymentError | CheckoutError) -> str:
    match error:
        case InsufficientFunds():
            return _("Choose another balance or payment method, or add money to the wallet and press Pay again.")
        case LimitsExceeded():
            return _("Pay by one of the other payment methods, which do not count, or have your account verified.")
        case SourceAccountBlocked():
            return _("Ask support why. Until then, log out and pay without an account or with another one.")
        case SourceAccountDoesntExist():
            return _("Log in with an account that has a wallet, or pay without an account.")
        case TargetAccountBlocked():
            return _("The shop cannot be paid at present. Please tell the shop.")
        case CannotPaySelf():
            return _("You are logged in as the shop itself. Log out, then log in as the buyer.")
        case CurrencyDisabled():
            return _("Choose a balance in another currency, or try again later.")
        case IncorrectAmount():
            return _("Check the price that you entered.")
        case OtherSandbox():
            return _("Log out, then log in with an account of the shop’s sandbox, or pay without an account.")
    return _("Check what you chose and try again.")
