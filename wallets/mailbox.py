"""E-mails and text messages to clients. A sandbox keeps them in a mailbox of its own, where a tester reads them.

Who may read what: a client reads messages to his own e-mail address and phone number, and only while he is logged in;
staff read all of them in the admin. In hosted mode e-mails go out by SMTP and nothing is kept here; there is nobody to
carry text messages, so there phones are confirmed by staff.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.db.models.functions import Lower

from sandbox import clock
from sandbox.models import Sandbox
from wallets.models import Account, MailboxMessage

# How many the page shows; older ones stay for staff.
SHOWN = 100


class Mailbox(BaseEmailBackend):
    """Django's EMAIL_BACKEND of a sandbox."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        kept = [
            MailboxMessage(
                sandbox=_sandbox_of(to), to=to[:254], subject=str(message.subject)[:255], body=str(message.body)
            )
            for message in email_messages
            for to in message.recipients()
        ]
        MailboxMessage.objects.bulk_create(kept)
        return len(email_messages)


def texts_can_be_sent() -> bool:
    return settings.SANDBOX


def send_text(account: Account, text: str) -> None:
    """A text message to the client's phone."""
    MailboxMessage.objects.create(sandbox=account.sandbox, to=account.phone, subject="", body=text)


def of(account: Account) -> QuerySet[MailboxMessage]:
    """What this client may read, newest first."""
    addresses = [account.email.lower(), *([account.phone] if account.phone else [])]
    return (
        MailboxMessage.objects.annotate(to_lower=Lower("to"))
        .filter(sandbox=account.sandbox, to_lower__in=addresses)
        .order_by("-id")
    )


def _sandbox_of(email: str) -> Sandbox:
    account = Account.objects.select_related("sandbox").filter(email__iexact=email).first()
    return account.sandbox if account else clock.default_sandbox()
