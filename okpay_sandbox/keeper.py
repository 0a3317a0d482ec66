"""Run a command as long as another process lives: `python -m okpay_sandbox.keeper PID COMMAND...`

A gateway that tests started must not outlive them, not even when they are killed and cannot clean up.
"""

import os
import signal
import subprocess
import sys
import time

STOP_PATIENCE = 10  # seconds


def main() -> int:
    watched, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    process = subprocess.Popen(command)  # noqa: S603 (the caller's own command)
    try:
        while process.poll() is None and _lives(watched):
            time.sleep(0.25)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
    return process.returncode or 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
