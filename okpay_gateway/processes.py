"""Child processes that never outlive their parent, even one that gets SIGKILL."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

# Looked up before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def ending_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """A function for the child to call first (Popen's preexec_fn): the kernel sends it `signum` when this process ends.

    Linux only; elsewhere it does nothing, and the next start ends what a killed parent left (embedded.py).
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return arrange
