"""/developers/: the documentation as public pages, filled in with this server's own address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_stubs_ext import StrOrPromise

from checkout import door, returns
from checkout.languages import CODES
from ipn import variable_reference as messages
from okpay_gateway.developers import errors, programs, search, variables
from okpay_gateway.developers.samples import RECEIVER, SAMPLES, Sample
from okpay_gateway.developers.sections import BY_SLUG, SECTIONS
from sandbox.origin import origin
from wallets import fees, mass_payments
from wallets.models import Currency, Wallet
from wallets.paysystems import OKPAY_BALANCE, PAYOUTS, PAYSYSTEMS

# Of the security token's example on the official page.
EXAMPLE_PASSWORD, EXAMPLE_HOUR = "MyApiPass", "20100601:15"
# Where there is no demo cast.
ANY_PASSWORD = "password"  # noqa: S105 (a word to be replaced)

# What there is to try things with, as (URL name, title, what for). Those of a client need a login.
TOOLS: tuple[tuple[str, StrOrPromise, StrOrPromise], ...] = (
    ("ipn-simulator", _("IPN Simulator"), _("Send your listener a test message without a payment.")),
    ("ipn-listener-check", _("Listener Check"), _("Fifteen stories that a listener must survive.")),
    ("journal", _("Journal"), _("Every request and its answer, one timeline for each payment.")),
    ("ipn-history", _("IPN History"), _("What was sent to your listener, and what it answered.")),
    ("ipn-verifications", _("Verification Log"), _("Why ipn-verify answered INVALID.")),
    ("scenarios", _("Scenarios"), _("Let the next calls fail, wait, or get another end.")),
    ("buttons", _("Payment Links & Buttons"), _("Have a form, a link, an encrypted button made.")),
    ("account-seal", _("OKPAY Seal"), _("A picture for your site that shows who you are.")),
    ("marketplace", _("Marketplace"), _("Sell without a site of your own.")),
    ("api-docs", _("Control API"), _("Set the server up and look inside from a test.")),
)

Context = dict[str, Any]


@dataclass(frozen=True)
class LiveSample:
    """A sample, its source with this server's address, and what its button sends."""

    sample: Sample
    source: str
    pairs: list[tuple[str, str]]
    adds: list[tuple[str, str]]

    @property
    def rows(self) -> int:
        return self.source.count("\n") + 1


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    tools = [(reverse(name), title, text) for name, title, text in TOOLS if settings.SANDBOX or name != "scenarios"]
    return _page(request, "developers/overview.html", "", {"tools": tools})


@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in BY_SLUG:
        raise Http404
    context = CONTEXTS[slug](request) if slug in CONTEXTS else {}
    return _page(request, BY_SLUG[slug].template, slug, context)


@require_safe
def function(request: HttpRequest, function: str) -> HttpResponse:
    """A function of the SOAP API: "Click on the function to get detailed description and an example." """
    from soapapi import details, examples, reference, refusals  # see _soap_api

    found = next((each for each in reference.functions() if each.name == function), None)
    if found is None:
        raise Http404
    context = {
        "function": found,
        "details": details.of(function),
        "is_off": refusals.is_off(function),
        "refusals": errors.of_names(refusals.own(function)),
        "common": refusals.common(function),
        "example": examples.conversation(function, password="" if settings.SANDBOX else ANY_PASSWORD),
        "host": origin(request).partition("://")[2],
        "structures_at": BY_SLUG["soap-api"].address,
    }
    return _page(request, "developers/function.html", "soap-api", context)


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """What a name or some words are found under. Any question is answered, if only with nothing."""
    question = request.GET.get("q", "").replace("\0", "")[: search.LONGEST_QUESTION]
    context = {
        "question": question,
        "found": search.find(question),
        "index": {} if question.strip() else search.index(),
    }
    return _page(request, "developers/results.html", "", context)


def _page(request: HttpRequest, template: str, slug: str, context: Context) -> HttpResponse:
    frame = {
        "sections": SECTIONS,
        "section": BY_SLUG.get(slug),
        "here": request.path,
        "origin": origin(request),
        "receiver": receiver(request) or RECEIVER,
    }
    return render(request, template, frame | context)


def receiver(request: HttpRequest) -> str:
    """Whose wallet examples pay: the demo merchant's, where there is none the visitor's own, "" for nobody's."""
    if settings.SANDBOX and Wallet.objects.filter(id=RECEIVER).exists():
        return RECEIVER
    if not request.user.is_authenticated:
        return ""
    own = Wallet.objects.filter(account__user=request.user, role=Wallet.Role.CLIENT).order_by("created_at", "id")
    return own.values_list("id", flat=True).first() or ""


def _payment_forms(request: HttpRequest) -> Context:
    return {"tables": variables.of_forms()}


def _code_samples(request: HttpRequest) -> Context:
    paid = receiver(request)
    live = [
        LiveSample(
            sample,
            sample.html(receiver=paid or RECEIVER, origin=origin(request)),
            sample.form(paid) if paid else [],
            [(name, variables.anchor(name)) for name in sample.adds],
        )
        for sample in SAMPLES
    ]
    return {"samples": live, "paid": paid}


def _auto_return(request: HttpRequest) -> Context:
    return {"longest": returns.LONGEST_LOCATION}


def _notifications(request: HttpRequest) -> Context:
    return {
        "minutes": int(settings.IPN_RETRY_INTERVAL.total_seconds() // 60),
        "retries": settings.IPN_MAX_RETRIES,
        "timeout": settings.IPN_TIMEOUT,
        "statuses": messages.STATUSES,
    }


def _address_and_wallet(request: HttpRequest) -> dict[str, str]:
    """What examples are filled in with: this server, and the reader's wallet or the demo merchant's."""
    return {"origin": origin(request), "wallet": receiver(request) or RECEIVER}


def _password() -> str:
    return EXAMPLE_PASSWORD if settings.SANDBOX else ANY_PASSWORD


def _sample_listeners(request: HttpRequest) -> Context:
    own = _address_and_wallet(request)
    return {"programs": [(title, name, programs.listener(name, **own)) for title, name in programs.LISTENERS.items()]}


def _notification_variables(request: HttpRequest) -> Context:
    return {"tables": variables.of_messages()}


def _verification(request: HttpRequest) -> Context:
    return {
        "verdicts": errors.VERDICTS,
        "reasons": errors.of_verifications(),
        "is_strict": settings.IPN_VERIFY_STRICT_ORDER,
    }


def _encrypted_buttons(request: HttpRequest) -> Context:
    return {
        "own": [row for table in variables.of_forms() for row in table.rows if row.name in door.OURS],
        "refusals": errors.of_buttons(),
        "programs": programs.SEALING,
    }


def _soap_api(request: HttpRequest) -> Context:
    from soapapi import examples, reference, tokens  # it brings spyne along: see soapapi/views.py

    functions = reference.functions()
    own = _address_and_wallet(request) | {"password": _password(), "token": examples.placeholder(_password())}
    return {
        "headings": {
            title: [each for each in functions if each.heading == title]
            for title, _starts in (reference.HEADINGS[-1], *reference.HEADINGS[:-1])
        },
        "structures": reference.structures(),
        "enumerations": reference.enumerations(),
        "line": f"{EXAMPLE_PASSWORD}:{EXAMPLE_HOUR}",
        "token": tokens.token(EXAMPLE_PASSWORD, EXAMPLE_HOUR),
        "php": programs.PHP_CALL % own,
        "python": programs.PYTHON_CALL % own,
        "envelope": programs.ENVELOPE % own,
        "refusal": examples.refusal(),
    }


def _soap_samples(request: HttpRequest) -> Context:
    own = _address_and_wallet(request) | {"password": _password()}
    found = [(title, name, programs.soap_sample(name, **own)) for title, name in programs.SOAP_SAMPLES.items()]
    return {"programs": found}


def _mass_payments(request: HttpRequest) -> Context:
    return {
        "most_rows": mass_payments.MOST_ROWS,
        "lengths": {
            "receiver": mass_payments.RECEIVER_LENGTH,
            "comment": mass_payments.COMMENT_LENGTH,
            "invoice": mass_payments.INVOICE_LENGTH,
        },
        "percent": fees.SEND_MONEY_PERCENT,
        "most_fee": fees.SEND_MONEY_MOST,
    }


def _errors(request: HttpRequest) -> Context:
    return {
        "of_variables": errors.of_variables(),
        "of_buttons": errors.of_buttons(),
        "of_payments": errors.of_payments(),
        "of_soap": errors.of_soap(),
        "of_later_soap": errors.of_later_soap(),
        "of_tokens": errors.of_tokens(),
        "of_attempts": errors.of_attempts(),
        "of_statuses": errors.of_statuses(),
        "dialect": settings.API_DIALECT,
    }


def _codes(request: HttpRequest) -> Context:
    return {
        "currencies": Currency.objects.order_by("position"),
        "balance": OKPAY_BALANCE,
        "systems": PAYSYSTEMS.values(),
        "payouts": PAYOUTS.values(),
        "types": messages.ITEM_TYPES,
        "languages": CODES,
    }


CONTEXTS: dict[str, Callable[[HttpRequest], Context]] = {
    "payment-forms": _payment_forms,
    "code-samples": _code_samples,
    "auto-return": _auto_return,
    "notifications": _notifications,
    "sample-listeners": _sample_listeners,
    "notification-variables": _notification_variables,
    "verification": _verification,
    "encrypted-buttons": _encrypted_buttons,
    "soap-api": _soap_api,
    "soap-samples": _soap_samples,
    "mass-payments": _mass_payments,
    "errors": _errors,
    "codes": _codes,
}
