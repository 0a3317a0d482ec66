"""Where benchmarks run: servers of their own, on this machine, gone afterwards. As durable as those of `make run`."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from signal import SIGTERM

from okpay_gateway import embedded
from okpay_gateway.processes import end_with_parent
from tests.listener import free_port
from tests.programs import Program, clean_environment, running


@contextmanager
def servers() -> Iterator[Path]:
    """PostgreSQL and Valkey with the demo cast, and Django on them. Yields their folder."""
    var = Path(tempfile.mkdtemp(prefix="okpay-bench-")).resolve()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, var, ignore_errors=True)
        for name in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        os.environ |= {"VAR": str(var), "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings"}
        stack.callback(embedded.start_postgresql(var).stop)
        stack.callback(embedded.start_valkey(var).stop)
        _prepare()
        yield var


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed")


@contextmanager
def program(var: Path, *command: str, **variables: str) -> Iterator[Program]:
    """A Python module run as a program of its own, on these servers; PORT is a free one unless it is given."""
    variables = {"VAR": str(var), "PORT": str(free_port()), **variables}
    log = var / f"{command[0]}.log"
    with running(
        [sys.executable, "-m", *command],
        log,
        port=int(variables["PORT"]),
        env=clean_environment(**variables),
        preexec_fn=partial(end_with_parent, SIGTERM, os.getpid()),
    ) as started:
        yield started
