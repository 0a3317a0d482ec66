"""The checkout's pages: the door for shops' forms, then login, review, payment system, and the way back to the shop."""

from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from checkout import door, graphics, languages, orders, payment_form, returns, scripted, sessions
from checkout.explanations import explain
from checkout.forms import ReviewForm, country_of
from checkout.models import CheckoutSession
from checkout.orders import CheckoutError, Choices
from checkout.payment_form import Pair, PaymentFormError, Problem
from checkout.refusals import Refused
from checkout.variable_reference import REFERENCE
from sandbox import clock, correlation, journal
from sandbox.models import DEFAULT
from sandbox.origin import origin
from wallets import parties, payments, registration, seed
from wallets.errors import PaymentError
from wallets.forms import EMAIL_TAKEN, LoginForm, RegistrationForm
from wallets.models import Account
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS

Status = CheckoutSession.Status

# What the simulated payment system can answer.
OUTCOMES = {"paid": payments.PAID, "refused": payments.REFUSED, "pending": payments.PENDING}

# Chromium applies form-action also to where the answer of a form redirects to, and the shop may redirect once more: so
# the pages whose buttons lead back to a shop allow the web, whatever the shop's address is.
leads_to_the_shop = csp_update({"form-action": ["http:", "https:"]})


# The door


@csrf_exempt  # a shop's form comes from the shop's pages, and only opens a checkout
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def process(request: HttpRequest) -> HttpResponse:
    """process.html: a checkout is opened, or a page names everything that is wrong with the form."""
    if request.method == "HEAD":
        return HttpResponse()  # somebody checks whether the link leads anywhere; nothing is opened for that
    pairs: list[Pair] = []
    try:
        pairs = _pairs(request)
        if not payment_form.is_payment_form(pairs):
            journal.note(outcome="no payment form")
            return _what_belongs_here(request)
        arrival = door.read(pairs, now_in=clock.now)
    except Refused as error:
        _note_refusal(pairs, error)
        return render(request, "checkout/link_refused.html", {"refused": error}, status=HTTPStatus.BAD_REQUEST)
    except PaymentFormError as error:
        _note_refusal(pairs, error)
        context = {"problems": error.problems, "hints": error.hints}
        return render(request, "checkout/problems.html", context, status=HTTPStatus.BAD_REQUEST)
    order = arrival.request
    now = clock.now(order.receiver.account.sandbox)
    cue = scripted.at_the_door(order, now=now)
    if cue and not cue.play.processed:
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)  # and the script sees to what becomes of it
    session = sessions.open_session(order, link=arrival.link, now=now)
    _note(session, outcome="opened")
    return redirect("checkout", session.token)


def _note(session: CheckoutSession, **more: str) -> None:
    """For the journal: whose checkout this is."""
    journal.note(
        sandbox=session.sandbox,
        wallet=session.receiver_id,
        invoice=session.invoice,
        correlation=session.correlation or correlation.current(),
        **more,
    )


def _note_refusal(pairs: list[Pair], error: PaymentFormError | Refused) -> None:
    """The receiver is told, if the form names one: it is he who looks for his mistake in the journal."""
    sent = dict(reversed(pairs))
    named = sent.get("ok_receiver", "")[:127]
    receiver = parties.find_wallet(named) if named.isprintable() else None
    if isinstance(error, Refused):
        receiver = error.wallet or receiver
    journal.note(
        sandbox=receiver and receiver.account.sandbox,
        wallet=receiver.id if receiver else "",
        invoice=sent.get("ok_invoice", ""),
        outcome="refused",
        why=str(error),
    )


def _pairs(request: HttpRequest) -> list[Pair]:
    """Query and body. Raises PaymentFormError when there is more than anybody would send."""
    try:
        pairs = payment_form.read(request.META.get("QUERY_STRING", "").encode("latin-1", "replace"))
        if request.method == "POST":
            if request.content_type == "multipart/form-data":
                request.encoding = "utf-8"
                pairs += [(name, str(value)) for name, values in request.POST.lists() for value in values]
            else:
                pairs += payment_form.read(request.body)
    except (RequestDataTooBig, TooManyFieldsSent):
        pairs = []
        too_much = True
    else:
        too_much = len(pairs) > settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    if too_much:
        limits = {
            "fields": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
            "size": settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024,
        }
        expected = str(payment_form.TOO_MANY) % limits
        raise PaymentFormError([Problem(_("the whole form"), _("more than that"), expected)], [])
    return pairs


def _what_belongs_here(request: HttpRequest) -> HttpResponse:
    context = {"origin": origin(request), "reference": REFERENCE}
    return render(request, "checkout/door.html", context, status=HTTPStatus.BAD_REQUEST)


@require_safe
def graphic(request: HttpRequest, name: str) -> HttpResponse:
    """A button's graphic at the address that the official samples have for it, such as img/buttons/x02.gif."""
    return redirect(graphics.address(name if name in graphics.GRAPHICS else graphics.DEFAULT, "en"))


# The pages of one session

SessionView = Callable[..., HttpResponse]


def page(*methods: str) -> Callable[[SessionView], Callable[..., HttpResponseBase]]:
    """A view of one session: found by its token, in its language, never cached. No session: a page that says so."""

    def decorate(view: SessionView) -> Callable[..., HttpResponseBase]:
        @require_http_methods(list(methods))
        @never_cache
        @wraps(view)
        def wrapped(request: HttpRequest, token: str) -> HttpResponseBase:
            session = _find(token)
            if session is None:
                return render(request, "checkout/unknown.html", status=HTTPStatus.NOT_FOUND)
            languages.speak(request, session)
            _note(session, operation=view.__name__)
            response = leads_to_the_shop(partial(view, session=session))(request)
            journal.note(outcome=session.status, transaction=session.transaction_id)
            return response

        return wrapped

    return decorate


def _find(token: str) -> CheckoutSession | None:
    """The session as it is now: one whose time is over is closed, whether or not the scheduler came by."""
    found = CheckoutSession.objects.select_related("sandbox", "currency", "receiver__account__sandbox", "transaction")
    session = found.prefetch_related("items").filter(token=token).first()
    if session and session.is_open and session.expires_at <= clock.now(session.sandbox):
        sessions.expire_due(session.sandbox, clock.now(session.sandbox))
        session.refresh_from_db(fields=["status", "finished_at", "transaction"])
    return session


@page("GET", "HEAD", "POST")
def checkout(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """The checkout itself: who is logged in reviews and pays, others log in, register or go on without an account."""
    if not session.is_open:
        return _closed(request, session)
    payer = _payer(request)
    if _goes_straight_on(session):
        return redirect("checkout-paysystem", session.token)
    if payer:
        return _review(request, session, payer)
    if not orders.balance_is_allowed(session):
        return redirect("checkout-guest", session.token)
    return _login(request, session, LoginForm(request, initial={"username": session.payer_details.get("email", "")}))


@page("GET", "HEAD", "POST")
def guest(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """The same review without an account: only payment systems can be chosen."""
    if not session.is_open:
        return _closed(request, session)
    if _payer(request) or not orders.allowed_systems(session):
        return redirect("checkout", session.token)
    return _review(request, session, None)


@sensitive_post_parameters("password")
@page("GET", "HEAD", "POST")
def log_in(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """Log in and stay with the order. Django gives the browser's session a new key."""
    if request.method != "POST" or not session.is_open:
        return redirect("checkout", session.token)
    form = LoginForm(request, request.POST)
    if not form.is_valid():
        return _login(request, session, form)
    login(request, form.get_user())
    return redirect("checkout", session.token)


@sensitive_post_parameters("password", "password_again")
@page("GET", "HEAD", "POST")
def register(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """A new client comes in by way of an order: account and wallet are made, and the order goes on."""
    if _payer(request) or not session.is_open:
        return redirect("checkout", session.token)
    if request.method == "POST":
        form = RegistrationForm(request.POST)
        if form.is_valid() and (account := _open_account(form, session)):
            login(request, account.user)
            return redirect("checkout", session.token)
    else:
        form = RegistrationForm(initial=_new_client(session.payer_details))
    return render(request, "checkout/register.html", {"session": session, "form": form})


@page("GET", "HEAD", "POST")
def paysystem(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """The page of an external payment system, simulated: the tester says what it answers."""
    if not session.is_open:
        return _closed(request, session)
    error: PaymentError | CheckoutError | None = None
    try:
        if session.choices is None and not _goes_straight_on(session):
            return redirect("checkout", session.token)
        if session.choices is None:
            choices = Choices(method=session.direct_method)
            sessions.choose(session, payer=_payer(request), choices=choices, now=clock.now(session.sandbox))
            session.refresh_from_db(fields=["choices", "payer_account"])
        if request.method == "POST" and (outcome := OUTCOMES.get(request.POST.get("outcome", ""))):
            sessions.pay(session, outcome=outcome, now=clock.now(session.sandbox))
            return _go(session)
    except sessions.SessionClosed:
        return _closed(request, session)
    except (PaymentError, CheckoutError) as refused:
        error = refused
    choices = Choices.from_json(session.choices) if session.choices else Choices(method=session.direct_method)
    order = orders.draft(session, choices)
    if order is None or choices.method == OKPAY_BALANCE:
        return redirect("checkout", session.token)
    context = {
        "session": session,
        "can_go_back": not _goes_straight_on(session),
        "system": PAYSYSTEMS[choices.method],
        "price": payments.quote(order, method=choices.method),
        "error": explain(error) if error else None,
    }
    return render(request, "checkout/paysystem.html", context)


@page("GET", "HEAD", "POST")
def cancel(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """The buyer changes his mind."""
    if request.method != "POST":
        return redirect("checkout", session.token)
    try:
        sessions.cancel(session, now=clock.now(session.sandbox))
    except sessions.SessionClosed:
        return _closed(request, session)
    return _go(session)


@page("GET", "HEAD")
def return_to_shop(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """Back to the shop with the variables: by a redirect, or by a form that submits itself."""
    if session.is_open:
        return redirect("checkout", session.token)
    way = returns.back(session, now=clock.now(session.sandbox))
    if not way.is_shop or way.method == returns.Method.GET:
        return redirect(way.location)
    return render(request, "checkout/return.html", {"session": session, "way": way})


@page("GET", "HEAD")
def receipt(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """How it ended, for shops that have no page of their own for it."""
    if session.is_open:
        return redirect("checkout", session.token)
    return _ending(request, session, HTTPStatus.GONE if session.status == Status.EXPIRED else HTTPStatus.OK)


@page("POST")
def set_language(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """The buyer prefers another language than the shop thought: kept with the order, so on every page of it."""
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        session.language = chosen
        session.save(update_fields=["language"])
    # Django's own view checks `next` and keeps the choice in the cookie too.
    return i18n.set_language(request)


# Their parts


def _payer(request: HttpRequest) -> Account | None:
    """Whose account the browser is logged in to. Staff have none, and are to the checkout as anybody else."""
    return request.user.account if request.user.is_authenticated else None


def _goes_straight_on(session: CheckoutSession) -> bool:
    """ok_directdeposit, and nothing needs to be asked."""
    direct = session.direct_method not in ("", OKPAY_BALANCE)
    return direct and not orders.questions(session) and not orders.needs_address(session)


def _login(request: HttpRequest, session: CheckoutSession, form: LoginForm) -> HttpResponse:
    context = {
        "session": session,
        "summary": orders.summary(session, {}),
        "form": form,
        "systems": orders.allowed_systems(session),
        # Every start makes sure of him, in this sandbox; the others' buyers have passwords that only their makers know.
        "demo_buyer": seed.BUYER["login"] if settings.SANDBOX and session.sandbox_id == DEFAULT else None,
    }
    return render(request, "checkout/login.html", context)


def _review(request: HttpRequest, session: CheckoutSession, payer: Account | None) -> HttpResponse:
    pressed_pay = request.method == "POST" and "update" not in request.POST
    form = ReviewForm(session, payer, request.POST if request.method == "POST" else None)
    error: PaymentError | CheckoutError | None = None
    if pressed_pay and form.is_valid():
        try:
            return _pay(session, payer, form.choices())
        except sessions.SessionClosed:
            return _closed(request, session)
        except (PaymentError, CheckoutError) as refused:
            error = refused
    context = {
        "session": session,
        "summary": orders.summary(session, form.values_so_far),
        "payer": payer,
        "form": form,
        "show_errors": pressed_pay,
        "error": explain(error) if error else None,
    }
    return render(request, "checkout/review.html", context)


def _pay(session: CheckoutSession, payer: Account | None, choices: Choices) -> HttpResponse:
    now = clock.now(session.sandbox)
    if choices.method == OKPAY_BALANCE:
        sessions.pay(session, payer=payer, choices=choices, now=now)
        return _go(session)
    sessions.choose(session, payer=payer, choices=choices, now=now)
    return redirect("checkout-paysystem", session.token)


def _go(session: CheckoutSession) -> HttpResponse:
    """Where a finished session leads."""
    session.refresh_from_db(fields=["status", "transaction"])
    way = returns.back(session, now=clock.now(session.sandbox))
    if way.is_shop and way.method == returns.Method.POST:
        return redirect("checkout-return", session.token)
    return redirect(way.location)


def _closed(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """A page of a session that is over. Who pressed Pay once more is led on as the first time."""
    session.refresh_from_db(fields=["status", "transaction"])
    if request.method == "POST" and session.transaction:
        return _go(session)
    return _ending(request, session, HTTPStatus.GONE)


def _ending(request: HttpRequest, session: CheckoutSession, status: HTTPStatus) -> HttpResponse:
    way = returns.back(session, now=clock.now(session.sandbox))
    context = {
        "session": session,
        "payment": session.transaction,
        "method": session.transaction and _method_name(session.transaction.payment_method),
        "has_shop": way.is_shop,
    }
    return render(request, "checkout/ending.html", context, status=status)


def _method_name(code: str) -> str:
    return _("OKPAY balance") if code == OKPAY_BALANCE else str(PAYSYSTEMS[code].name)


def _open_account(form: RegistrationForm, session: CheckoutSession) -> Account | None:
    try:
        return registration.register(sandbox=session.sandbox, now=clock.now(session.sandbox), **form.details())
    except (ValidationError, IntegrityError):
        # Somebody registered the same e-mail or phone between the form's check and the database's.
        form.add_error("email", EMAIL_TAKEN)
        return None


def _new_client(sent: dict[str, str]) -> dict[str, Any]:
    """ok_payer_* as the registration form's first values."""
    kind = Account.Kind.BUSINESS if sent.get("business_name") else Account.Kind.PERSON
    return sent | {"kind": kind, "country_code": country_of(sent)}
