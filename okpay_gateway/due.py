"""Perform what becomes due as a sandbox's time goes by, in order, as if somebody had waited.

One queue for all kinds: expiries of checkouts, decisions about pending payments, lists of payments, notifications. Time
goes from one due moment to the next, looked up anew each time, because what happens at one may bring others.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db import connection
from django.db.models import Min, QuerySet

from checkout import sessions
from checkout.models import CheckoutSession
from ipn import delivery
from ipn.listener_check import checks
from ipn.models import DeliveryAttempt, IpnMessage, ListenerCheck
from sandbox import clock
from sandbox.locks import unless_taken
from sandbox.models import Sandbox
from wallets import decisions, mass_payments
from wallets.models import MassPayment

POLL_SECONDS = 0.05
# How often one moment is gone through again, when a shop answers a notification with what causes another one.
ROUNDS_AT_A_MOMENT = 20
# A list that another process sends is waited for, seconds.
LONGEST_LIST = 60.0
EVENTS_AT_MOST = 1000


@dataclass(frozen=True)
class Event:
    """Something that happened: `what` is "checkout", "payment", "mass_payment" or "ipn", `id` its token or number."""

    at: datetime
    what: str
    id: str
    outcome: str


@dataclass(frozen=True)
class Done:
    """What happened: messages acknowledged, attempts to be repeated, messages given up, checkouts expired, pending
    payments decided, lists of payments sent. `events` are all of that in order, the first EVENTS_AT_MOST of them."""

    delivered: int = 0
    retried: int = 0
    failed: int = 0
    expired: int = 0
    decided: int = 0
    lists_sent: int = 0
    events: tuple[Event, ...] = ()

    @property
    def omitted(self) -> int:
        """Events that are not told one by one."""
        attempts = self.delivered + self.retried + self.failed
        return attempts + self.expired + self.decided + self.lists_sent - len(self.events)


@dataclass(frozen=True)
class Outstanding:
    """What is due now or under way: IDs of messages, tokens of checkout sessions, IDs of pending transactions, of
    lists of payments and of Listener Checks."""

    ipn_messages: list[int]
    checkout_sessions: list[str]
    transactions: list[int]
    mass_payments: list[int]
    listener_checks: list[int]

    def __bool__(self) -> bool:
        return any(vars(self).values())


def advance(sandbox: Sandbox, by: timedelta) -> Done:
    """Move the sandbox's time forward, from one due moment to the next, and do at each what it brings.

    What was due before and is still there comes first, in its order; only posts have no past, they go out now.
    """
    last_attempt = DeliveryAttempt.objects.order_by("-id").values_list("id", flat=True).first() or 0
    was_frozen = sandbox.frozen_at is not None
    # Stands still between the steps: a worker that takes part then counts its retries from the same moments.
    now = clock.freeze(sandbox)
    # What the steps take is not lost: afterwards the clock is ahead by exactly what was asked for.
    ahead_by: timedelta | None = sandbox.clock_offset + by
    acts: list[Event] = []
    try:
        for moment in chain([now], _moments(sandbox, after=now, until=now + by)):
            if moment > now and not _step(sandbox, to=moment):
                ahead_by = None  # Somebody reset the sandbox or its clock: this time is no more.
                break
            acts += _perform(sandbox, moment)
    except BaseException:
        ahead_by = None  # As far as it came.
        raise
    finally:
        if not was_frozen:
            clock.run(sandbox, ahead_by=ahead_by)
    return _done(sandbox, acts, last_attempt)


def wait(sandbox: Sandbox, timeout: timedelta) -> Outstanding:
    """Perform what is due now, and wait for what a worker has under way. What is left after `timeout` is returned."""
    deadline = time.monotonic() + timeout.total_seconds()
    performer: threading.Thread | None = None
    while left := outstanding(sandbox, clock.now(sandbox)):
        if time.monotonic() >= deadline:
            break
        if performer is not None and not performer.is_alive():
            # The work is in somebody else's hands, or just ended: a look costs questions.
            time.sleep(min(POLL_SECONDS, max(0, deadline - time.monotonic())))
        if performer is None or not performer.is_alive():
            # Beside us, because a listener that hangs shall not hold whoever waits longer than he said.
            performer = threading.Thread(target=_perform_beside, args=(sandbox,), daemon=True)
            performer.start()
        performer.join(min(POLL_SECONDS, max(0, deadline - time.monotonic())))
        sandbox.refresh_from_db()
    return left


def outstanding(sandbox: Sandbox, now: datetime) -> Outstanding:
    messages = IpnMessage.objects.filter(sandbox=sandbox, next_attempt_at__lte=now).order_by("next_attempt_at", "id")
    running = ListenerCheck.objects.filter(checks.under_way(), sandbox=sandbox).order_by("id")
    return Outstanding(
        list(messages.values_list("id", flat=True)),
        list(_open_sessions(sandbox, until=now).values_list("token", flat=True)),
        list(decisions.due(sandbox, until=now).values_list("transaction_id", flat=True)),
        list(mass_payments.started(sandbox).values_list("id", flat=True)),
        list(running.values_list("id", flat=True)),
    )


def _perform(sandbox: Sandbox, now: datetime, *, clock_runs: bool = False) -> list[Event]:
    """All that is due up to `now`, and what comes of it at once."""
    events: list[Event] = []
    for _round in range(ROUNDS_AT_A_MOMENT):
        acts = [*_act(sandbox, until=now), *_send_lists(sandbox)]
        events += acts
        attempts = delivery.deliver_due(sandbox, now=None if clock_runs else now)
        if not (acts or attempts) or not _is_anything_due(sandbox, now):
            break
    return events


def _perform_beside(sandbox: Sandbox) -> None:
    try:
        with unless_taken(clock.moving(sandbox)) as may_act:
            if may_act:
                _perform(sandbox, clock.now(sandbox), clock_runs=sandbox.frozen_at is None)
    finally:
        connection.close()


def _act(sandbox: Sandbox, *, until: datetime) -> Iterator[Event]:
    """Expiries and decisions in the order of their due times, each at its own."""
    moment = None
    while (due_at := _next_act(sandbox, until=until)) and due_at != moment:
        moment = due_at
        for session in sessions.expire_due(sandbox, due_at):
            yield Event(session.expires_at, "checkout", session.token, session.status)
        for payment in decisions.decide_due(sandbox, now=due_at):
            yield Event(payment.updated_at, "payment", str(payment.id), payment.status)


def _send_lists(sandbox: Sandbox) -> Iterator[Event]:
    """Lists that were started are due from then on. Whoever sends them, they are through when this returns."""
    numbers = list(mass_payments.started(sandbox).values_list("id", flat=True))
    if not numbers:
        return
    deadline = time.monotonic() + LONGEST_LIST
    while time.monotonic() < deadline:
        mass_payments.send_due(clock.now, sandbox=sandbox)
        if not mass_payments.started(sandbox).filter(id__in=numbers).exists():
            break
        time.sleep(POLL_SECONDS)
    for sent in MassPayment.objects.filter(id__in=numbers, finished_at__isnull=False).order_by("finished_at", "id"):
        assert sent.finished_at is not None
        yield Event(sent.finished_at, "mass_payment", str(sent.id), sent.status)


def _moments(sandbox: Sandbox, *, after: datetime, until: datetime) -> Iterator[datetime]:
    """The moments at which something is due, looked up one by one, because each may bring others; `until` at last."""
    while moment := _next_moment(sandbox, after=after, until=until):
        yield moment
        after = moment
    if until > after:
        yield until


def _next_moment(sandbox: Sandbox, *, after: datetime, until: datetime) -> datetime | None:
    """What is still due from before, a listener that hangs, holds up nothing that is due later."""
    moments = (
        delivery.next_due_at(sandbox, after=after, until=until),
        _first(_open_sessions(sandbox, until=until).filter(expires_at__gt=after)),
        decisions.next_due_at(sandbox, after=after, until=until),
    )
    return min(filter(None, moments), default=None)


def _next_act(sandbox: Sandbox, *, until: datetime) -> datetime | None:
    moments = (_first(_open_sessions(sandbox, until=until)), decisions.next_due_at(sandbox, until=until))
    return min(filter(None, moments), default=None)


def _is_anything_due(sandbox: Sandbox, now: datetime) -> bool:
    return bool(
        _next_act(sandbox, until=now)
        or delivery.next_due_at(sandbox, until=now)
        or mass_payments.started(sandbox).exists()
    )


def _step(sandbox: Sandbox, *, to: datetime) -> bool:
    stepped = Sandbox.objects.filter(id=sandbox.id, frozen_at=sandbox.frozen_at).update(frozen_at=to)
    sandbox.refresh_from_db()
    return bool(stepped)


def _open_sessions(sandbox: Sandbox, *, until: datetime) -> QuerySet[CheckoutSession]:
    return CheckoutSession.objects.filter(sandbox=sandbox, status=CheckoutSession.Status.OPEN, expires_at__lte=until)


def _first(open_sessions: QuerySet[CheckoutSession]) -> datetime | None:
    first: datetime | None = open_sessions.aggregate(first=Min("expires_at"))["first"]
    return first


def _done(sandbox: Sandbox, acts: list[Event], last_attempt: int) -> Done:
    attempts = DeliveryAttempt.objects.filter(message__sandbox=sandbox, id__gt=last_attempt)
    delivered = attempts.filter(error="").count()
    failed = attempts.filter(message__status=IpnMessage.Status.FAILED).values("message").distinct().count()
    first = attempts.select_related("message").order_by("sent_at", "id")[:EVENTS_AT_MOST]
    events = [*acts, *(Event(made.sent_at, "ipn", str(made.message_id), _outcome(made)) for made in first)]
    # What causes comes before what it causes, also at the same moment: acts stand before deliveries.
    events.sort(key=lambda event: event.at)
    return Done(
        delivered=delivered,
        retried=attempts.count() - delivered - failed,
        failed=failed,
        **{name: sum(event.what == what for event in acts) for name, what in COUNTED.items()},
        events=tuple(events[:EVENTS_AT_MOST]),
    )


COUNTED = {"expired": "checkout", "decided": "payment", "lists_sent": "mass_payment"}


def _outcome(attempt: DeliveryAttempt) -> str:
    if not attempt.error:
        return "delivered"
    message = attempt.message
    given_up = message.status == IpnMessage.Status.FAILED and attempt.number == message.attempts_made
    return "failed" if given_up else "retried"
