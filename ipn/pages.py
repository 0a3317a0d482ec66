"""A client's IPN pages: the IPN History, the IPN Simulator and the log of ipn-verify.

Official pages "IPN Operations on OKPAY" and "IPN Testing". Whose messages these are follows from the login alone: every
look-up is bound to the wallets of the account, so another client's message is no message.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ipn import delivery, diagnosis, explanations, pictures
from ipn import history as past
from ipn import simulator as simulation
from ipn.forms import SearchForm, SimulatorFields, SimulatorStart
from ipn.history import Search
from ipn.models import DeliveryAttempt, IpnMessage, Verification
from sandbox import clock
from sandbox.models import Sandbox

# Enough to see a whole series of retries and more; a message can be resent without end.
MOST_ATTEMPTS = 40
MOST_VERIFICATIONS = 20
# Tests that may wait to be sent at once. Each holds a web thread until its listener has answered.
MOST_TESTS_UNDER_WAY = 3
# How long after IPN_TIMEOUT the result of a test may take to be written down, and how often we look.
PATIENCE = 1.0
LOOK_EVERY = 0.05

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, "Client", Arguments], HttpResponse]


class Client:
    """Who is looking: the login's account, without a word about what else an account is."""

    def __init__(self, request: HttpRequest) -> None:
        assert request.user.is_authenticated
        account = request.user.account
        if account is None:
            raise PermissionDenied
        self.account = account
        self.wallets = {wallet.id: wallet for wallet in account.wallets.order_by("created_at", "id")}
        self.sandbox: Sandbox = account.sandbox

    @property
    def now(self) -> datetime:
        return clock.now(self.sandbox)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(wallet.id, f"{wallet.title} ({wallet.id})") for wallet in self.wallets.values()]

    def message(self, message_id: int) -> IpnMessage:
        return get_object_or_404(IpnMessage, id=message_id, wallet_id__in=self.wallets)


def for_clients(view: View[Arguments]) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
    """Only for who is logged in and has an account. Nothing of it stays in a cache."""

    def page(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        return view(request, Client(request), *args, **kwargs)

    page.__doc__ = view.__doc__
    return never_cache(login_required(page))


# IPN History


@require_safe
@for_clients
def history(request: HttpRequest, client: Client) -> HttpResponse:
    """Search, and what was found, page by page."""
    form = SearchForm(request.GET, wallets=client.choices)
    search = form.search()
    page = search and past.page(
        search, older_than=_id(request.GET.get("older")), newer_than=_id(request.GET.get("newer"))
    )
    criteria = _criteria(request.GET)
    return render(
        request,
        "ipn/history.html",
        {
            "form": form,
            "page": page,
            "rows": page and _rows(page.messages),
            "criteria": criteria,
            "query": criteria.urlencode(),
            "found": past.count(search) if search else 0,
            "most": past.MAX_RESEND,
            "unverified": past.count(Search(list(client.wallets), never_verified=True)),
            "looked_back": past.LOOK_BACK,
            "interval": pictures.in_short(settings.IPN_RETRY_INTERVAL),
            "retries": settings.IPN_MAX_RETRIES,
            "query_is_never_verified": bool(search and search.never_verified),
            "never_verified": SearchForm.NEVER_VERIFIED,
        },
    )


@require_POST
@for_clients
def resend_found(request: HttpRequest, client: Client) -> HttpResponse:
    """Send everything that the search found again, as far as one click may."""
    search = SearchForm(request.POST, wallets=client.choices).search()
    if search is None:
        messages.error(request, _("Nothing was resent: the search is not valid."))
        return redirect("ipn-history")
    resent = past.resend_found(search, now=client.now)
    messages.success(
        request,
        ngettext("%(count)d message is being resent.", "%(count)d messages are being resent.", resent)
        % {"count": resent},
    )
    query = _criteria(request.POST).urlencode()
    return redirect(f"{reverse('ipn-history')}{'?' if query else ''}{query}")


@require_safe
@for_clients
def message(request: HttpRequest, client: Client, message_id: int) -> HttpResponse:
    """IPN details: everything about one message."""
    message = client.message(message_id)
    attempts = list(message.deliveries.order_by("-number")[:MOST_ATTEMPTS])[::-1]
    verifications = list(message.verifications.order_by("-id")[:MOST_VERIFICATIONS])
    never_verified = bool(past.unverified_among([message]))
    return render(
        request,
        "ipn/message.html",
        {
            "message": message,
            "wallet": client.wallets[message.wallet_id],
            "attempts": [(attempt, explanations.cure(attempt)) for attempt in reversed(attempts)],
            "omitted": message.attempts_made - len(attempts),
            "timeline": pictures.timeline(attempts, message.next_attempt_at),
            "acknowledged_at": past.acknowledged_at(message),
            "due_in": _due_in(message, client.now),
            "verifications": verifications,
            "never_verified": never_verified,
            "without_its_id": past.asked_without_its_id(message) if never_verified and not verifications else [],
            "can_be_resent": past.can_be_resent(message),
            "listener_check": past.listener_check_of(message),
            "sent_body": attempts[-1].request_body if attempts else message.body(resend=False),
            "verify_url": _verify_url(request),
        },
    )


@require_POST
@for_clients
def resend(request: HttpRequest, client: Client, message_id: int) -> HttpResponse:
    """Send one message again, to the URL that it has always had."""
    message = client.message(message_id)
    if past.can_be_resent(message):
        delivery.resend(message, now=client.now)
        messages.success(request, _("The message is being resent. Reload the page to see what came of it."))
    else:
        messages.info(request, _("The message is about to be sent for the first time."))
    return redirect("ipn-message", message.id)


# IPN Simulator


@require_http_methods(["GET", "HEAD", "POST"])
@for_clients
def simulator(request: HttpRequest, client: Client) -> HttpResponse:
    """Step 1: wallet, URL and kind. Step 2: a form full of test data. Then the result, above the form again."""
    if request.method == "POST":
        return _send_test(request, client)
    if "sent" in request.GET:
        return _tested(request, client)
    if "kind" not in request.GET or "back" in request.GET:
        given = {name: request.GET[name] for name in ("wallet", "url", "kind", "status") if name in request.GET}
        own = next(iter(client.wallets.values()), None)
        start = SimulatorStart(
            wallets=client.choices, initial={"wallet": own and own.id, "url": own.ipn_url if own else "", **given}
        )
        return render(request, "ipn/simulator_start.html", {"form": start})
    start = SimulatorStart(request.GET, wallets=client.choices)
    if not start.is_valid():
        return render(request, "ipn/simulator_start.html", {"form": start})
    return _fields(request, start, SimulatorFields(defaults=_defaults(start, client)))


def _send_test(request: HttpRequest, client: Client) -> HttpResponse:
    start = SimulatorStart(request.POST, wallets=client.choices)
    if not start.is_valid():
        return render(request, "ipn/simulator_start.html", {"form": start})
    fields = SimulatorFields(request.POST, defaults=_defaults(start, client))
    if not fields.is_valid():
        return _fields(request, start, fields)
    if _tests_under_way(client) >= MOST_TESTS_UNDER_WAY:
        messages.warning(
            request,
            _("Nothing was sent: other tests of yours still wait to be sent. If they keep waiting, no worker runs."),
        )
        return _fields(request, start, fields)
    message = simulation.send(
        sandbox=client.sandbox,
        wallet_id=start.cleaned_data["wallet"],
        url=start.cleaned_data["url"],
        kind=start.cleaned_data["kind"],
        pairs=fields.pairs(),
        now=client.now,
    )
    _wait_for_an_attempt(message)
    query = QueryDict(mutable=True)
    query.update(
        {
            "sent": str(message.id),
            "status": start.cleaned_data["status"],
            "blank_fields": fields.cleaned_data["blank_fields"],
        }
    )
    # A page of its own: reloading it shows what the listener did since, and does not send the message again.
    return redirect(f"{reverse('ipn-simulator')}?{query.urlencode()}")


def _tested(request: HttpRequest, client: Client) -> HttpResponse:
    message = client.message(_id(request.GET["sent"]) or 0)
    if not message.is_test:
        raise Http404
    start = SimulatorStart(
        {
            "wallet": message.wallet_id,
            "url": message.url,
            "kind": message.kind,
            "status": request.GET.get("status", ""),
        },
        wallets=client.choices,
    )
    if not start.is_valid():
        raise Http404
    defaults = _defaults(start, client)
    sent = dict(message.pairs)
    initial = {name: sent.get(name, "") for name in (*(name for name, _value in defaults), *sent)}
    fields = SimulatorFields(
        defaults=defaults, initial={**initial, "blank_fields": request.GET.get("blank_fields", "")}
    )
    attempt = message.deliveries.order_by("number").last()
    verification = message.verifications.order_by("id").last()
    return _fields(
        request,
        start,
        fields,
        {
            "sent": message,
            "attempt": attempt,
            "cure": explanations.cure(attempt) if attempt else "",
            "verification": verification,
            "verify_url": _verify_url(request),
        },
    )


def _fields(
    request: HttpRequest, start: SimulatorStart, fields: SimulatorFields, result: dict[str, object] | None = None
) -> HttpResponse:
    back = QueryDict(mutable=True)
    back.update({**{name: start.cleaned_data[name] for name in ("wallet", "url", "kind", "status")}, "back": "1"})
    return render(
        request,
        "ipn/simulator_fields.html",
        {"start": start, "form": fields, "back": back.urlencode(), **(result or {})},
    )


def _defaults(start: SimulatorStart, client: Client) -> list[simulation.Pair]:
    status, reason = start.status_and_reason()
    account = client.account
    receiver = simulation.Receiver(
        wallet=start.cleaned_data["wallet"], email=account.email, phone=account.phone, account=account.id
    )
    return simulation.default_variables(start.cleaned_data["kind"], status, receiver, client.now, reason=reason)


def _tests_under_way(client: Client) -> int:
    return IpnMessage.objects.filter(
        wallet_id__in=client.wallets, is_test=True, attempts_made=0, next_attempt_at__isnull=False
    ).count()


def _wait_for_an_attempt(message: IpnMessage) -> None:
    """Until the worker has posted it, or it is clear that something else comes first."""
    give_up = time.monotonic() + settings.IPN_TIMEOUT + PATIENCE
    while time.monotonic() < give_up and not DeliveryAttempt.objects.filter(message=message).exists():
        time.sleep(LOOK_EVERY)


# The log of ipn-verify


@require_safe
@for_clients
def verifications(request: HttpRequest, client: Client) -> HttpResponse:
    """Every call of ipn-verify about this client's messages."""
    verdict = request.GET.get("verdict", "")
    if verdict not in Verification.Verdict.values:
        verdict = ""
    page = past.log_page(list(client.wallets), verdict=verdict, older_than=_id(request.GET.get("older")))
    return render(
        request,
        "ipn/verifications.html",
        {"page": page, "verdict": verdict, "verdicts": Verification.Verdict.values, "verify_url": _verify_url(request)},
    )


@require_safe
@for_clients
def verification(request: HttpRequest, client: Client, verification_id: int) -> HttpResponse:
    """Why a call got its verdict: what was sent and what came back, side by side."""
    verification = get_object_or_404(past.verifications(list(client.wallets)), id=verification_id)
    return render(
        request,
        "ipn/verification.html",
        {
            "verification": verification,
            "diagnosis": diagnosis.diagnose(verification),
            "verify_url": _verify_url(request),
        },
    )


# Small change


def _rows(found: list[IpnMessage]) -> list[tuple[IpnMessage, bool]]:
    unverified = past.unverified_among(found)
    return [(message, message.id in unverified) for message in found]


def _criteria(asked: QueryDict) -> QueryDict:
    """What was searched for, without what only says which page of it."""
    criteria = QueryDict(mutable=True)
    for name in SearchForm.base_fields:
        if value := asked.get(name):
            criteria[name] = value
    return criteria


def _due_in(message: IpnMessage, now: datetime) -> str:
    """Until the next attempt, empty when none is due later."""
    if message.next_attempt_at is None or message.next_attempt_at <= now:
        return ""
    return pictures.in_short(max(message.next_attempt_at - now, timedelta()))


def _id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _verify_url(request: HttpRequest) -> str:
    path = reverse("ipn-verify")
    return settings.PUBLIC_URL + path if settings.PUBLIC_URL else request.build_absolute_uri(path)
