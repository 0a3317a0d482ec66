"""The house: settings, addresses, the site's frame, the control API's router."""

from okpay_gateway.celery import app as celery_app

__all__ = ["celery_app"]
