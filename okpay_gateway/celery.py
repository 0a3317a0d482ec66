"""The Celery application: worker and scheduler load it, shared tasks find it. Both leave signs of life for /health/."""

import gc
import os
from typing import Any

from celery import Celery, beat, bootsteps
from celery.signals import setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")

app = Celery("okpay_gateway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_to_django(**kwargs: Any) -> None:
    """Having a receiver of this signal, Celery does not touch the logging that settings.py describes."""


@worker_ready.connect
def forget_what_stays(**kwargs: Any) -> None:
    """All that is loaded by now stays. Looking through it for garbage again and again would hold up every delivery."""
    gc.collect()
    gc.freeze()


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Beats while the worker takes tasks from the broker, and no longer: it stops with the connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.timer_entry: Any = None

    def start(self, parent: Any) -> None:
        from okpay_gateway import heartbeats

        heartbeats.beat("worker")
        every = heartbeats.INTERVAL.total_seconds()
        self.timer_entry = parent.timer.call_repeatedly(every, heartbeats.beat, ("worker",))

    def stop(self, parent: Any) -> None:
        if self.timer_entry:
            self.timer_entry.cancel()
            self.timer_entry = None

    shutdown = stop


class Deliveries(bootsteps.StartStopStep):
    """Notifications go out as long as the worker lives, with or without a connection to the broker."""

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        from ipn import worker

        worker.stay()

    def stop(self, parent: Any) -> None:
        from ipn import worker

        worker.leave()


app.steps["worker"].add(Deliveries)
app.steps["consumer"].add(WorkerHeartbeat)


class Scheduler(beat.Scheduler):
    """Beats with each look at the schedule. The schedule is in memory: what is due is a column in the database."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        from okpay_gateway import heartbeats

        interval = float(super().tick(*args, **kwargs))
        heartbeats.beat("scheduler")
        return min(interval, heartbeats.INTERVAL.total_seconds())
