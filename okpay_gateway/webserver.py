"""Gunicorn's settings, for `make run`, `make serve` and the image alike.

`gunicorn --config python:okpay_gateway.webserver` takes every name below that it knows as a setting of its.
"""

import signal
from typing import Any

from okpay_gateway import environment
from okpay_gateway.doors import IPN_VERIFY
from okpay_gateway.processes import end_with_parent

_environment = environment.read()

wsgi_app = "okpay_gateway.wsgi"
bind = f"{_environment.listen}:{_environment.port}"
worker_class = "okpay_gateway.webworker.Worker"
workers = _environment.web_processes
threads = 8
preload_app = True
# A payment is done in milliseconds; whoever takes longer to finish than this holds up a restart.
graceful_timeout = 10
keepalive = 5
# The most that gunicorn takes. A payment form by GET may have forty items.
limit_request_line = 8190
errorlog = "-"
loglevel = "warning"
# No access log: addresses of the checkout carry payers' data. The control API's journal has every request, masked.
accesslog = None
# It would be a socket in the home folder.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Streams of the journal end as soon as the process is asked to."""
    from okpay_gateway.journal import stream

    stream.is_serving = lambda: worker.alive


def pre_request(worker: Any, request: Any) -> None:
    """After a verdict an HTTP/1.0 connection is closed, even if it asks to stay: such listeners read to its end."""
    if request.version <= (1, 0) and request.path in IPN_VERIFY:
        request.force_close()


def post_fork(server: Any, worker: Any) -> None:
    """A web process whose master is gone would keep the port."""
    end_with_parent(signal.SIGKILL, worker.ppid)
