"""What went wrong, as RFC 9457 problem documents: the same shape for every error of the control API."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as InvalidModel
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings

from checkout.orders import CheckoutError
from checkout.sessions import SessionClosed
from sandbox.fault_names import OFFICIAL
from wallets.errors import PaymentError

log = logging.getLogger(__name__)

FRONT_DOOR = "/api/v1/"
MEDIA_TYPE = "application/problem+json"
# Where /api/docs/ explains a type; the others say all with their status (RFC 9457: "about:blank").
TYPES = {
    "invalid": "/api/docs/#problem-invalid",
    "refused": "/api/docs/#problem-refused",
    "idempotency_key_reused": "/api/docs/#problem-idempotency-key",
    "malformed_idempotency_key": "/api/docs/#problem-idempotency-key",
}


class Refusal(serializers.Serializer[Any]):
    """The official error: "Error codes" of the developer pages."""

    number = serializers.IntegerField()
    name = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """An RFC 9457 problem document, sent as application/problem+json."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="What is wrong with each field; a field within another is written `address.city`.",
    )
    error = Refusal(required=False)


def problem_response(exception: Exception, context: dict[str, Any]) -> Response:
    """Django REST framework's exception handler. What nobody expected is logged, and not explained to the caller."""
    request = context["request"]
    document, headers = described(exception, instance=request.path)
    if document["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.exception("%s %s failed", request.method, request.path, exc_info=exception)
    return Response(document, status=document["status"], headers=headers, content_type=MEDIA_TYPE)


def described(exception: Exception, *, instance: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The problem document and the headers that go with it."""
    document, headers = _describe(exception)
    return {**document, "instance": instance}, headers


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """For every address under /api/ that is none, and for /api/v1/ itself.

    The start prints that one: who opens it in a browser is led to the pages that say what there is.
    """
    if request.path == FRONT_DOOR and request.method in ("GET", "HEAD"):
        return redirect("api-docs")
    detail = _("There is nothing at this address; /api/docs/ lists what there is.")
    if not request.path.endswith("/"):
        detail += " " + _("Addresses of the control API end with a slash.")
    document = _problem(HTTPStatus.NOT_FOUND, detail) | {"instance": request.path}
    return JsonResponse(document, status=HTTPStatus.NOT_FOUND, content_type=MEDIA_TYPE)


def unknown_host(request: HttpRequest, detail: str) -> JsonResponse:
    document = _problem(HTTPStatus.BAD_REQUEST, detail) | {"instance": request.path, "errors": {"Host": [detail]}}
    return JsonResponse(document, status=HTTPStatus.BAD_REQUEST, content_type=MEDIA_TYPE)


@csrf_exempt
def no_subscriptions(request: HttpRequest) -> JsonResponse:
    """The contract names subscriptions/; nothing is behind it yet, and OkPayAPI says so by the same error."""
    detail = _(
        "This gateway has no subscriptions yet. IPN Simulator sends the notification of one, to test a listener."
    )
    document = _problem(HTTPStatus.NOT_IMPLEMENTED, detail) | {
        "error": {"number": 102, "name": OFFICIAL[102]},
        "instance": request.path,
    }
    response = JsonResponse(document, status=HTTPStatus.NOT_IMPLEMENTED, content_type=MEDIA_TYPE)
    # Nothing is wrong here: Django shall not log it as an error of the server's.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _describe(exception: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    match exception:
        case PaymentError():
            return _refused(exception), {}
        case SessionClosed():
            return _problem(HTTPStatus.CONFLICT, str(exception)) | {"errors": {"status": [str(exception)]}}, {}
        case CheckoutError():
            return _refused_at_checkout(exception), {}
        case exceptions.ValidationError():
            return _invalid(_flat(exception.detail)), {}
        case InvalidModel():
            by_field = hasattr(exception, "error_dict")
            return _invalid(_flat(exception.message_dict if by_field else exception.messages)), {}
        case IntegrityError():
            # What was free when we looked was taken when we wrote.
            return _problem(HTTPStatus.CONFLICT, _("Another request was faster. See what is there, and try again.")), {}
        case InterfaceError() | OperationalError():
            detail = _("The database does not answer. Try again in some seconds, with the same Idempotency-Key.")
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail), {"Retry-After": "2"}
        case exceptions.APIException():
            return _api_exception(exception)
        case Http404():
            return _problem(HTTPStatus.NOT_FOUND, _("There is no such thing.")), {}
        case PermissionDenied():
            return _problem(HTTPStatus.FORBIDDEN, _("This is not allowed.")), {}
        case RequestDataTooBig():
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("The body is too large.")), {}
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, _("Something went wrong on our side. The log has the cause.")), {}


def _refused(refusal: PaymentError) -> dict[str, Any]:
    return {
        **_problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(refusal), type="refused", title=_("The gateway refused")),
        "errors": {refusal.field: [str(refusal)]} if refusal.field else {},
        "error": {"number": refusal.number, "name": refusal.name},
    }


def _refused_at_checkout(refusal: CheckoutError) -> dict[str, Any]:
    """The checkout's own refusals have no official name."""
    return {
        **_problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(refusal), type="refused", title=_("The gateway refused")),
        "errors": {refusal.field: [str(refusal)]},
    }


def _invalid(errors: dict[str, list[str]]) -> dict[str, Any]:
    detail = _("Nothing was changed. Wrong: %(fields)s.") % {"fields": ", ".join(errors)}
    return {
        **_problem(HTTPStatus.BAD_REQUEST, detail, type="invalid", title=_("The request is not valid")),
        "errors": errors,
    }


def _api_exception(exception: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    codes = exception.get_codes()
    code = codes if isinstance(codes, str) else ""
    problem = _problem(HTTPStatus(exception.status_code), str(exception.detail), type=code)
    if errors := getattr(exception, "errors", None):
        problem["errors"] = errors
    return problem, headers


def _problem(status: HTTPStatus, detail: str, *, type: str = "", title: str = "") -> dict[str, Any]:
    return {
        "type": TYPES.get(type, "about:blank"),
        "title": title or status.phrase,
        "status": status.value,
        "detail": detail,
    }


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Nested errors as {"address.city": [...]}; what concerns the body as a whole stands under "body"."""
    if isinstance(detail, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            own = str(name) not in (api_settings.NON_FIELD_ERRORS_KEY, "__all__")
            for field, messages in _flat(inner, ".".join(filter(None, (path, str(name) if own else "")))).items():
                flat.setdefault(field, []).extend(messages)
        return flat
    if isinstance(detail, list | tuple) and any(isinstance(inner, Mapping) for inner in detail):
        return _flat({str(number): inner for number, inner in enumerate(detail) if inner}, path)
    messages = [str(message) for message in detail] if isinstance(detail, list | tuple) else [str(detail)]
    return {path or "body": messages}
