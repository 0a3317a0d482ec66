"""Every error with its cause and its cure, collected from where each is declared.

Nothing is told twice: refusals, faults, attempts and verdicts bring their own words; a test finds any that is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from checkout import door, payment_form, seals, variable_reference
from checkout.explanations import explain
from checkout.models import CheckoutSession
from checkout.orders import CheckoutError
from checkout.refusals import Refused
from checkout.sessions import MethodNotAllowed, OtherSandbox, SessionClosed
from ipn import diagnosis, explanations
from ipn.diagnosis import Finding
from ipn.models import DeliveryAttempt, Verification
from ipn.verification import KEPT_OF_A_BODY
from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015
from soapapi.explanations import EXPLANATIONS
from wallets import errors as wallet_errors
from wallets.errors import PaymentError
from wallets.limits import MONTHLY_LIMIT_UNVERIFIED
from wallets.models import ApiCall
from wallets.money import LARGEST

Words = StrOrPromise


@dataclass(frozen=True)
class Error:
    """`key` is unique within its list and the end of its anchor."""

    key: str
    title: Words
    cause: Words
    cure: Words


@dataclass(frozen=True)
class Fault:
    """A SOAP error. `number` is None for those that came after the official page; `renamed` is its name of 2015."""

    name: str
    number: int | None
    renamed: str
    cause: Words
    cure: Words


def of_variables() -> list[Error]:
    """What process.html says is expected of a variable, besides what its own row of the reference says."""
    limits = {
        "fields": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        "size": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024,
    }
    return [
        Error(
            "required",
            payment_form.REQUIRED,
            _("A variable without which nothing can be paid is missing or empty."),
            _(
                "Send ok_receiver and, for every item, ok_item_1_name."
                " A template that left a value blank is the usual cause."
            ),
        ),
        Error(
            "too-long",
            str(payment_form.TOO_LONG) % {"limit": 127, "length": 300},
            _("The value is longer than the reference allows. Nothing is cut off silently."),
            _("Shorten it. Return and IPN addresses have 127 characters, too: keep session data out of them."),
        ),
        Error(
            "two-values",
            payment_form.TWO_VALUES,
            _("The same name came twice with different values, perhaps once in the address and once in the form."),
            _("Send each variable once. Items have numbers: ok_item_1_name, ok_item_2_name."),
        ),
        Error(
            "too-much",
            str(payment_form.TOO_MUCH) % {"most": LARGEST},
            _("All items together are more than the wire has room for."),
            _("Check price and quantity; is a price in cents, perhaps?"),
        ),
        Error(
            "not-utf-8",
            payment_form.NOT_UTF8,
            _("The page is in another character set, such as windows-1251."),
            _('Serve the page in UTF-8, or add accept-charset="utf-8" to the form.'),
        ),
        Error(
            "nul",
            payment_form.WITH_NUL,
            _("A zero byte stands in the value, mostly from a C string or a broken encoding."),
            _("Cut the value at the zero byte."),
        ),
        Error(
            "too-many",
            str(payment_form.TOO_MANY) % limits,
            _("The whole form is larger than any order."),
            _("Send what belongs to the order and nothing else."),
        ),
        Error(
            "blocked",
            variable_reference.BLOCKED,
            _("Staff have blocked the receiver’s account."),
            _("Use another receiver, or let staff unblock it in the admin."),
        ),
        Error(
            "disabled",
            variable_reference.DISABLED,
            _("Staff have switched the currency off."),
            _("Use another currency, or let staff switch it on in the admin."),
        ),
    ]


def of_buttons() -> list[Error]:
    """Links and encrypted buttons that lead nowhere."""
    return [Error(_key(refused), refused.title, refused.text, refused.cure) for refused in _refusals(Refused)]


def of_payments() -> list[Error]:
    """Why Pay was refused, in the words that the buyer reads."""
    refused: tuple[PaymentError | CheckoutError, ...] = (
        wallet_errors.InsufficientFunds(),
        wallet_errors.LimitsExceeded(MONTHLY_LIMIT_UNVERIFIED),
        wallet_errors.SourceAccountBlocked(),
        wallet_errors.SourceAccountDoesntExist(),
        wallet_errors.TargetAccountBlocked(),
        wallet_errors.CannotPaySelf(),
        wallet_errors.CurrencyDisabled(),
        wallet_errors.IncorrectAmount(),
        OtherSandbox(),
        MethodNotAllowed(),
        SessionClosed(CheckoutSession.Status.PAID.label),
    )
    return [
        Error(_key(type(error)), explained.title, "", explained.cure)
        for error in refused
        for explained in [explain(error)]
    ]


def of_soap() -> list[Fault]:
    """The 18 of the official page, in its order."""
    return [_fault(name, number) for number, name in OFFICIAL.items()]


def of_later_soap() -> list[Fault]:
    """What OKPAY added without numbers, and what is refused before any function is found."""
    others = sorted(EXPLANATIONS.keys() - set(OFFICIAL.values()) - LATER)
    return [_fault(name, None) for name in (*sorted(LATER), *others)]


def of_names(names: Iterable[str]) -> list[Fault]:
    numbers = {name: number for number, name in OFFICIAL.items()}
    return [_fault(name, numbers.get(name)) for name in names]


def of_tokens() -> list[Words]:
    """What the page Refused API calls says beside the name."""
    return [label for _value, label in ApiCall.Reason.choices]


def of_attempts() -> list[Error]:
    """What can go wrong when a notification is posted."""
    kinds = DeliveryAttempt.Error
    return [Error(kind.value, kind.label, "", str(explanations.CURES[kind])) for kind in kinds]


def of_statuses() -> list[tuple[int, Words]]:
    return [(status, str(cure)) for status, cure in explanations.STATUS_CURES.items()]


VERDICTS: dict[str, Words] = {
    Verification.Verdict.VERIFIED: gettext_lazy(
        "We sent this very message, or these very return variables. Now look at its contents."
    ),
    Verification.Verdict.INVALID: gettext_lazy("We did not send it like this. Keep it, deliver nothing, find out why."),
    Verification.Verdict.TEST: gettext_lazy("We sent it, from the IPN Simulator: nothing was paid, deliver nothing."),
}


def of_verifications() -> list[Finding]:
    """Every reason for INVALID, as the Verification Log explains it: the diagnosis is asked about one of each kind."""
    found: dict[str, Finding] = {}
    for verification, sent in _questions():
        for finding in diagnosis.diagnose(verification, sent).findings:
            found.setdefault(f"{finding.key} {finding.title} {finding.cure}", finding)
    changes = (*diagnosis.CHANGES.values(), diagnosis.EMPTIED, diagnosis.ANOTHER_VALUE)
    for change in dict.fromkeys(changes):
        found.setdefault(f"{change.key} {change.title} {change.cure}", Finding(change.key, change.title, change.cure))
    return list(found.values())


Pair = tuple[str, str]
_SENT: Sequence[Pair] = (("ok_txn_id", "1"), ("ok_invoice", "7"), ("ok_txn_comment", ""), ("ok_ipn_id", "2"))


def _questions() -> Iterable[tuple[Verification, Sequence[Pair] | None]]:
    whole = "ok_verify=true&ok_txn_id=1&ok_invoice=7&ok_txn_comment=&ok_ipn_id=2"
    yield _question("")
    yield _question(whole, unreadable="...")
    yield _question(whole, scripted="verify:invalid")
    yield _question("{}")
    yield _question(whole, ok_verify="absent")
    yield _question(whole, ok_verify="1")
    yield _question("k=" + "v" * KEPT_OF_A_BODY)
    yield _question(whole, unknown_message="")
    yield _question(whole, unknown_message="2")
    yield _question("ok_verify=true&ok_txn_id=1&ok_txn_comment=&ok_ipn_id=2")[0], _SENT
    yield _question("ok_verify=true&ok_txn_id=1&ok_invoice=7&ok_ipn_id=2")[0], _SENT
    yield _question("ok_verify=true&ok_txn_id=1&ok_invoice=7")[0], _SENT
    yield _question(whole + "&submit=1")[0], _SENT
    yield _question(whole + "&ok_invoice=7")[0], _SENT
    yield _question("ok_verify=true&ok_invoice=7&ok_txn_id=1&ok_txn_comment=&ok_ipn_id=2")[0], _SENT


def _question(body: str, **differences: str) -> tuple[Verification, None]:
    """Never stored."""
    return Verification(body=body, differences=differences, verdict=Verification.Verdict.INVALID), None


def _fault(name: str, number: int | None) -> Fault:
    explanation = EXPLANATIONS[name]
    return Fault(name, number, RENAMED_2015.get(name, ""), explanation.cause, explanation.cure)


def _key(kind: type) -> str:
    return kind.__name__


def _refusals(kind: type[Refused]) -> list[type[Refused]]:
    assert {door.PlainForm, seals.Altered}  # their modules are loaded, so that all are known
    return [found for each in kind.__subclasses__() for found in (each, *_refusals(each))]
