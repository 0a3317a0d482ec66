"""An event in a few words, in the language of whoever looks."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from okpay_gateway.journal.events import Event, Kind
from wallets.models import Transaction

PAGES: dict[str, StrOrPromise] = {
    "checkout": gettext_lazy("Checkout"),
    "guest": gettext_lazy("Checkout without an account"),
    "log_in": gettext_lazy("Log in"),
    "register": gettext_lazy("Registration"),
    "paysystem": gettext_lazy("Payment system"),
    "cancel": gettext_lazy("Cancel"),
    "return_to_shop": gettext_lazy("Return to the shop"),
    "receipt": gettext_lazy("Receipt"),
    "set_language": gettext_lazy("Language"),
}
ENDINGS: dict[str, StrOrPromise] = {
    "paid": gettext_lazy("paid"),
    "pending": gettext_lazy("pending"),
    "failed": gettext_lazy("failed"),
    "canceled": gettext_lazy("canceled"),
    "expired": gettext_lazy("expired"),
}


def headline(event: Event) -> str:
    match event.kind:
        case Kind.FORM:
            return _of_form(event)
        case Kind.PAGE:
            return _of_page(event)
        case Kind.SOAP:
            if event.method in ("GET", "HEAD"):
                return _("The SOAP API's contract or description")
            return f"{event.operation or _('SOAP request')}: {event.outcome}"
        case Kind.API:
            return f"{event.method} {event.path}"
        case Kind.PAYMENT:
            return "{amount} · {kind}".format(**_of_transaction(event))
        case Kind.BOOKING:
            return _("Booked later: %(amount)s · %(kind)s") % _of_transaction(event)
        case Kind.RETURN:
            return _("The browser was sent back to the shop with the variables")
        case Kind.IPN:
            return _of_attempt(event)
        case Kind.VERIFY:
            return f"ipn-verify: {event.outcome}"


def _of_form(event: Event) -> str:
    if event.outcome == "opened":
        return _("A checkout was opened")
    if event.outcome == "refused":
        return _("The payment form was refused")
    return _("process.html without a payment form")


def _of_page(event: Event) -> str:
    page = str(PAGES.get(event.operation, _("Checkout page")))
    ending = ENDINGS.get(event.outcome)
    return f"{page}: {ending}" if ending else page


def _of_transaction(event: Event) -> dict[str, str]:
    transaction: Transaction = event.about
    return {
        "kind": transaction.get_kind_display(),
        "amount": f"{transaction.gross:.2f} {transaction.currency_id}",
        "status": transaction.get_status_display(),
    }


def _of_attempt(event: Event) -> str:
    result = event.about.get_error_display() if event.about.error else _("acknowledged")
    return _("IPN %(message)s, attempt %(number)s: %(result)s") % {
        "message": event.about.message_id,
        "number": event.about.number,
        "result": result,
    }
