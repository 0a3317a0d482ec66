"""A shop's payment form becomes a PaymentRequest, or every variable that is wrong is named with what is expected.

From the official page "Variable Reference" (checkout/variable_reference.py). Where it is silent:

- An empty or blank value is an absent one.
- A variable sent twice with the same value counts once; with two values it is an error, since either could be meant.
- Items are taken in the order of their numbers. Gaps are closed: items 2 and 5 become the first and the second.
- Every length of the table holds, also those of URLs: what is longer is an error, never cut.
- The payer's variables only fill in forms, so nothing but their length is checked; the buyer sees and corrects them.
- Names that are not in the table are left alone. One that looks like a slip of the pen becomes a hint.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout.variable_reference import FORM_VARIABLES, ITEM_VARIABLES, VARIABLES, Unreadable, Variable, find
from sandbox import directives
from sandbox.directives import DirectiveError
from sandbox.effects import CHECKOUT
from wallets.models import Transaction, Wallet
from wallets.money import LARGEST, ZERO

Pair = tuple[str, str]

# Of variables for which the official table has no length.
LONGEST = 1000
# What is shown of a value, and how many names are looked at for hints: far more than any shop sends.
SHOWN_LENGTH = 255
MOST_HINTS = 10
# What may be wrong with any variable.
REQUIRED = gettext_lazy("a value; this variable is required")
TOO_LONG = gettext_lazy("at most %(limit)d characters; %(length)d were sent")
TWO_VALUES = gettext_lazy("one value; two different ones were sent")
TOO_MUCH = gettext_lazy("a total of at most %(most)s")
NOT_UTF8 = gettext_lazy("text in UTF-8; these bytes are something else")
WITH_NUL = gettext_lazy("text without NUL characters")
TOO_MANY = gettext_lazy("at most %(fields)d variables and %(size)d MB")
_MAYBE_OURS = re.compile(r"[ -~]{0,12}ok[ -~]{2,50}", re.IGNORECASE | re.ASCII)
_LEFT_ALONE = re.compile(r"ok_item_\d+_custom_\d+_\w+|ok_s_\w+|ok_charset", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one variable. `sent` is None when it was not sent at all."""

    variable: str
    sent: str | None
    expected: str

    @property
    def described(self) -> str:
        """Its name in the reference, as that of the first item; "" for what is no variable of a form."""
        known = find(self.variable)[0]
        return known.name.replace("#", "1") if known else ""


@dataclass(frozen=True)
class Hint:
    """Something that is no error, but probably not what the shop meant."""

    variable: str
    text: str


class PaymentFormError(Exception):
    """The form cannot be used. Every problem is listed, in the order of the Variable Reference."""

    def __init__(self, problems: list[Problem], hints: list[Hint]) -> None:
        super().__init__("; ".join(f"{problem.variable}: {problem.expected}" for problem in problems))
        self.problems = problems
        self.hints = hints


@dataclass(frozen=True)
class Item:
    """One line of the order. A price of None is for the buyer to enter."""

    name: str
    article: str
    type: str
    quantity: int
    price: Decimal | None
    handling: Decimal
    shipping: Decimal
    shipping2: Decimal
    tax: Decimal
    custom_1_title: str
    custom_1_value: str
    custom_2_title: str
    custom_2_value: str
    product_id: int | None = None

    @property
    def shipping_total(self) -> Decimal:
        """ShippingTotal of the official page: that of the first piece, and shipping2 for each further one."""
        return self.shipping + self.shipping2 * (self.quantity - 1)

    @property
    def total(self) -> Decimal:
        """ItemTotal of the official page, without a price that the buyer has yet to enter."""
        return (self.price or ZERO) * self.quantity + self.tax + self.handling + self.shipping_total


@dataclass(frozen=True)
class PaymentRequest:
    """What a shop asks for. Addresses are absolute http(s) URLs or empty."""

    receiver: Wallet
    receiver_as_sent: str
    currency: str
    invoice: str
    fee_payer: Transaction.FeePayer
    items: tuple[Item, ...]
    # ok_payer_* as sent, without the prefix.
    payer: Mapping[str, str]
    # None: every method. The OKPAY balance is always allowed.
    paysystems: tuple[str, ...] | None
    direct_method: str
    return_success: str
    return_fail: str
    ipn_url: str
    language: str
    hints: tuple[Hint, ...]
    kind: Transaction.Kind = Transaction.Kind.PAYMENT_LINK


def read(form: bytes) -> list[Pair]:
    """The pairs of a query string or an urlencoded body, also of one whose values were never encoded.

    Bytes that are no UTF-8 survive as lone surrogates; `parse` names the variable. A line end behind the form, as old
    programs put it there, is not of its last value.
    """
    pairs = (pair.partition(b"=") for pair in form.rstrip(b"\r\n").split(b"&"))
    return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def is_payment_form(pairs: Iterable[Pair]) -> bool:
    """Whether there is any variable of ours: without one, somebody has just come by."""
    return any(name.lower().startswith("ok_") and value.strip() for name, value in pairs)


def parse(pairs: Iterable[Pair]) -> PaymentRequest:
    """Read a form. Raises PaymentFormError with everything that is wrong with it.

    Asks the database who the receiver is and whether the currency is enabled, and changes nothing.
    """
    form = _Form(pairs)
    values = {variable.name: form.value(variable, variable.name) for variable in FORM_VARIABLES}
    items = [form.item(number) for number in form.item_numbers() or [1]]
    form.check_amounts(items)
    form.check_directive(values["ok_invoice"])
    if form.problems:
        raise PaymentFormError(form.problems, form.hints)
    payer = {name.removeprefix("ok_payer_"): value for name, value in values.items() if name.startswith("ok_payer_")}
    return PaymentRequest(
        receiver=values["ok_receiver"],
        receiver_as_sent=form.sent["ok_receiver"],
        currency=values["ok_currency"],
        invoice=values["ok_invoice"],
        fee_payer=values["ok_fees"],
        items=tuple(item for item in items if item),
        payer={name: value for name, value in payer.items() if value},
        paysystems=values["ok_paysystems"] or None,
        direct_method=values["ok_directdeposit"],
        return_success=values["ok_return_success"],
        return_fail=values["ok_return_fail"],
        ipn_url=values["ok_ipn"],
        language=values["ok_language"],
        hints=tuple(form.hints),
    )


class _Form:
    """The variables that were sent, and what is found wrong with them while they are read."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.sent: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.hints: list[Hint] = []
        self._numbers: set[int] = set()
        unknown: list[str] = []
        different: set[str] = set()
        for sent_name, value in pairs:
            variable, number = find(sent_name)
            if not value.strip():
                continue
            if variable is None:
                unknown.append(sent_name)
                continue
            name = variable.name.replace("#", str(number))
            if number is not None:
                self._numbers.add(number)
            if self.sent.setdefault(name, value) != value and name not in different:
                different.add(name)
                self._problem(name, f"{self.sent[name]}, {value}", str(TWO_VALUES))
        self._hint_at(unknown)

    def item_numbers(self) -> list[int]:
        return sorted(self._numbers)

    def value(self, variable: Variable, name: str) -> Any:
        """What the variable says, read by its format; its default if it was not sent, or "" if it has none."""
        sent = self.sent.get(name)
        if sent is None:
            if variable.required:
                self._problem(name, None, str(REQUIRED))
            return variable.format(variable.default) if variable.default else ""
        if expected := not_text(sent):
            self._problem(name, sent, expected)
            return ""
        limit = variable.length or LONGEST
        try:
            # What the value should be says more than that it is too long, unless it is absurdly long.
            value = variable.format(sent) if len(sent) <= LONGEST else ""
        except Unreadable as error:
            self._problem(name, sent, str(error))
            return ""
        if len(sent) > limit:
            lengths = {"limit": limit, "length": len(sent)}
            self._problem(name, sent, str(TOO_LONG) % lengths)
        return value

    def item(self, number: int) -> Item | None:
        """The item of a number, or None when something about it is wrong."""
        before = len(self.problems)
        values = {
            variable.name.removeprefix("ok_item_#_"): self.value(variable, variable.name.replace("#", str(number)))
            for variable in ITEM_VARIABLES
        }
        for field in ("custom_1", "custom_2"):
            if values[f"{field}_value"] and not values[f"{field}_title"]:
                name = f"ok_item_{number}_{field}_value"
                self.hints.append(Hint(name, _("Has no title, so nobody will see it.")))
        if len(self.problems) > before:
            return None
        return Item(**values | {"price": values["price"] or None})

    def check_amounts(self, items: list[Item | None]) -> None:
        """The wire has room for twelve digits before the point."""
        total = ZERO
        for number, item in zip(self.item_numbers(), items, strict=False):
            total += item.total if item else ZERO
            if total > LARGEST:
                name = f"ok_item_{number}_price"
                self._problem(name, self.sent.get(name), str(TOO_MUCH) % {"most": LARGEST})
                return

    def check_directive(self, invoice: str) -> None:
        """A mistyped [sandbox:...] must not become a payment like any other."""
        try:
            directives.find(invoice, operation=CHECKOUT)
        except DirectiveError as error:
            self._problem("ok_invoice", self.sent["ok_invoice"], str(error))

    def _problem(self, variable: str, sent: str | None, expected: str) -> None:
        self.problems.append(Problem(variable, None if sent is None else shown(sent), expected))

    def _hint_at(self, unknown: list[str]) -> None:
        """Tell which unknown names are probably meant to be ours. Not more than a few: this costs time."""
        candidates = [name for name in dict.fromkeys(unknown) if _MAYBE_OURS.fullmatch(name)]
        for name in [name for name in candidates if not _LEFT_ALONE.fullmatch(name)][:MOST_HINTS]:
            if name.removeprefix("amp;") in self.sent or find(name.removeprefix("amp;"))[0]:
                self.hints.append(Hint(name, _("In a link, write & between the variables, not &amp;.")))
                continue
            generic = re.sub(r"\d+", "#", name.lower(), count=1)
            if close := get_close_matches(generic, VARIABLES, n=1, cutoff=0.8):
                meant = close[0].replace("#", next(iter(re.findall(r"[1-9]\d*", name)), "1"))
                self.hints.append(Hint(name, _("Unknown and left alone. Is %(name)s meant?") % {"name": meant}))


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "surrogateescape")


def not_text(value: str) -> str:
    """What is expected instead of a value that is no storable text, or "" when it is one."""
    if re.search("[\ud800-\udfff\ufffd]", value):
        return str(NOT_UTF8)
    if "\0" in value:
        return str(WITH_NUL)
    return ""


def shown(value: str) -> str:
    """A value as it can be shown: every byte that is no text as \\x.., the rest of a very long one left out."""
    printable = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    if len(printable) <= SHOWN_LENGTH:
        return printable
    return printable[:SHOWN_LENGTH] + _("… (%(length)d characters)") % {"length": len(value)}
