"""Deliver messages until they are acknowledged, or given up: every 30 minutes, up to 15 times after the first.

The official page is "IPN Operations on OKPAY". A message is due at its `next_attempt_at`, in its sandbox's time; who
reaches for it is ipn.pump, in a worker or, for `deliver_due`, right here.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Min, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from ipn import claims, kicks, scripted
from ipn.encoding import encode
from ipn.models import DeliveryAttempt, IpnMessage
from ipn.pump import Pump
from sandbox.models import Sandbox

POLL = 0.02  # seconds between two looks at what another worker has under way


def queue(
    *,
    sandbox: Sandbox,
    wallet_id: str,
    transaction_id: int | None,
    kind: str,
    url: str,
    pairs: Sequence[tuple[str, str]],
    now: datetime,
    is_test: bool = False,
) -> IpnMessage:
    """Seal a message in the caller's database transaction; it goes out on commit."""
    message = IpnMessage.objects.create(
        sandbox=sandbox,
        wallet_id=wallet_id,
        transaction_id=transaction_id,
        kind=kind,
        url=url,
        variables=encode(pairs),
        is_test=is_test,
        created_at=now,
        next_attempt_at=now,
    )
    if scripted.may_be(sandbox, pairs):
        scripted.hold(message, now=now)
    transaction.on_commit(kicks.kick)
    return message


def resend(message: IpnMessage, *, now: datetime) -> None:
    """Send a message again, now, with retries of its own if that fails. Its URL and variables stay as they are."""
    # An attempt that is under way belongs to the series before.
    made = F("attempts_made") + Case(When(claimed_until__gt=Now(), then=Value(1)), default=Value(0))
    IpnMessage.objects.filter(id=message.id).update(
        status=IpnMessage.Status.QUEUED, next_attempt_at=now, series_start=made
    )
    message.refresh_from_db()
    transaction.on_commit(kicks.kick)


def next_due_at(sandbox: Sandbox, *, until: datetime, after: datetime | None = None) -> datetime | None:
    """The first moment, after `after` and up to `until`, at which a message of this sandbox is due. None: none is."""
    due = _due(sandbox, until).filter(next_attempt_at__gt=after) if after else _due(sandbox, until)
    moment: datetime | None = due.aggregate(first=Min("next_attempt_at"))["first"]
    return moment


def deliver_due(sandbox: Sandbox, *, now: datetime | None) -> list[DeliveryAttempt]:
    """Make every attempt of a sandbox that is due at its time `now`, and wait for those that workers are making.

    None: by its clock as it goes. While others pay, a moment that stands still would part a wallet's messages: they are
    numbered by who booked first, and due from when the request came.
    Returns the attempts. Whatever a listener does, it comes back when a lost worker's claims have run out.
    """
    until = now or sandbox.time_at(timezone.now())
    newest = DeliveryAttempt.objects.order_by("-id").values_list("id", flat=True).first() or 0
    patience = timedelta(seconds=2 * settings.IPN_TIMEOUT) + claims.LEASE_MARGIN
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        Pump(sandbox=sandbox, now=now).run()
        if not _due(sandbox, until).exists() or time.monotonic() > deadline:
            break
        time.sleep(POLL)
    # What came after ours meanwhile had to wait for it.
    kicks.kick()
    made = DeliveryAttempt.objects.filter(message__sandbox=sandbox, id__gt=newest)
    return list(made.select_related("message").order_by("id"))


def _due(sandbox: Sandbox, until: datetime) -> QuerySet[IpnMessage]:
    return IpnMessage.objects.filter(sandbox=sandbox, next_attempt_at__lte=until)
