"""An `Idempotency-Key` makes a POST safe to repeat: the first answer is kept for a day and given again.

The key counts together with the caller's token and the address. A repetition that arrives while the first is still
being worked on waits for it. Answers are kept sealed: some tell a password or a token, and shall be the only place.
"""

import hashlib
import re
from datetime import timedelta

from cryptography.fernet import InvalidToken
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox.ciphers import cipher
from sandbox.models import RememberedAnswer, Sandbox

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=1)
PURPOSE = "remembered answer"
PATTERN = r"^[!-~]{1,255}$"
WELL_FORMED = re.compile(PATTERN)


class MalformedKey(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "malformed_idempotency_key"
    default_detail = _("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces, such as a UUID.")


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = _(
        "This Idempotency-Key came before with another body. Repeat that request unchanged, or use a new key."
    )


class AnswerUnreadable(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotent_answer_unreadable"
    default_detail = _(
        "This request was carried out before, but SECRET_KEY has changed since, so its answer cannot be read."
    )


def scope_of(request: Request, key: str) -> str:
    """Raises MalformedKey."""
    if not WELL_FORMED.fullmatch(key):
        raise MalformedKey
    parts = (request.headers.get("Authorization", ""), request.get_full_path(), key)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def recall(scope: str, request: Request) -> HttpResponse | None:
    """The first answer, None if there was none yet. Raises KeyReused if it answered another body; AnswerUnreadable."""
    answer = RememberedAnswer.objects.filter(scope=scope, created_at__gt=timezone.now() - KEPT_FOR).first()
    if answer is None:
        return None
    if answer.fingerprint != _fingerprint(request):
        raise KeyReused
    try:
        body = cipher(PURPOSE).decrypt(answer.body.encode())
    except InvalidToken:
        raise AnswerUnreadable from None
    return HttpResponse(
        body,
        status=answer.status,
        content_type=answer.content_type,
        headers={"Idempotent-Replayed": "true"},
    )


def remember(scope: str, request: Request, sandbox: Sandbox, response: Response) -> None:
    RememberedAnswer.objects.filter(created_at__lte=timezone.now() - KEPT_FOR).delete()
    RememberedAnswer.objects.create(
        sandbox=sandbox,
        scope=scope,
        fingerprint=_fingerprint(request),
        status=response.status_code,
        content_type=response.content_type or "application/json",
        body=cipher(PURPOSE).encrypt(_rendered(response)).decode(),
    )


def _rendered(response: Response) -> bytes:
    """As the renderer will: a 204 has no body."""
    return b"" if response.data is None else JSONRenderer().render(response.data)


def _fingerprint(request: Request) -> str:
    return hashlib.sha256(request.body).hexdigest()
