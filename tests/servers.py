"""PostgreSQL and Valkey for the tests: embedded, thrown away afterwards, and never a server that happens to run here.

A pytest plugin, loaded by `-p tests.servers` before Django reads its settings. DATABASE_URL and REDIS_URL, each for
itself, put a server of yours in the place of the embedded one. Workers of pytest-xdist share the servers of the process
that started them; each has a test database (pytest-django) and a numbered Valkey database of its own.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from okpay_gateway import embedded, environment


def _start() -> None:
    # `timeout` and CI systems end a run by SIGTERM; as Ctrl-C it passes through the clean-up below.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    var = Path(tempfile.mkdtemp(prefix="okpay-tests-")).resolve()
    atexit.register(shutil.rmtree, var, ignore_errors=True)
    os.environ["VAR"] = str(var)
    if not os.environ.get("DATABASE_URL"):
        atexit.register(embedded.start_postgresql(var, throwaway=True).stop)
        os.environ["DATABASE_URL"] = environment.embedded_database_url(var)
    if not os.environ.get("REDIS_URL"):
        atexit.register(embedded.start_valkey(var).stop)
        os.environ["REDIS_URL"] = environment.embedded_redis_url(var)


def _with_own_valkey_database(redis_url: str, worker: int) -> str:
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        first = int(parse_qs(url.query).get("db", ["0"])[0])
        return f"unix://{url.path}?db={first + worker}"
    first = int(url.path.strip("/") or 0)
    return urlunsplit(url._replace(path=f"/{first + worker}"))


worker_id = os.environ.get("PYTEST_XDIST_WORKER")
if worker_id is None:
    _start()
else:
    os.environ["REDIS_URL"] = _with_own_valkey_database(os.environ["REDIS_URL"], 1 + int(worker_id.removeprefix("gw")))
