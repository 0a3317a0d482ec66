"""What the worker does for sandboxes as wholes."""

from celery import shared_task
from django.utils import timezone

from okpay_gateway.worlds import idleness


@shared_task(ignore_result=True)
def drop_idle_sandboxes() -> None:
    idleness.drop_idle(timezone.now())
