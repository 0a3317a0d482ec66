"""Where this gateway is for whoever asks: what links in messages, examples and forms begin with."""

from django.conf import settings
from django.http import HttpRequest


def origin(request: HttpRequest) -> str:
    """Scheme, host and port, such as http://127.0.0.1:8000: PUBLIC_URL, or else what the request was sent to."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
