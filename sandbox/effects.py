"""The words of a script: what can be made to happen, to which operation, and how it is written.

One language everywhere, in scenarios, in directives (directives.py) and behind magic amounts (magic.py): a name, and
after a colon what it needs, such as `fault:Limits_Exceeded` or `pending:review:approve:10m`. `read` understands it or
says what it should be; `EFFECTS` and `OPERATIONS` are the catalogue that people see.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_duration
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015

# Operations beside the functions of the SOAP API, which go by their own names.
PROCESS, CHECKOUT, IPN, IPN_VERIFY = "process.html", "checkout", "ipn", "ipn-verify"
# Any function of the SOAP API.
SOAP = "OkPayAPI"
SEND_MONEY = "Send_Money"
# In the order of the WSDL.
SOAP_FUNCTIONS = (
    *("Get_Date_Time", "Wallet_Get_Balance", "Wallet_Get_Currency_Balance", SEND_MONEY, "Transaction_Get"),
    *("Transaction_History", "DebitCard_Prepay", "Account_Check", "Withdraw_To_Ecurrency_Calculate"),
    *("Withdraw_To_Ecurrency", "Withdraw_To_Card_RU", "Withdraw_To_Card_World"),
    *("Withdraw_To_CryptoCurrency_Calculate", "Withdraw_To_CryptoCurrency", "EX_Account_Check"),
    *("EX_Client_Check_Status", "Subscription_Get", "Subscriptions_Filter", "Subscription_Update"),
    *("Subscription_Get_Operations", "PreapprovedPayment_Get", "PreapprovedPayment_Charge"),
    *("PreapprovedPayment_Cancel", "PreapprovedPayment_Get_Operations", "PreapprovedPayments_Filter"),
    *("EX_Client_Register", "EX_Image_Upload"),
)
# Their Invoice is that of a payment to be made; elsewhere it only names one.
FUNCTIONS_THAT_PAY = frozenset(
    {
        *(SEND_MONEY, "Withdraw_To_Ecurrency", "Withdraw_To_Card_RU", "Withdraw_To_Card_World"),
        "Withdraw_To_CryptoCurrency",
    }
)
# What a call tells of itself, so that a scenario can wait for it. Of every one there is the wallet; here is the rest.
EVERY_FACET = ("receiver", "currency", "amount", "invoice")
FACETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("", PROCESS, CHECKOUT, IPN, IPN_VERIFY, SOAP, SEND_MONEY), EVERY_FACET),
    "Wallet_Get_Currency_Balance": ("currency",),
    "Transaction_Get": ("invoice",),
    "DebitCard_Prepay": ("currency",),
    "Withdraw_To_Ecurrency_Calculate": ("currency", "amount"),
    "Withdraw_To_Ecurrency": ("currency", "amount", "invoice"),
    "Withdraw_To_Card_RU": ("amount", "invoice"),
    "Withdraw_To_Card_World": ("currency", "amount", "invoice"),
    "Withdraw_To_CryptoCurrency_Calculate": ("currency", "amount"),
    "Withdraw_To_CryptoCurrency": ("currency", "amount", "invoice"),
    "PreapprovedPayment_Charge": ("amount",),
    "PreapprovedPayments_Filter": ("invoice",),
}
OPERATIONS: dict[str, StrOrPromise] = {
    PROCESS: gettext_lazy("A payment form is sent to process.html"),
    CHECKOUT: gettext_lazy("A buyer presses Pay at the checkout"),
    IPN: gettext_lazy("A notification is about to be sent"),
    IPN_VERIFY: gettext_lazy("A listener asks ipn-verify"),
    SOAP: gettext_lazy("Any function of the SOAP API"),
    **dict.fromkeys(SOAP_FUNCTIONS, gettext_lazy("This function of the SOAP API")),
}

# ok_txn_pending_reason, from the official page "IPN Variable Reference".
PENDING_REASONS = ("review", "unilateral", "verify", "other")
# What can refuse a payment at the checkout, where the buyer reads a sentence; everything else has no sense there.
REFUSALS_AT_CHECKOUT = frozenset(OFFICIAL[number] for number in (107, 108, 109, 112, 201, 300, 301, 302))
LONGEST_DELAY = 300.0  # seconds
LONGEST_WAIT = timedelta(days=366)
MOST_COPIES = 10
DEFAULT_WAIT = timedelta(minutes=30)

_SOAP_OPERATIONS = frozenset({SOAP, *SOAP_FUNCTIONS})


class UnreadableEffect(ValueError):
    """What was written is no effect, or none of this operation. The text says what it should be."""


@dataclass(frozen=True)
class Play:
    """An effect, read. Whoever acts on it looks at the part that concerns him; the rest is as without a script."""

    effect: str
    # Seconds of real time before the answer goes out.
    delay: float = 0
    # The official name of an error.
    fault: str = ""
    # "pending" or "failed": how a payment turns out. A pending one may be decided ("approve", "decline") `after` a
    # time.
    status: str = ""
    reason: str = ""
    decision: str = ""
    after: timedelta = timedelta()
    # What becomes of the answer: "http" (another status), "reset", "truncated", "garbage". `processed`: the work is
    # done before.
    answer: str = ""
    http_status: int = 0
    processed: bool = True
    # What becomes of a notification: "drop", "double", "late", "reorder", "forge", "alter".
    notification: str = ""
    copies: int = 1
    variable: tuple[str, str] = ("", "")
    # What ipn-verify says whatever it found.
    is_invalid: bool = False
    # Look up in the table of magic amounts.
    is_magic: bool = False


@dataclass(frozen=True)
class Effect:
    """One word of the language. `argument` shows how it is written behind the colon; "" when it takes nothing."""

    name: str
    operations: frozenset[str]
    argument: str
    words: StrOrPromise
    examples: tuple[str, ...]
    fields: Callable[[str], dict[str, Any]]

    @property
    def form(self) -> str:
        return f"{self.name}{self.argument}"


def read(text: str, *, operation: str) -> Play:
    """The effect that `text` names, for an operation ("" for any). Raises UnreadableEffect."""
    name, _colon, argument = text.strip().partition(":")
    effect = EFFECTS.get(name)
    if effect is None:
        raise UnreadableEffect(
            _("There is no effect “%(name)s”. For %(operation)s there are: %(known)s.")
            % {"name": name, "operation": operation or _("any operation"), "known": ", ".join(forms(operation))}
        )
    if operation not in effect.operations:
        raise UnreadableEffect(
            _("%(name)s cannot happen to %(operation)s. There: %(known)s.")
            % {"name": name, "operation": operation or _("any operation"), "known": ", ".join(forms(operation))}
        )
    try:
        play = Play(effect=text.strip(), **effect.fields(argument))
    except UnreadableEffect as error:
        raise UnreadableEffect(
            _("%(text)s: %(expected)s It is written %(form)s, such as %(example)s.")
            % {"text": text.strip(), "expected": error, "form": effect.form, "example": effect.examples[0]}
        ) from None
    if operation == CHECKOUT and play.fault and play.fault not in REFUSALS_AT_CHECKOUT:
        raise UnreadableEffect(
            _("%(text)s: a checkout refuses with one of %(known)s.")
            % {"text": text.strip(), "known": ", ".join(sorted(REFUSALS_AT_CHECKOUT))}
        )
    return play


def delayed(play: Play, delay: float) -> Play:
    return replace(play, delay=delay) if delay else play


def forms(operation: str) -> list[str]:
    """How the effects of an operation are written, each."""
    return [effect.form for effect in EFFECTS.values() if operation in effect.operations]


def read_seconds(text: str) -> float:
    """A delay of an answer, in seconds of real time. Raises UnreadableEffect."""
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text, re.ASCII) or not 0 < float(text) <= LONGEST_DELAY:
        raise UnreadableEffect(_("A delay is 0.001 to %d seconds.") % LONGEST_DELAY)
    return float(text)


def read_time(text: str) -> timedelta:
    """A length of the sandbox's time: 30 (seconds), 30s, 10m, 2h, 1d, or ISO 8601's PT10M. Raises UnreadableEffect."""
    found = None
    if match := re.fullmatch(r"(\d{1,8})([smhd]?)", text, re.ASCII):
        unit = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        found = timedelta(**{unit: int(match[1])})
    elif re.fullmatch(r"P(?=.*\d)[\d.DTHMS]{1,30}", text, re.ASCII):
        found = parse_duration(text)
    if found is None or not timedelta() < found <= LONGEST_WAIT:
        raise UnreadableEffect(_("A time is 30 (seconds), 30s, 10m, 2h, 1d or PT10M, and at most 366d."))
    return found


def official_name(text: str) -> str:
    """The name of an error, in either dialect, as the official one. Raises UnreadableEffect."""
    renamed = {later: official for official, later in RENAMED_2015.items()}
    name = renamed.get(text, text)
    if re.fullmatch(r"M(in|ax)imum_Amount_Is_\d{1,12}(\.\d{1,2})?", name, re.ASCII):
        return name
    known = {*OFFICIAL.values(), *LATER} - {"Maximum_Amount_Is_N", "Minimum_Amount_Is_N"}
    if name not in known:
        shown = ", ".join([*OFFICIAL.values(), *sorted(LATER)])
        raise UnreadableEffect(_("There is no error of this name. Known: %(names)s.") % {"names": shown})
    return name


# How each is read


def _nothing(**fields: Any) -> Callable[[str], dict[str, Any]]:
    def read_nothing(argument: str) -> dict[str, Any]:
        if argument:
            raise UnreadableEffect(_("Nothing stands behind it."))
        return fields

    return read_nothing


def _fault(argument: str) -> dict[str, Any]:
    return {"fault": official_name(argument)}


def _pending(argument: str) -> dict[str, Any]:
    reason, *decided = argument.split(":")
    if reason not in PENDING_REASONS:
        raise UnreadableEffect(_("The reason is one of %s.") % ", ".join(PENDING_REASONS))
    if not decided:
        return {"status": "pending", "reason": reason}
    if decided[0] not in ("approve", "decline") or len(decided) != 2:
        raise UnreadableEffect(_("What is decided is approve or decline, and then stands after which time."))
    return {"status": "pending", "reason": reason, "decision": decided[0], "after": read_time(decided[1])}


def _answer(kind: str) -> Callable[[str], dict[str, Any]]:
    def read_answer(argument: str) -> dict[str, Any]:
        return {"answer": kind, "processed": _is_processed(argument)}

    return read_answer


def _http(argument: str) -> dict[str, Any]:
    status, _colon, when = argument.partition(":")
    if not re.fullmatch(r"[45]\d\d", status, re.ASCII):
        raise UnreadableEffect(_("The status is 400 to 599."))
    return {"answer": "http", "http_status": int(status), "processed": _is_processed(when)}


def _is_processed(argument: str) -> bool:
    if argument not in ("", "processed", "unprocessed"):
        raise UnreadableEffect(_("Either processed, the work is done before, or unprocessed, which is the default."))
    return argument == "processed"


def _double(argument: str) -> dict[str, Any]:
    if not argument:
        return {"notification": "double", "copies": 2}
    if not re.fullmatch(r"\d{1,2}", argument, re.ASCII) or not 2 <= int(argument) <= MOST_COPIES:
        raise UnreadableEffect(_("How often: 2 to %d.") % MOST_COPIES)
    return {"notification": "double", "copies": int(argument)}


def _late(argument: str) -> dict[str, Any]:
    return {"notification": "late", "after": read_time(argument)}


def _reorder(argument: str) -> dict[str, Any]:
    return {"notification": "reorder", "after": read_time(argument) if argument else DEFAULT_WAIT}


def _alter(argument: str) -> dict[str, Any]:
    name, equals, value = argument.partition("=")
    if not equals or not re.fullmatch(r"ok_\w{1,60}", name, re.ASCII) or name == "ok_ipn_id" or len(value) > 255:
        raise UnreadableEffect(_("A variable (not ok_ipn_id), an equals sign, and the value that is sent instead."))
    return {"notification": "alter", "variable": (name, value)}


_PAYMENTS = frozenset({CHECKOUT, SEND_MONEY})
_ANSWERS = _SOAP_OPERATIONS | {PROCESS, IPN_VERIFY}
_EVERYWHERE = frozenset(OPERATIONS)
_OPTION = "[:processed|unprocessed]"

EFFECTS = {
    effect.name: effect
    for effect in (
        Effect(
            "succeed",
            _EVERYWHERE,
            "",
            gettext_lazy(
                "Nothing special: the call goes its way. For sequences, and to except calls from what follows."
            ),
            ("succeed",),
            _nothing(),
        ),
        Effect(
            "fault",
            _SOAP_OPERATIONS | {CHECKOUT},
            ":NAME",
            gettext_lazy(
                "Refused with an error of the official table, by its name in either dialect. No money moves. At the"
                " checkout the buyer reads why and can try again."
            ),
            ("fault:Limits_Exceeded", "fault:Internal_Error", "fault:Maximum_Amount_Is_1000"),
            _fault,
        ),
        Effect(
            "pending",
            _PAYMENTS,
            ":REASON[:approve|decline:TIME]",
            gettext_lazy(
                "The payment is pending with this ok_txn_pending_reason; its money waits. It is approved or declined"
                " after the given time of the sandbox's clock, or by hand: approve and decline of the control API."
            ),
            ("pending:review", "pending:verify", "pending:review:approve:10m", "pending:other:decline:1d"),
            _pending,
        ),
        Effect(
            "failed",
            _PAYMENTS,
            "",
            gettext_lazy("The payment is recorded and announced as failed. No money moves."),
            ("failed",),
            _nothing(status="failed"),
        ),
        Effect(
            "http",
            _ANSWERS,
            ":STATUS[:processed|unprocessed]",
            gettext_lazy("An HTTP error with a page of HTML instead of the answer, as a web server in front sends it."),
            ("http:503", "http:500:processed"),
            _http,
        ),
        Effect(
            "reset",
            _ANSWERS,
            _OPTION,
            gettext_lazy("The connection is reset (TCP RST) instead of an answer."),
            ("reset:processed", "reset:unprocessed"),
            _answer("reset"),
        ),
        Effect(
            "truncated",
            _ANSWERS,
            _OPTION,
            gettext_lazy("The first half of the answer, then the connection ends."),
            ("truncated:processed", "truncated:unprocessed"),
            _answer("truncated"),
        ),
        Effect(
            "garbage",
            _ANSWERS,
            _OPTION,
            gettext_lazy("Status 200 and the right content type, with bytes that mean nothing."),
            ("garbage:processed", "garbage:unprocessed"),
            _answer("garbage"),
        ),
        Effect(
            "invalid",
            frozenset({IPN_VERIFY}),
            "",
            gettext_lazy("The answer is INVALID, whatever was asked."),
            ("invalid",),
            _nothing(is_invalid=True),
        ),
        Effect(
            "drop",
            frozenset({IPN}),
            "",
            gettext_lazy("The notification is never sent. It stands in the IPN History and can be resent from there."),
            ("drop",),
            _nothing(notification="drop"),
        ),
        Effect(
            "double",
            frozenset({IPN}),
            "[:TIMES]",
            gettext_lazy("The same bytes, the same ok_ipn_id, arrive twice or more often. Each of them verifies."),
            ("double", "double:3"),
            _double,
        ),
        Effect(
            "late",
            frozenset({IPN}),
            ":TIME",
            gettext_lazy("It is due later by the sandbox's clock. Later ones about the same payment overtake it."),
            ("late:30", "late:2h"),
            _late,
        ),
        Effect(
            "reorder",
            frozenset({IPN}),
            "[:TIME]",
            gettext_lazy(
                "It waits for the next notification about the same payment and goes behind it; if none comes, it goes"
                " after the time (30m)."
            ),
            ("reorder", "reorder:1h"),
            _reorder,
        ),
        Effect(
            "forge",
            frozenset({IPN}),
            "",
            gettext_lazy(
                "Beside the notification comes a forged one: completed, with a transaction of its own, for the same"
                " invoice. ipn-verify says INVALID to it."
            ),
            ("forge",),
            _nothing(notification="forge"),
        ),
        Effect(
            "alter",
            frozenset({IPN}),
            ":VARIABLE=VALUE",
            gettext_lazy("It arrives with another value in a variable, so that ipn-verify says INVALID to it."),
            ("alter:ok_txn_gross=0.01", "alter:ok_txn_status=completed"),
            _alter,
        ),
        Effect(
            "magic",
            frozenset({""}),
            "",
            gettext_lazy("The cents of the amount say what happens: the table of magic amounts."),
            ("magic",),
            _nothing(is_magic=True),
        ),
    )
}


def read_amount(text: str) -> Decimal | None:
    """The amount of a call, None when it is none."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
