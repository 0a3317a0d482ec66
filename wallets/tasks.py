"""What the worker does for the account pages. What is due is a column in the database; a task is a reason to look."""

from celery import shared_task

from sandbox import clock
from wallets import mass_payments


@shared_task(ignore_result=True)
def send_mass_payments() -> None:
    """Sent on commit, and by the scheduler for what a lost kick or a killed worker left."""
    mass_payments.send_due(clock.now)
