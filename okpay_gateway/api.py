"""The control API's door: who may come in, and how lists are paged. settings.REST_FRAMEWORK names these classes."""

import hmac
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as InvalidValue
from django.db import DataError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from sandbox.access import OWNER, Access, recognise
from wallets.models import Account


class ControlTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`: CONTROL_TOKEN, whose holder owns the installation, or one of `tokens/`.

    There is no user; `request.auth` says what the caller may.
    """

    def authenticate(self, request: Request) -> tuple[None, Access] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _space, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NoSuchToken(_("Send the token as: Authorization: Bearer <CONTROL_TOKEN>."))
        token = token.strip()
        if hmac.compare_digest(token.encode(errors="replace"), settings.CONTROL_TOKEN.encode()):
            return None, OWNER
        caller = recognise(token, now=timezone.now())
        if caller is None:
            raise wrong_token()
        if caller.account_id and not Account.objects.filter(id=caller.account_id, sandbox=caller.sandbox_id).exists():
            raise NoSuchToken(_("The account of this token is no more."))
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="control API"'


class NoSuchToken(exceptions.AuthenticationFailed):
    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.errors = {"Authorization": [detail]}


def wrong_token() -> NoSuchToken:
    return NoSuchToken(_("This is neither the CONTROL_TOKEN of this gateway nor a token that holds."))


class HasControlToken(BasePermission):
    """A token of any kind; what it may is compared by the view (sandbox.api.ControlView)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            missing = exceptions.NotAuthenticated(_("Send the token as: Authorization: Bearer <CONTROL_TOKEN>."))
            missing.errors = {"Authorization": [str(missing.detail)]}  # type: ignore[attr-defined]
            raise missing
        return True


class JSONBody(JSONParser):
    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        # Editors and PowerShell put a byte order mark before a file, which JSON does not know.
        encoding = (parser_context or {}).get("encoding") or "utf-8"
        context = {**(parser_context or {}), "encoding": "utf-8-sig" if encoding.lower() == "utf-8" else encoding}
        try:
            return super().parse(stream, media_type, context)
        except RecursionError:
            raise exceptions.ParseError(_("This JSON is nested too deeply.")) from None


class AlwaysJSON(BaseContentNegotiation):
    """There is nothing to choose from, so an odd Accept header is no reason to refuse."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        media_type = request.content_type.split(";")[0].strip().lower()
        if media_type and not media_type.endswith("json"):
            raise JSONOnly
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class JSONOnly(exceptions.APIException):
    status_code = 415
    default_code = "json_only"
    default_detail = gettext_lazy("Send the body as JSON, with the header Content-Type: application/json.")


class NewestFirst(CursorPagination):
    """Pages by cursor: what comes in between two pages neither repeats nor hides a row."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        self.ordering = getattr(view, "newest_first", "-id")
        try:
            page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, InvalidValue, ValueError, DataError):
            raise exceptions.ValidationError({"cursor": [_("Take it from `next` or `previous` of a page.")]}) from None
        if settings.PUBLIC_URL:
            self.base_url = settings.PUBLIC_URL + request.get_full_path()
        return page
