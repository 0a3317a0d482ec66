"""What the worker does for the account pages. What is due is a column in the database; a task is a reason to look."""

from celery import shared_task

from sandbox import clock
from sandbox.locks import unless_taken
from sandbox.models import Sandbox
from wallets import decisions, mass_payments


@shared_task(ignore_result=True)
def send_mass_payments() -> None:
    """Sent on commit, and by the scheduler for what a lost kick or a killed worker left."""
    mass_payments.send_due(clock.now)


@shared_task(ignore_result=True)
def decide() -> None:
    """Pending payments whose time has come, every sandbox by its own clock: sent by the scheduler."""
    for sandbox in Sandbox.objects.filter(decisions__isnull=False).distinct():
        with unless_taken(clock.moving(sandbox)) as is_ours:
            if is_ours:
                decisions.decide_due(sandbox, now=clock.now(sandbox))
