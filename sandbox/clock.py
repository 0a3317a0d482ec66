"""The sandbox's time. Every `now` of the domain comes from here, so that a tester can move it.

Below the mouths (views, API, tasks, commands) `now` is an argument; only a mouth asks the clock.
Security tokens and sessions go by real time: a merchant's server knows no other.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from sandbox.compiled import Compiled
from sandbox.models import DEFAULT, Sandbox


def now(sandbox: Sandbox) -> datetime:
    """The sandbox's present moment, aware, UTC."""
    return sandbox.time_at(timezone.now())


def moving(sandbox: Sandbox) -> str:
    """The name of the lock of whoever moves this sandbox's time. Meanwhile all that becomes due is his to perform."""
    return f"clock of {sandbox.id}"


def default_sandbox() -> Sandbox:
    """The sandbox that strangers meet, made if it does not exist."""
    return _sandbox.first(DEFAULT) or Sandbox.objects.get_or_create(id=DEFAULT)[0]


_sandbox = Compiled(lambda sandbox_id: Sandbox.objects.filter(id=sandbox_id))


@transaction.atomic
def advance(sandbox: Sandbox, by: timedelta) -> datetime:
    """Move the sandbox's time forward and say what it is now. What becomes due is done by the caller, in order."""
    if by < timedelta():
        raise ValueError("time goes forward only")
    current = Sandbox.objects.select_for_update().get(id=sandbox.id)
    if current.frozen_at is None:
        current.clock_offset += by
    else:
        current.frozen_at += by
    current.save(update_fields=["clock_offset", "frozen_at"])
    sandbox.clock_offset, sandbox.frozen_at = current.clock_offset, current.frozen_at
    return now(sandbox)


@transaction.atomic
def freeze(sandbox: Sandbox) -> datetime:
    """Let the sandbox's time stand still."""
    current = Sandbox.objects.select_for_update().get(id=sandbox.id)
    if current.frozen_at is None:
        current.frozen_at = now(current)
        current.save(update_fields=["frozen_at"])
    sandbox.clock_offset, sandbox.frozen_at = current.clock_offset, current.frozen_at
    return now(sandbox)


@transaction.atomic
def run(sandbox: Sandbox, *, ahead_by: timedelta | None = None) -> datetime:
    """Let the sandbox's time go on: from where it stood, or so much ahead of real time, but never back."""
    current = Sandbox.objects.select_for_update().get(id=sandbox.id)
    if current.frozen_at is not None:
        stood = current.frozen_at - timezone.now()
        current.clock_offset = stood if ahead_by is None else max(stood, ahead_by)
        current.frozen_at = None
        current.save(update_fields=["clock_offset", "frozen_at"])
    sandbox.clock_offset, sandbox.frozen_at = current.clock_offset, current.frozen_at
    return now(sandbox)


def set_to(sandbox: Sandbox, moment: datetime) -> None:
    """Let the sandbox's time run, from that moment on. Back too: only the start of a world does that."""
    sandbox.clock_offset, sandbox.frozen_at = moment - timezone.now(), None
    sandbox.save(update_fields=["clock_offset", "frozen_at"])


def restore(sandbox: Sandbox) -> None:
    """Back to real time."""
    Sandbox.objects.filter(id=sandbox.id).update(clock_offset=timedelta(), frozen_at=None)
    sandbox.clock_offset, sandbox.frozen_at = timedelta(), None
