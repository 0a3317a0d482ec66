"""The Celery application: worker and scheduler load it, shared tasks find it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")

app = Celery("okpay_gateway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
