"""What the worker does for the account pages. What is due is a column in the database; a task is a reason to look."""

from celery import shared_task

from sandbox import clock
from sandbox.locks import unless_taken
from sandbox.models import Sandbox
from wallets import chain, decisions, mass_payments

# Up to this entry this process knows that all is sealed.
_sealed_until = 0


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


@shared_task(ignore_result=True)
def seal_ledger() -> None:
    """Seal what was booked since the last time, in whatever sandbox: sent by the scheduler."""
    global _sealed_until
    with unless_taken("sealing the ledger") as is_ours:
        if is_ours:
            _sealed_until = chain.seal_all(after=_sealed_until)
