"""The web process's entry point."""

import os
from functools import lru_cache
from io import BytesIO
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from okpay_gateway.chunks import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "okpay_gateway.settings")


class Request(WSGIRequest):
    """Django reads a Content-Type with the library for e-mail. Few are different, and most requests have one."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, parameters, self._encoding = _read(meta.get("CONTENT_TYPE", ""))
        self.content_params = dict(parameters)  # whoever changes his own changes nobody else's


@lru_cache(maxsize=1000)
def _read(content_type: str) -> tuple[str | None, dict[str, str], str | None]:
    request = WSGIRequest({"REQUEST_METHOD": "GET", "CONTENT_TYPE": content_type, "wsgi.input": BytesIO()})
    return request.content_type, request.content_params or {}, request.encoding


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = measured(Handler())
