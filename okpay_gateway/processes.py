"""A foreground group of processes: started, watched, started again when one dies, and stopped as a whole.

No child outlives its parent, not even one that gets SIGKILL: the kernel tells the children (Linux; elsewhere the next
start ends what it finds, see embedded.py).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Protocol

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PAUSE_BEFORE_RESTART = 1  # second
LOOK_EVERY = 0.1  # seconds

PR_SET_PDEATHSIG = 1
# Looked up before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stopped(BaseException):
    """Ctrl-C or a signal asks this process to end."""


class Running(Protocol):
    def poll(self) -> int | None:
        """The exit code, None while it runs."""

    def send_signal(self, signum: int, /) -> None: ...


class Server(Protocol):
    """What the programs need: it stops after them, in its own way."""

    def poll(self) -> int | None: ...

    def stop(self) -> None: ...


@dataclass
class Fork:
    """A child that runs a function of ours; it starts faster than a new program, for all is loaded."""

    pid: int
    code: int | None = None

    def poll(self) -> int | None:
        if self.code is None and (waited := os.waitpid(self.pid, os.WNOHANG)) != (0, 0):
            self.code = os.waitstatus_to_exitcode(waited[1])
        return self.code

    def send_signal(self, signum: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)


def fork(run: Callable[[], object]) -> Fork:
    """Run `run` in a child. It must not be called while other threads live."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal between fork and the child's own handlers would run the parent's in the child.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    pid = os.fork()
    if pid == 0:
        _be_the_child(run, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    return Fork(pid)


def _be_the_child(run: Callable[[], object], parent: int) -> NoReturn:
    code = 1
    try:
        for signum in STOP_SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        end_with_parent(signal.SIGKILL, parent)
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def program(command: list[str], *, cwd: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a program that ends with this process."""
    ask = partial(end_with_parent, signal.SIGTERM, os.getpid())
    return subprocess.Popen(command, cwd=cwd, env=environment, preexec_fn=ask)  # noqa: S603


def end_with_parent(signum: int, parent: int) -> None:
    """For a child to call first: the kernel sends it `signum` when the process `parent` ends."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


@contextmanager
def stopping_by_signal() -> Iterator[None]:
    """Within, a signal to stop raises Stopped. Once it has, further ones are ignored: the end is on its way."""

    def stop(signum: int, frame: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before: dict[int, Any] = {signum: signal.signal(signum, stop) for signum in STOP_SIGNALS}
    try:
        yield
    except Stopped:
        pass
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


class Group:
    """Servers, and programs that need them. Use it as a context: whatever ends it stops all of them."""

    def __init__(self, say: Callable[[str], object], *, patience: float) -> None:
        """`say` prints a line; `patience` is the seconds that a program gets to end by itself."""
        self.say = say
        self.patience = patience
        self.servers: dict[str, tuple[Callable[[], Server], Server]] = {}
        self.programs: dict[str, tuple[Callable[[], Running], Running]] = {}
        self.dead: dict[str, float] = {}

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *exception: object) -> None:
        for signum in STOP_SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
        running = [running for _, running in self.programs.values()]
        for patience, signal_number in ((self.patience, signal.SIGTERM), (1, signal.SIGKILL)):
            for each in running:
                each.send_signal(signal_number)
            deadline = time.monotonic() + patience
            while any(each.poll() is None for each in running) and time.monotonic() < deadline:
                time.sleep(0.01)
        for _, server in reversed(self.servers.values()):
            server.stop()

    def serve(self, name: str, start: Callable[[], Server]) -> None:
        self.servers[name] = (start, start())

    def run(self, name: str, start: Callable[[], Running]) -> None:
        self.programs[name] = (start, start())

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Stay until `until` says so; start again, after a pause, what has died."""
        while not until():
            self._look()
            time.sleep(LOOK_EVERY)

    def _look(self) -> None:
        every: dict[str, Server | Running] = {name: each for name, (_, each) in self.servers.items()}
        every |= {name: each for name, (_, each) in self.programs.items()}
        for name, each in every.items():
            code = each.poll()
            if code is None:
                continue
            if name not in self.dead:
                self.dead[name] = time.monotonic()
                self.say(f"The {name} has ended ({_in_words(code)}); it is started again.")
            elif time.monotonic() > self.dead[name] + PAUSE_BEFORE_RESTART:
                del self.dead[name]
                self._start_again(name)

    def _start_again(self, name: str) -> None:
        if name in self.programs:
            self.run(name, self.programs[name][0])
        else:
            start, old = self.servers[name]
            old.stop()
            self.serve(name, start)


def _in_words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
