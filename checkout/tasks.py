"""The scheduler's share of the checkout: what was open for too long is closed."""

from celery import shared_task

from checkout import sessions
from sandbox import clock
from sandbox.locks import unless_taken
from sandbox.models import Sandbox


@shared_task
def expire() -> int:
    """Every sandbox by its own time. A page closes its session by itself too, so nothing waits for this."""
    expired = 0
    for sandbox in Sandbox.objects.all():
        with unless_taken(clock.moving(sandbox)) as is_ours:
            if is_ours:
                expired += len(sessions.expire_due(sandbox, clock.now(sandbox)))
    return expired
