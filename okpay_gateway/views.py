"""The site's own pages: home, the choice of a language, and the pages that say what went wrong."""

import sys
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe

from marketplace import windows
from okpay_gateway import problems
from sandbox import clock
from sandbox.origin import origin
from wallets import seed

# The demo cast by its wallets (wallets/seed.py), in the words of the home page.
ROLES = {
    "OK702746927": gettext_lazy("merchant"),
    "OK100000001": gettext_lazy("buyer"),
    "OK100000002": gettext_lazy("poor buyer"),
    "OK100000003": gettext_lazy("blocked"),
    "OK100000004": gettext_lazy("second merchant"),
    "": gettext_lazy("staff"),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    seen = windows.looker(request)
    context = {
        "origin": origin(request),
        "demo_logins": _demo_logins() if settings.SANDBOX else [],
        "popular": windows.popular(seen, now=clock.now(seen.sandbox), most=6),
    }
    return render(request, "home.html", context)


def _demo_logins() -> list[dict[str, object]]:
    logins = [(who["wallet"], *who["login"]) for who in seed.CAST] + [("", *seed.STAFF)]
    return [
        {"who": ROLES[wallet], "wallet": wallet, "email": email, "password": password}
        for wallet, email, password in logins
    ]


# Django's own view checks `next` against this host and keeps the choice in LANGUAGE_COOKIE_NAME.
set_language = require_POST(i18n.set_language)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _error(
            request,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            _("This is too large"),
            _("Nothing was changed. Go back and choose a smaller file; the form says how large it may be."),
        )
    if isinstance(exception, DisallowedHost):
        return _unknown_host(request)
    return _error(
        request,
        HTTPStatus.BAD_REQUEST,
        _("We could not understand this request"),
        _("Something about it does not follow the rules of the web. Go back and try again."),
    )


def _unknown_host(request: HttpRequest) -> HttpResponse:
    """Whoever lets www.okpay.com lead here, or calls a container by its name, meets this first.

    The name is not repeated: nothing of an address that is not ours shall stand in an answer.
    """
    title = _("This server does not go by that name")
    text = _(
        "The host name in the address is not among those of the setting ALLOWED_HOSTS. Name it there and start again, "
        "such as: ALLOWED_HOSTS=localhost,127.0.0.1,www.okpay.com"
    )
    if request.path.startswith("/api/"):
        return problems.unknown_host(request, f"{title}. {text}")
    return _error(request, HTTPStatus.BAD_REQUEST, title, text)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(
        request,
        HTTPStatus.FORBIDDEN,
        _("This page is not open to you"),
        _("It may belong to another account. Log in with the account that it belongs to."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(
        request,
        HTTPStatus.FORBIDDEN,
        _("This form has expired"),
        _("Nothing was changed. Go back, reload the page and send the form again; your browser must accept cookies."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is no page at this address"),
        _("The address may be mistyped, or what stood here is no longer kept."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Stands on nothing that may be broken: no database, no session, no context processor.

    503 while the database is away, so that programs know to come again.
    """
    away = isinstance(sys.exception(), InterfaceError | OperationalError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    try:
        page = get_template("500.html").render(
            {"status": status.value, "request_id": getattr(request, "request_id", "")}
        )
    except Exception:  # Even the template is broken: still calm words.
        page = (
            "<!doctype html><title>Error</title><p>Something went wrong on our side. Please try again in a moment.</p>"
        )
    return HttpResponse(page, status=status)


def _error(request: HttpRequest, status: HTTPStatus, title: str, text: str) -> HttpResponse:
    return render(request, "error.html", {"status": status.value, "title": title, "text": text}, status=status)
