"""A visitor asks for a shop system; staff answer him."""

import hashlib
import logging
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from okpay_gateway.models import ShopSystemRequest

Status = ShopSystemRequest.Status

log = logging.getLogger(__name__)


def ask(*, shop_system: str, version: str, website: str, email: str, message: str, now: datetime) -> None:
    """Keep it for staff. The same once more, also at the same moment, is the same request."""
    told = (shop_system, version, website, email.lower(), message)
    request = ShopSystemRequest(
        shop_system=shop_system,
        version=version,
        website=website,
        email=email,
        message=message,
        fingerprint=hashlib.sha256("\0".join(told).encode()).hexdigest(),
        created_at=now,
    )
    ShopSystemRequest.objects.bulk_create([request], ignore_conflicts=True)


def answer(request: ShopSystemRequest, *, now: datetime, text: str = "") -> None:
    """It is answered; who left an e-mail address gets the text, once. Answered before, nothing happens."""
    waiting = ShopSystemRequest.objects.filter(id=request.id, status=Status.NEW)
    if waiting.update(status=Status.ANSWERED, answer=text, answered_at=now) and text and request.email:
        transaction.on_commit(lambda: _send(request, text), robust=True)


def _send(request: ShopSystemRequest, text: str) -> None:
    subject = _("Your request: %(shop_system)s") % {"shop_system": request.shop_system}
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [request.email])
    except (SMTPException, OSError):
        log.exception("The answer to request %d could not be sent.", request.id)
