"""What the worker does for notifications when the broker says so. The schedule is a column in the database; a task is
only a reason to look, and for deliveries not even the only one (ipn.worker).

Tasks are acknowledged before they run: one that a killed worker took with it is not missed.
"""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from ipn import kicks, worker
from ipn.listener_check import checks


@shared_task(ignore_result=True)
def pump() -> None:
    """Deliver what is due: sent on commit."""
    kicks.taken()
    worker.look()


@shared_task(ignore_result=True)
def check_listeners() -> None:
    """Take up Listener Checks that wait: sent by the scheduler."""
    for check_id in checks.waiting():
        check_listener.delay(check_id)


@shared_task(ignore_result=True)
def check_listener(check_id: int) -> None:
    """Run a Listener Check that somebody asked for on a page: sent on commit, and by the task above while it waits."""
    checks.take_up(check_id)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    worker.stop()
