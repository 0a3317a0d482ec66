"""The web process's entry point."""

import os

from django.core.wsgi import get_wsgi_application

from okpay_gateway.chunks import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")
application = measured(get_wsgi_application())
