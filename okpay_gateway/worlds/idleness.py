"""Sandboxes that nobody has used for long go, so that a CI that forgets to delete its own fills no disk."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import OperationalError
from django.db.models import Exists, OuterRef, QuerySet

from okpay_gateway.worlds import removal
from sandbox.models import DEFAULT, JournalEntry, Sandbox
from wallets.models import User

log = logging.getLogger(__name__)


def drop_idle(now: datetime) -> int:
    """Drop those that were idle for settings.SANDBOXES_IDLE_FOR; returns how many. `now` is the real time.

    A call of the control API about it is a use, and so are a request that its journal knows and a login.
    """
    dropped = 0
    for sandbox in idle(now):
        try:
            removal.drop(sandbox)
        except OperationalError:
            # Somebody has just come back; or the next round will do.
            log.warning("The idle sandbox %s is busy and stays for now.", sandbox.id)
        else:
            log.info("The sandbox %s was idle and is dropped.", sandbox.id)
            dropped += 1
    # Its rows have no foreign key to hold them: a request that was under way when its sandbox went leaves one.
    JournalEntry.objects.exclude(Exists(Sandbox.objects.filter(id=OuterRef("sandbox_id")))).delete()
    return dropped


def idle(now: datetime) -> QuerySet[Sandbox]:
    since = now - settings.SANDBOXES_IDLE_FOR
    asked = JournalEntry.objects.filter(sandbox=OuterRef("pk"), real_at__gt=since)
    came = User.objects.filter(account__sandbox=OuterRef("pk"), last_login__gt=since)
    return Sandbox.objects.exclude(id=DEFAULT).filter(~Exists(asked), ~Exists(came), used_at__lte=since)
