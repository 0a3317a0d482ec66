"""Stands at the door: names what follows from a request (its correlation), and hands request and answer to the journal.

It comes first, so what it sees is what the client gets.
"""

import ipaddress
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.request import HttpHeaders
from django.http.response import HttpResponseBase
from django.utils import timezone

from okpay_gateway.doors import IPN_VERIFY, SOAP_API
from okpay_gateway.journal.events import KEPT_OF_A_BODY
from sandbox import correlation, journal
from sandbox.journal import Record
from sandbox.masking import Masker, decode
from sandbox.models import DEFAULT, JournalEntry
from wallets import parties
from wallets.models import Transaction

Kind = JournalEntry.Kind

HEADER = "X-Correlation-ID"
# So many bytes of a body are looked at: a secret may begin before the cut.
LOOKED_AT = KEPT_OF_A_BODY + 512
KEPT_OF_A_HEAD = 8 * 1024  # characters
LONGEST_URL, LONGEST_WHY = 4000, 2000
SAFE = ("GET", "HEAD", "OPTIONS")

DOORS = {
    "/process.html": Kind.FORM,
    **dict.fromkeys(IPN_VERIFY, Kind.VERIFY),
    SOAP_API: Kind.SOAP,
}
# They know a transaction by its number only, or may.
TOLD_BY_TRANSACTION = (Kind.VERIFY, Kind.API)
# Their bodies are read here, before the view; the others' views read by themselves and tell.
READ_HERE = (Kind.FORM, Kind.API)


class Journal:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with correlation.carried(correlation.new()) as name:
            kind = kind_of(request.path_info, request.method or "") if settings.JOURNAL else None
            if kind is None:
                return self.get_response(request)
            return self._journalled(request, Record(kind, name))

    def _journalled(self, request: HttpRequest, record: Record) -> HttpResponseBase:
        real_at, started = timezone.now(), time.perf_counter()
        if record.kind in READ_HERE:
            record.body = _body(request)
        with journal.recording(record):
            response = self.get_response(request)
        try:
            _settle(record)
            journal.keep(_row(record, request, response, real_at, time.perf_counter() - started))
        except Exception as error:
            # The request is answered, whatever becomes of its row.
            journal.lose(record.sandbox.id if record.sandbox else DEFAULT, error)
        response.headers[HEADER] = record.correlation
        return response


def kind_of(path: str, method: str) -> Kind | None:
    """Whether a request is journalled, and as what. Of the control API only what changes something."""
    if kind := DOORS.get(path):
        return kind
    if path.startswith("/checkout/"):
        return Kind.PAGE
    if path.startswith("/api/v1/") and method not in SAFE:
        return Kind.API
    return None


def _body(request: HttpRequest) -> bytes | None:
    """The body, which the view then finds read. One that is too much or breaks off is the view's to refuse."""
    try:
        return request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None


def _settle(record: Record) -> None:
    """What mouths below the wallets could not know: whose sandbox, and which story."""
    if record.sandbox is None and record.wallet:
        wallet = parties.CLIENT_WALLET.first(record.wallet)
        record.wallet = wallet.id if wallet else ""
        record.sandbox = wallet.account.sandbox if wallet else None
    if record.transaction is not None and record.kind in TOLD_BY_TRANSACTION:
        transaction = Transaction.objects.filter(id=record.transaction).only("id", "correlation", "invoice").first()
        if transaction:
            record.correlation, record.invoice = transaction.story, transaction.invoice
    record.correlation = record.correlation or correlation.current()


def _row(
    record: Record, request: HttpRequest, response: HttpResponseBase, real_at: Any, seconds: float
) -> dict[str, Any]:
    masker = Masker(_known_secrets())
    asked_as, answered_as = request.META.get("CONTENT_TYPE", ""), response.headers.get("Content-Type", "")
    # Headers first: a cookie that is learned here is found wherever else it stands.
    request_head = _head(masker, _headers(request))
    url = masker.address(_url(request))
    request_body, request_size = _request_body(masker, record, request, asked_as)
    response_head = _head(masker, (*response.headers.items(), *_cookies(response)))
    response_body, response_size = _response_body(masker, record, response, answered_as)
    clean = masker.scrub
    return {
        "sandbox_id": record.sandbox.id if record.sandbox else DEFAULT,
        "is_stray": record.sandbox is None,
        "at": record.sandbox.time_at(real_at) if record.sandbox else None,
        "real_at": real_at,
        "kind": str(record.kind),
        "correlation": record.correlation[:40],
        "wallet_id": record.wallet[:11],
        "transaction_id": record.transaction,
        "verification_id": record.verification,
        "invoice": _storable(clean(masker.text(record.invoice)))[:127],
        "operation": _storable(clean(record.operation))[:60],
        "outcome": _storable(clean(record.outcome))[:60],
        "why": _storable(clean(masker.text(". ".join(filter(None, (record.script, record.why))))))[:LONGEST_WHY],
        "failed": record.failed or response.status_code >= 400,
        "method": _storable(request.method or "")[:10],
        "url": _storable(clean(url))[:LONGEST_URL],
        "remote_address": _address(request.META.get("REMOTE_ADDR", "")),
        "request_head": _storable(clean(request_head)),
        "request_body": _storable(clean(request_body)),
        "request_size": request_size,
        "status": response.status_code,
        "response_head": _storable(clean(response_head)),
        "response_body": _storable(clean(response_body)),
        "response_size": response_size,
        "duration": timedelta(seconds=seconds),
    }


def _known_secrets() -> Iterable[str]:
    if settings.CONTROL_TOKEN != "sandbox":  # noqa: S105 (that one is published)
        yield settings.CONTROL_TOKEN
    yield settings.SECRET_KEY


def _head(masker: Masker, headers: Iterable[tuple[str, str]]) -> str:
    lines = (f"{name}: {' '.join(masker.header(name, value).splitlines())}" for name, value in headers)
    return "\n".join(lines)[:KEPT_OF_A_HEAD]


def _headers(request: HttpRequest) -> Iterable[tuple[str, str]]:
    return ((name, value) for key, value in request.META.items() if (name := _header(key)))


@lru_cache(maxsize=1000)
def _header(key: str) -> str | None:
    """A header's name, given a key of WSGI's environment."""
    return HttpHeaders.parse_header_name(key)


def _cookies(response: HttpResponseBase) -> Iterable[tuple[str, str]]:
    return (("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values())


def _url(request: HttpRequest) -> str:
    query = request.META.get("QUERY_STRING", "")
    host = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
    return f"{request.scheme}://{host}{request.path}{'?' if query else ''}{query}"


def _request_body(masker: Masker, record: Record, request: HttpRequest, content_type: str) -> tuple[str, int]:
    if record.kind == Kind.PAGE:
        # What a buyer types is between him and OKPAY; merchants read this.
        length = request.META.get("CONTENT_LENGTH") or "0"
        return "", int(length) if length.isascii() and length.isdigit() and len(length) < 10 else 0
    body = record.body or b""
    return _text(masker, body, content_type), len(body)


def _response_body(masker: Masker, record: Record, response: HttpResponseBase, content_type: str) -> tuple[str, int]:
    if not isinstance(response, HttpResponse):
        return "", 0
    body, size = response.content, len(response.content)
    if record.kind == Kind.PAGE:
        # It shows the buyer's name and balances.
        return "", size
    if content_type.startswith("text/html"):
        # Without the frame: that has the name of whoever is logged in, and is the same everywhere.
        start, end = body.find(b"<main"), body.rfind(b"</main>")
        main = body[start : end + 7] if 0 <= start < end else body
        return masker.page(main[:LOOKED_AT].decode("utf-8", "replace"))[:KEPT_OF_A_BODY], size
    return _text(masker, body, content_type), size


def _text(masker: Masker, body: bytes, content_type: str) -> str:
    if not body:
        return ""
    text = decode(body[:LOOKED_AT], content_type)
    if text is None:
        return f"[{len(body)} bytes that are no text]"
    return masker.text(text)[:KEPT_OF_A_BODY]


@lru_cache(maxsize=1000)
def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _storable(text: str) -> str:
    """As PostgreSQL keeps it: without NUL and surrogates, which are written out."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
