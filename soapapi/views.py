"""/OkPayAPI over HTTP: the contract by GET, calls by POST.

The service itself is imported with the first request: it brings spyne along, and no other command shall wait for that.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from sandbox import journal
from soapapi import addresses
from soapapi.authentication import Call
from soapapi.envelope import MOST_BYTES
from soapapi.errors import CallRefused, Malformed

if TYPE_CHECKING:
    from soapapi.endpoint import Answer

CONTENT_TYPE = "text/xml; charset=utf-8"
HEADERS = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-cache, no-store, private"}
WSDL_QUERIES = frozenset({"wsdl", "singlewsdl"})


@csrf_exempt
def okpay_api(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return answer_call(request)
    if request.method in ("GET", "HEAD"):
        return _describe(request)
    response = _refuse(Malformed("neither GET nor POST"))
    response.status_code, response["Allow"] = 405, "GET, HEAD, POST"
    return response


def answer_call(request: HttpRequest) -> HttpResponse:
    """A call's answer. Nothing of the request is read before but its line and its headers."""
    from soapapi import application

    call = Call(
        address=addresses.client_address(request.META, settings.TRUSTED_PROXIES),
        is_https=addresses.came_by_https(request.META, settings.TRUSTED_PROXIES),
        at=timezone.now(),
    )
    try:
        body = _body(request)
    except Exception:  # every WSGI server has errors of its own for what breaks off or is no chunk
        return _refuse(Malformed("the request broke off"))
    journal.note(body=body)
    return _respond(application.ENDPOINT.answer(body, request.META.get("CONTENT_TYPE", ""), call))


def _body(request: HttpRequest) -> bytes:
    """The request's bytes, at most one more than are allowed.

    Read from the WSGI server: Django takes a request without Content-Length for empty, but Axis2 and .NET send chunks.
    """
    stream = request.META["wsgi.input"]
    try:
        length = int(request.META.get("CONTENT_LENGTH") or -1)
    except ValueError:
        length = -1
    if length < 0 and not request.META.get("wsgi.input_terminated"):
        return b""
    wanted = MOST_BYTES + 1 if length < 0 else min(length, MOST_BYTES + 1)
    parts = []
    while wanted > 0 and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _refuse(error: CallRefused) -> HttpResponse:
    from soapapi import endpoint

    return _respond(endpoint.refusal(error))


def _respond(answer: "Answer") -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, headers=HEADERS | {"Content-Length": len(answer.body)})
    # A fault's status is 500, but nothing is wrong here: Django shall not log it as an error of the server's.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _describe(request: HttpRequest) -> HttpResponse:
    from soapapi import application, wsdl

    by_https = not settings.SANDBOX or addresses.came_by_https(request.META, settings.TRUSTED_PROXIES)
    origin = settings.PUBLIC_URL or f"{'https' if by_https else 'http'}://{request.get_host()}"
    address = origin + request.path
    if WSDL_QUERIES & {name.lower() for name in request.GET}:
        response = HttpResponse(wsdl.at(application.WSDL, address), content_type=CONTENT_TYPE)
    else:
        response = render(request, "soapapi/service.html", {"address": address, "functions": application.FUNCTIONS})
    add_never_cache_headers(response)
    return response
