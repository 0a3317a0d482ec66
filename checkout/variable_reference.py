"""The official "Variable Reference" as data: reading a payment form and the reference pages both follow from it.

A name with `#` stands once per item, numbered from 1. A format reads the value of one variable, or raises Unreadable
with the words that say what is expected. Lengths are in characters, as the official table has them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from wallets import exchange, money, parties
from wallets.errors import CurrencyDisabled, CurrencyNotFound
from wallets.models import Transaction, TransactionItem, Wallet
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS

FeePayer = Transaction.FeePayer


class Unreadable(Exception):
    """The value does not fit. The text says what is expected."""


BLOCKED = gettext_lazy("a receiver that may receive; this one is blocked by administration")
DISABLED = gettext_lazy("a currency that is enabled; this one is disabled at present")


def text(value: str) -> str:
    return value


def receiver(value: str) -> Wallet:
    wallet = parties.find_wallet(value)
    if wallet is None:
        raise Unreadable(_("the wallet ID (OK and nine digits), e-mail address or phone number of a registered client"))
    if wallet.account.is_blocked:
        raise Unreadable(str(BLOCKED))
    return wallet


def currency(value: str) -> str:
    try:
        return exchange.get_currency(value.strip().upper()).code
    except CurrencyNotFound:
        raise Unreadable(_("one of the 21 codes of the page Currency Codes, such as EUR")) from None
    except CurrencyDisabled:
        raise Unreadable(str(DISABLED)) from None


def fee_payer(value: str) -> Transaction.FeePayer:
    try:
        return {"0": FeePayer.RECEIVER, "1": FeePayer.PAYER}[value.strip()]
    except KeyError:
        raise Unreadable(_("0 (the merchant pays the commission) or 1 (the buyer does)")) from None


def price(value: str) -> Decimal:
    """A price is above zero."""
    try:
        amount = money.parse_price(value)
    except ValueError:
        amount = money.ZERO
    if not amount:
        raise Unreadable(
            _(
                "a positive number such as 25.00 or 1,234.50: a point before the cents, commas between thousands only,"
                " no currency symbol, at most twelve digits and two decimals"
            )
        )
    return amount


def charge(value: str) -> Decimal:
    """What comes on top of a price may be zero."""
    try:
        return money.parse_price(value)
    except ValueError:
        raise Unreadable(
            _("a number such as 7.00 or 1,234.50: a point before the cents, no currency symbol, at most two decimals")
        ) from None


def quantity(value: str) -> int:
    if not re.fullmatch(r"\d{1,8}", value.strip(), re.ASCII) or not int(value):
        raise Unreadable(_("a whole number from 1 to 99999999"))
    return int(value)


def item_type(value: str) -> str:
    try:
        return TransactionItem.Type(value.strip().lower()).value
    except ValueError:
        raise Unreadable(_("one of: %(list)s") % {"list": ", ".join(TransactionItem.Type.values)}) from None


def web_address(value: str) -> str:
    """An http or https address. A space, left as it is in links that are not URL-encoded, is encoded."""
    value = value.strip().replace(" ", "%20")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f\\]", value):
        raise Unreadable(_("an address that starts with http:// or https://"))
    return value


def kind(value: str) -> str:
    value = value.strip().lower()
    if value == "subscription":
        raise Unreadable(_("payment; subscriptions are not supported here yet"))
    if value != "payment":
        raise Unreadable("payment")
    return value


def methods(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(method(code) for code in re.split(r"[\s,;|]+", value.strip(" ,;|\t\r\n"))))


def method(value: str) -> str:
    code = value.strip().upper()
    if code != OKPAY_BALANCE and code not in PAYSYSTEMS:
        known = ", ".join((OKPAY_BALANCE, *PAYSYSTEMS))
        raise Unreadable(_("codes of payment methods: %(list)s") % {"list": known})
    return code


@dataclass(frozen=True)
class Variable:
    name: str
    length: int | None
    meaning: StrOrPromise
    format: Callable[[str], Any] = text
    required: bool = False
    # What holds when the variable is absent or empty, as the wire would write it.
    default: str = ""
    # A name under which later shops send the same.
    later_name: str = ""

    @property
    def expected(self) -> str:
        """What a value must be, in the words of its format's own refusal; "" for any text."""
        try:
            self.format(NOTHING_USABLE)
        except Unreadable as error:
            return str(error)
        return ""


# A value that no format takes but those of free text.
NOTHING_USABLE = "?"


@dataclass(frozen=True)
class Group:
    title: StrOrPromise
    variables: tuple[Variable, ...]


REFERENCE = (
    Group(
        gettext_lazy("Receiver"),
        (
            Variable(
                "ok_receiver",
                127,
                gettext_lazy("Who is paid: a wallet ID, an e-mail address or a phone number."),
                receiver,
                required=True,
            ),
        ),
    ),
    Group(
        gettext_lazy("Payment"),
        (
            Variable(
                "ok_kind",
                None,
                gettext_lazy("payment; later shops also send subscription, which is not supported here yet."),
                kind,
                default="payment",
            ),
            Variable(
                "ok_currency",
                3,
                gettext_lazy("The payment's currency, one of the 21 codes; lower case will do."),
                currency,
                default="EUR",
            ),
            Variable(
                "ok_invoice", 127, gettext_lazy("The shop’s own number of the order; comes back with the payment.")
            ),
            Variable(
                "ok_fees",
                1,
                gettext_lazy("Who pays the commission: 0 the merchant, 1 the buyer."),
                fee_payer,
                default="0",
            ),
        ),
    ),
    Group(
        gettext_lazy("Items"),
        (
            Variable("ok_item_#_name", 127, gettext_lazy("What is sold."), required=True),
            Variable("ok_item_#_article", 40, gettext_lazy("The shop’s article number; comes back with the payment.")),
            Variable(
                "ok_item_#_type",
                64,
                gettext_lazy("shipment, digital, service or donation. A shipment asks the buyer for an address."),
                item_type,
                default=TransactionItem.Type.DIGITAL.value,
            ),
            Variable("ok_item_#_quantity", 8, gettext_lazy("How many pieces."), quantity, default="1"),
            Variable(
                "ok_item_#_price", 15, gettext_lazy("Of one piece. Left out or empty: the buyer enters it."), price
            ),
            Variable(
                "ok_item_#_handling", 15, gettext_lazy("Charge for handling, of all pieces."), charge, default="0.00"
            ),
            Variable("ok_item_#_shipping", 15, gettext_lazy("Shipping of the first piece."), charge, default="0.00"),
            Variable(
                "ok_item_#_shipping2", 15, gettext_lazy("Shipping of each further piece."), charge, default="0.00"
            ),
            Variable("ok_item_#_tax", 15, gettext_lazy("Tax, of all pieces."), charge, default="0.00"),
            Variable("ok_item_#_custom_1_title", 127, gettext_lazy("Title of a line of the shop’s own.")),
            Variable(
                "ok_item_#_custom_1_value",
                127,
                gettext_lazy("Its value. A title without a value: the buyer must fill it in."),
            ),
            Variable("ok_item_#_custom_2_title", 127, gettext_lazy("Title of a second such line.")),
            Variable("ok_item_#_custom_2_value", 127, gettext_lazy("Its value.")),
        ),
    ),
    Group(
        gettext_lazy("Payer"),
        (
            Variable("ok_payer_first_name", 64, gettext_lazy("Fills in the registration: first name.")),
            Variable("ok_payer_last_name", 64, gettext_lazy("Last name.")),
            Variable("ok_payer_business_name", 127, gettext_lazy("Name of the business, if the payer is one.")),
            Variable("ok_payer_email", 127, gettext_lazy("E-mail address; also fills in the login.")),
            Variable("ok_payer_phone", 20, gettext_lazy("Phone number.")),
            Variable("ok_payer_country_code", 2, gettext_lazy("Country of the address, ISO 3166.")),
            Variable("ok_payer_country", 64, gettext_lazy("Its name; used when there is no code.")),
            Variable("ok_payer_city", 40, gettext_lazy("City.")),
            Variable("ok_payer_state", 40, gettext_lazy("State or province.")),
            Variable("ok_payer_street", 200, gettext_lazy("Street and number.")),
            Variable("ok_payer_zip", 20, gettext_lazy("Postal code.")),
        ),
    ),
    Group(
        gettext_lazy("Ways on and back"),
        (
            Variable(
                "ok_paysystems",
                None,
                gettext_lazy("Codes of the payment methods to offer beside the OKPAY balance, such as “CC SF”."),
                methods,
                later_name="ok_payment_methods",
            ),
            Variable(
                "ok_directdeposit",
                None,
                gettext_lazy("Code of the one payment method to go to at once, without a review."),
                method,
                later_name="ok_direct_payment",
            ),
            Variable(
                "ok_return_success",
                127,
                gettext_lazy("Where the browser goes after the payment; else the wallet’s success URL."),
                web_address,
            ),
            Variable(
                "ok_return_fail",
                127,
                gettext_lazy("Where it goes when the payment fails or is canceled; else the wallet’s fail URL."),
                web_address,
            ),
            Variable(
                "ok_ipn", 127, gettext_lazy("Where notifications go, instead of the wallet’s listener."), web_address
            ),
            Variable(
                "ok_language",
                None,
                gettext_lazy("Language of the pages; else the cookie’s, else the browser’s."),
            ),
        ),
    ),
)

VARIABLES = {variable.name: variable for group in REFERENCE for variable in group.variables}
LATER_NAMES = {variable.later_name: variable.name for variable in VARIABLES.values() if variable.later_name}
ITEM_VARIABLES = [variable for variable in VARIABLES.values() if "#" in variable.name]
FORM_VARIABLES = [variable for variable in VARIABLES.values() if "#" not in variable.name]

_ITEM = re.compile(r"ok_item_([1-9]\d{0,5})_(.+)", re.ASCII)


def find(name: str) -> tuple[Variable | None, int | None]:
    """The variable that a form's field is, and its item's number. (None, None) for a name that is not in the table."""
    if found := _ITEM.fullmatch(name):
        return VARIABLES.get(f"ok_item_#_{found[2]}"), int(found[1])
    return VARIABLES.get(LATER_NAMES.get(name, name)) if "#" not in name else None, None
