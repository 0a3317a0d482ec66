"""The web process of production, gunicorn, on the test database: for what only a real server shows."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

from django.db import connection

from tests.listener import free_port
from tests.programs import ROOT


@contextmanager
def web_server(folder: Path, **variables: str) -> Iterator[str]:
    """Its address. What a test puts into the database it sees only when that is committed (`transactional_db`)."""
    port = free_port()
    database = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = os.environ | {"DATABASE_URL": database, "PORT": str(port), "LISTEN": "127.0.0.1"} | variables
    log = folder / "gunicorn.log"
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "--config", "python:okpay_gateway.webserver"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        _wait_for(f"http://127.0.0.1:{port}/OkPayAPI?wsdl", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(address, timeout=10):
                return
        except (URLError, OSError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
