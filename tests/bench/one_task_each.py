"""What most do: a Celery task per message, which posts it and writes down what came of it. Only to be compared with.

celery --app=tests.bench.one_task_each worker
"""

import http.client
import os
import threading
import time
from datetime import timedelta
from urllib.parse import urlsplit

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")

app = Celery("one_task_each")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "one-task-each"
_links = threading.local()


@app.task(name="one_task_each.deliver", ignore_result=True)
def deliver(message_id: int) -> None:
    # Celery reads this module before it has set Django up.
    from django.db import transaction
    from django.utils import timezone

    from ipn.models import DeliveryAttempt, IpnMessage

    message = IpnMessage.objects.get(id=message_id)
    body = message.body(resend=False)
    sent_at, started = timezone.now(), time.monotonic()
    status, head = _post(message.url, body)
    with transaction.atomic():
        DeliveryAttempt.objects.create(
            message=message,
            number=1,
            sent_at=sent_at,
            duration=timedelta(seconds=time.monotonic() - started),
            request_body=body,
            response_code=status,
            response_head=head,
        )
        IpnMessage.objects.filter(id=message_id).update(
            status=IpnMessage.Status.SENT,
            attempts_made=1,
            response_code=status,
            last_attempt_at=sent_at,
            next_attempt_at=None,
        )


def _post(url: str, body: str) -> tuple[int, str]:
    """On a connection that is kept, so that this is the task's cost and not that of connecting."""
    address = urlsplit(url)
    link = _links.__dict__.get(address.netloc)
    if link is None:
        link = _links.__dict__[address.netloc] = http.client.HTTPConnection(address.netloc, timeout=10)
    link.request("POST", address.path, body, {"Content-Type": "application/x-www-form-urlencoded"})
    response = link.getresponse()
    return response.status, f"{response.status} {response.reason}\n{response.headers}\n{response.read().decode()}"
