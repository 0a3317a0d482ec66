"""An address is its owner's when he shows that he gets what is sent there.

E-mail: a signed link, good for some days, that also carries out a change of address. Phone: a code of six digits in a
text message, good for some minutes and some tries. Both go by real time.
"""

import hmac
import logging
import secrets
from datetime import datetime, timedelta
from smtplib import SMTPException

import redis
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from wallets import mailbox, parties, payments
from wallets.errors import EmailTaken
from wallets.models import Account, User
from wallets.throttle import Throttle

LINK_LIFETIME = timedelta(days=3)
CODE_LIFETIME = timedelta(minutes=15)
CODE_DIGITS = 6
MESSAGES = Throttle("confirmation-messages", allowed=5, period=timedelta(minutes=10))
TRIES = Throttle("phone-code", allowed=5, period=CODE_LIFETIME)
SALT = "wallets.confirmations.email"

log = logging.getLogger(__name__)


class LinkRefused(Exception):
    """The link is not ours, too old, or the address is another by now."""


def ask_to_confirm_email(client: Account, email: str, *, origin: str) -> int:
    """Send a link to the client's own or a new e-mail address. Answers how many seconds to wait; 0 when it went out.

    A mail server that is away is logged and no error: whoever registers is registered, and can ask again.
    """
    if wait := MESSAGES.attempt(client.id):
        return wait
    token = signing.dumps({"account": client.id, "from": client.email, "to": email}, salt=SALT)
    context = {
        "client": client,
        "email": email,
        "is_new": email != client.email,
        "address": origin + reverse("confirm-email", args=[token]),
        "days": LINK_LIFETIME.days,
    }
    try:
        send_mail(
            _("Confirm your e-mail address"),
            render_to_string("wallets/messages/confirm_email.txt", context),
            settings.DEFAULT_FROM_EMAIL,
            [email],
        )
    except (SMTPException, OSError) as error:
        log.error("The mail server cannot be reached: %s", error)
    return 0


def link(token: str) -> tuple[Account, str]:
    """Whose address it confirms, and which. Raises LinkRefused."""
    try:
        said = signing.loads(token, salt=SALT, max_age=LINK_LIFETIME)
    except signing.BadSignature:
        raise LinkRefused from None
    # The address that it was asked from must still be his: each change makes earlier links void.
    client = Account.objects.select_related("sandbox").filter(id=said["account"], email=said["from"]).first()
    if client is None:
        raise LinkRefused
    return client, said["to"]


@transaction.atomic
def confirm_email(token: str, *, now: datetime) -> Account:
    """The address is the client's: confirmed, or from now on his, with what was sent to it before he had it.

    Raises LinkRefused, EmailTaken.
    """
    client, email = link(token)
    client = Account.objects.select_for_update(of=("self",), no_key=True).select_related("sandbox").get(id=client.id)
    try:
        with transaction.atomic():
            Account.objects.filter(id=client.id).update(email=email, email_confirmed=True)
            User.objects.filter(account=client).update(email=email)
    except IntegrityError:
        raise EmailTaken from None
    client.email, client.email_confirmed = email, True
    if wallet := parties.primary_wallet(client):
        payments.collect(wallet, now=now)
    return client


def send_phone_code(client: Account) -> int:
    """A text message with a code to the client's phone. Answers how many seconds to wait; 0 when it went out."""
    if wait := MESSAGES.attempt(client.id):
        return wait
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    try:
        cache.set(_code_key(client), code, CODE_LIFETIME.total_seconds())
    except redis.RedisError:
        return 60
    TRIES.forget(client.id, client.phone)
    mailbox.send_text(client, _("Your OKPAY code is %(code)s.") % {"code": code})
    return 0


def confirm_phone(client: Account, code: str) -> bool:
    """Whether it was the code of the last message to this very number. Too many tries end it."""
    try:
        expected = cache.get(_code_key(client))
    except redis.RedisError:
        return False
    if not expected or TRIES.attempt(client.id, client.phone):
        return False
    given = "".join(code.split())
    if not hmac.compare_digest(given.encode(), str(expected).encode()):
        return False
    cache.delete(_code_key(client))
    # Only if it is still this number: it may have been changed in another window.
    return bool(Account.objects.filter(id=client.id, phone=client.phone).update(phone_confirmed=True))


def _code_key(client: Account) -> str:
    return f"phone-code:{client.id}:{client.phone}"
