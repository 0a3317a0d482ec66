"""What happens to every request first: whose it is, a usable Host where none may be asked for, a name for the log."""

import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from okpay_gateway.doors import IPN_VERIFY, SOAP_API
from soapapi import addresses

GetResponse = Callable[[HttpRequest], HttpResponse]

# Listeners behind odd proxies ask for a verdict with a Host that is no host; load balancers check health, and
# Prometheus fetches metrics, by address.
HOST_DOES_NOT_MATTER = frozenset({*IPN_VERIFY, "/health/", "/metrics", "/metrics/"})

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_request_id: ContextVar[str] = ContextVar("request_id", default="-")


class BehindProxies:
    """Say from where and how a request came, as trusted proxies, and nobody else, tell it.

    Afterwards REMOTE_ADDR is the client's, and a request that reached the proxy by HTTPS is secure: otherwise every
    client would be throttled as one, and hosted mode would redirect to HTTPS for ever.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TRUSTED_PROXIES:
            address = addresses.client_address(request.META, settings.TRUSTED_PROXIES)
            if addresses.came_by_https(request.META, settings.TRUSTED_PROXIES):
                request.META["wsgi.url_scheme"] = "https"
            if address is not None:
                request.META["REMOTE_ADDR"] = str(address)
        return self.get_response(request)


class TolerantHost:
    """Put a valid Host in place of an invalid one where the answer names no address. Elsewhere it stays an error."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_soap_call = request.path_info == SOAP_API and request.method not in ("GET", "HEAD")
        if is_soap_call or request.path_info in HOST_DOES_NOT_MATTER:
            try:
                request.get_host()
            except DisallowedHost:
                request.META["HTTP_HOST"] = _a_valid_host()
                request.META.pop("HTTP_X_FORWARDED_HOST", None)
        return self.get_response(request)


def _a_valid_host() -> str:
    first = settings.ALLOWED_HOSTS[0].lstrip(".") if settings.ALLOWED_HOSTS else ""
    return "localhost" if first in ("", "*") else first


class RequestID:
    """Name every request: the caller's well-formed X-Request-ID or one of ours, in the answer and in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if WELL_FORMED_ID.fullmatch(given) else secrets.token_hex(8)
        request.request_id = request_id  # type: ignore[attr-defined]
        token = _request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            _request_id.reset(token)
        response["X-Request-ID"] = request_id
        return response


class HeadersOnly:
    """HEAD gets a GET's headers and no body. Django leaves that to the server, and gunicorn warns of it each time."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class WithRequestID(logging.Filter):
    """Lets a log format say %(request_id)s; "-" outside a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "request_id"):
            record.request_id = _request_id.get()
        return True
