"""Perform what becomes due as a sandbox's time goes by, in order, as if somebody had waited."""

import threading
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Min, QuerySet

from checkout import sessions
from checkout.models import CheckoutSession
from ipn import delivery
from ipn.models import DeliveryAttempt, IpnMessage
from sandbox import clock
from sandbox.models import Sandbox
from wallets import decisions

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Done:
    """What happened: messages acknowledged, attempts to be repeated, messages given up, checkouts expired, pending
    payments decided."""

    delivered: int = 0
    retried: int = 0
    failed: int = 0
    expired: int = 0
    decided: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Outstanding:
    """What is due now or under way: IDs of messages, tokens of checkout sessions, IDs of pending transactions."""

    ipn_messages: list[int]
    checkout_sessions: list[str]
    transactions: list[int]

    def __bool__(self) -> bool:
        return bool(self.ipn_messages or self.checkout_sessions or self.transactions)


def advance(sandbox: Sandbox, by: timedelta) -> Done:
    """Move the sandbox's time forward, from one due moment to the next, and do at each what it brings."""
    last_attempt = DeliveryAttempt.objects.order_by("-id").values_list("id", flat=True).first() or 0
    was_frozen = sandbox.frozen_at is not None
    # Stands still between the steps: a worker that takes part then counts its retries from the same moments.
    now = clock.freeze(sandbox)
    # What the steps take is not lost: afterwards the clock is ahead by exactly what was asked for.
    ahead_by: timedelta | None = sandbox.clock_offset + by
    done = _perform(sandbox, now)
    for moment in _moments(sandbox, after=now, until=now + by):
        if not _step(sandbox, to=moment):
            ahead_by = None
            break  # Somebody reset the sandbox or its clock: this time is no more.
        done += _perform(sandbox, moment)
    if not was_frozen:
        clock.run(sandbox, ahead_by=ahead_by)
    return done + _deliveries(sandbox, last_attempt)


def wait(sandbox: Sandbox, timeout: timedelta) -> Outstanding:
    """Perform what is due now, and wait for what a worker has under way. What is left after `timeout` is returned."""
    deadline = time.monotonic() + timeout.total_seconds()
    performer: threading.Thread | None = None
    while left := outstanding(sandbox, clock.now(sandbox)):
        if time.monotonic() >= deadline:
            break
        if performer is None or not performer.is_alive():
            # Beside us, because a listener that hangs shall not hold whoever waits longer than he said.
            performer = threading.Thread(target=_perform_beside, args=(sandbox,), daemon=True)
            performer.start()
        performer.join(min(POLL_SECONDS, max(0, deadline - time.monotonic())))
        sandbox.refresh_from_db()
    return left


def outstanding(sandbox: Sandbox, now: datetime) -> Outstanding:
    messages = IpnMessage.objects.filter(sandbox=sandbox, next_attempt_at__lte=now).order_by("next_attempt_at", "id")
    return Outstanding(
        list(messages.values_list("id", flat=True)),
        list(_open_sessions(sandbox, until=now).values_list("token", flat=True)),
        list(decisions.due(sandbox, until=now).values_list("transaction_id", flat=True)),
    )


def _perform(sandbox: Sandbox, now: datetime) -> Done:
    decided = decisions.decide_due(sandbox, now=now)
    delivery.deliver_due(sandbox, now=now)
    return Done(expired=sessions.expire_due(sandbox, now), decided=decided)


def _perform_beside(sandbox: Sandbox) -> None:
    try:
        _perform(sandbox, clock.now(sandbox))
    finally:
        connection.close()


def _moments(sandbox: Sandbox, *, after: datetime, until: datetime) -> Iterator[datetime]:
    """The moments at which something is due, looked up one by one, because each may bring others; `until` at last."""
    while (moment := _next_moment(sandbox, until=until)) and moment > after:
        yield moment
        after = moment
    yield until


def _next_moment(sandbox: Sandbox, *, until: datetime) -> datetime | None:
    expiry = _open_sessions(sandbox, until=until).aggregate(first=Min("expires_at"))["first"]
    decision = decisions.next_due_at(sandbox, until=until)
    return min(filter(None, (delivery.next_due_at(sandbox, until=until), expiry, decision)), default=None)


def _step(sandbox: Sandbox, *, to: datetime) -> bool:
    stepped = Sandbox.objects.filter(id=sandbox.id, frozen_at=sandbox.frozen_at).update(frozen_at=to)
    sandbox.refresh_from_db()
    return bool(stepped)


def _open_sessions(sandbox: Sandbox, *, until: datetime) -> QuerySet[CheckoutSession]:
    return CheckoutSession.objects.filter(sandbox=sandbox, status=CheckoutSession.Status.OPEN, expires_at__lte=until)


def _deliveries(sandbox: Sandbox, last_attempt: int) -> Done:
    attempts = DeliveryAttempt.objects.filter(message__sandbox=sandbox, id__gt=last_attempt)
    delivered = attempts.filter(error="").count()
    failed = attempts.filter(message__status=IpnMessage.Status.FAILED).values("message").distinct().count()
    return Done(delivered=delivered, retried=attempts.count() - delivered - failed, failed=failed)
