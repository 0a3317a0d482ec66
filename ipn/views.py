"""ipn-verify: VERIFIED, INVALID or TEST, as bytes that the simplest client understands.

The request is read by hand: clients send any Content-Type or none, and a body in chunks. PHP's cURL sends an array
as multipart/form-data, so that is read, too; a line end behind the form is not of its last value.
"""

import time
from io import BytesIO

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from ipn import verification
from ipn.encoding import encode
from ipn.models import Verification
from sandbox import journal

BLOCK = 64 * 1024  # bytes
# A body beyond the limit is read to its end, up to here, or the client would miss the answer.
PATIENCE = 16 * 1024 * 1024  # bytes


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponse:
    """The verdict and nothing else: no newline, Content-Length, text/plain. By POST or GET, the variables anywhere."""
    body, unreadable = _read_body(request)
    form, unreadable = _as_form(request, body, unreadable)
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "backslashreplace")
    answer = verification.verify(
        b"&".join(filter(None, (query, form))),
        method=request.method or "",
        content_type=request.META.get("CONTENT_TYPE", ""),
        remote_address=request.META.get("REMOTE_ADDR", ""),
        now=timezone.now(),
        unreadable=unreadable,
    )
    time.sleep(verification.delay(answer))
    known = answer.message or answer.auto_return
    journal.note(
        body=body,
        sandbox=answer.sandbox if known or answer.wallet_id else None,
        wallet=answer.wallet_id,
        transaction=known and known.transaction_id,
        verification=answer.id,
        outcome=str(answer.verdict),
        why=answer.reason,
        failed=answer.verdict == Verification.Verdict.INVALID,
        **({"correlation": answer.message.story} if answer.message and answer.message.story else {}),
    )
    content = str(answer.verdict).encode("ascii")
    return HttpResponse(content, content_type="text/plain", headers={"Content-Length": str(len(content))})


def _read_body(request: HttpRequest) -> tuple[bytes, str]:
    """The start of the body, one byte longer than what is read of any message, and why it is not whole."""
    stream = request.META["wsgi.input"]
    left = _length(request)
    body, read = b"", 0
    try:
        while left > 0 and (block := stream.read(min(BLOCK, left))):
            left -= len(block)
            read += len(block)
            body += block[: verification.MAX_BODY + 1 - len(body)]
    except Exception as error:  # every web server has classes of its own for a malformed body
        return body, f"the body broke off or its chunks are malformed ({type(error).__name__})"
    if left > 0 and request.META.get("CONTENT_LENGTH") and read < PATIENCE:
        return body, f"the body ended {left} bytes before its Content-Length"
    return body, ""


def _as_form(request: HttpRequest, body: bytes, unreadable: str) -> tuple[bytes, str]:
    """The body as a form has it, and why it cannot be read."""
    is_multipart = request.META.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data")
    # Some say multipart and send a form all the same.
    if unreadable or not (is_multipart and body.startswith(b"--")):
        return body.rstrip(b"\r\n"), unreadable
    try:
        fields, _files = MultiPartParser(request.META | {"CONTENT_LENGTH": len(body)}, BytesIO(body), []).parse()
    except (MultiPartParserError, SuspiciousOperation) as error:
        return b"", f"the body is no multipart/form-data ({type(error).__name__})"
    return encode([(name, str(value)) for name, values in fields.lists() for value in values]).encode(), ""


def _length(request: HttpRequest) -> int:
    """How many bytes to read: what Content-Length says, or of a body in chunks whatever comes."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if text.isascii() and text.isdigit():
        return min(int(text), PATIENCE) if len(text) < 19 else PATIENCE
    return PATIENCE if request.META.get("wsgi.input_terminated") else 0
