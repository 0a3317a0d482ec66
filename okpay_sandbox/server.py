"""Start a gateway for tests, with servers of its own, and share it between the processes of one test run."""

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

from okpay_sandbox.client import Gateway
from okpay_sandbox.errors import GatewayUnreachable

READY_WITHIN = 120  # seconds; the first start makes a database

# What this process started. Other processes of the run may have started theirs.
_keepers: dict[int, "subprocess.Popen[bytes]"] = {}


def started_in(folder: Path, *, for_process: int) -> Gateway:
    """The gateway that lives in this folder, started if nobody has yet; it ends with `for_process` at the latest.

    Raises GatewayUnreachable with the end of its log.
    """
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = folder / "gateway.json"
        if not state.exists():
            state.write_text(json.dumps(_start(folder, for_process)))
        return Gateway(json.loads(state.read_text())["url"], "sandbox")


def stop_in(folder: Path) -> None:
    """End the gateway of this folder, if there is one."""
    state = folder / "gateway.json"
    if not state.exists():
        return
    pid = json.loads(state.read_text())["keeper"]
    if keeper := _keepers.pop(pid, None):
        keeper.terminate()
        keeper.wait()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    state.unlink()


def _start(folder: Path, for_process: int) -> dict[str, object]:
    port = free_port()
    log = folder / "gateway.log"
    # What a developer has set for a gateway of his own is not for this one.
    ours = {"DATABASE_URL", "REDIS_URL", "SANDBOX", "CONTROL_TOKEN", "SECRET_KEY", "ALLOWED_HOSTS", "PUBLIC_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"VAR": str(folder / "var"), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings"}
    with log.open("wb") as output:
        keeper = subprocess.Popen(  # noqa: S603 (our own command)
            [
                *(sys.executable, "-m", "okpay_sandbox.keeper", str(for_process)),
                *(sys.executable, "-m", "django", "sandbox", "--end-with-parent"),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _keepers[keeper.pid] = keeper
    gateway = Gateway(f"http://127.0.0.1:{port}", "sandbox")
    waited = 0
    while True:
        try:
            gateway.wait_until_ready(within=1)
            return {"url": gateway.url, "keeper": keeper.pid}
        except GatewayUnreachable as error:
            waited += 1
            if keeper.poll() is not None or waited > READY_WITHIN:
                keeper.terminate()
                keeper.wait()
                said = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise GatewayUnreachable(f"the gateway did not start ({error}); it said:\n{said}") from None


def free_port() -> int:
    """Below 32768: the ports above are lent to outgoing connections."""
    while True:
        port = random.randint(20000, 32767)  # noqa: S311 (not a secret)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
