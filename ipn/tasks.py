"""What the worker does for notifications. The schedule is a column in the database; a task is only a reason to look.

The worker's pool is threads (settings.py): one pump per process posts hundreds at once, and the other threads stay free
for kicks that arrive meanwhile, which only tell it to look again. Under processes it would work too, with a pump each.

Tasks are acknowledged before they run. One that a killed worker took with it is not missed: the sweep comes again.
"""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from ipn import kicks
from ipn import pump as pumping
from ipn.listener_check import checks


@shared_task(ignore_result=True)
def pump() -> None:
    """Deliver what is due: sent on commit."""
    kicks.taken()
    pumping.run()


@shared_task(ignore_result=True)
def sweep() -> None:
    """Deliver what became due by time, and what a lost kick or a killed worker left: sent by the scheduler."""
    for check_id in checks.waiting():
        check_listener.delay(check_id)
    pumping.run()


@shared_task(ignore_result=True)
def check_listener(check_id: int) -> None:
    """Run a Listener Check that somebody asked for on a page: sent on commit, and again by the sweep while it waits."""
    checks.take_up(check_id)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    pumping.stop()
