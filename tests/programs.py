"""Our own commands as a person runs them: real processes, real ports, and proof that nothing of them is left."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.listener import free_port

ROOT = Path(__file__).resolve().parent.parent


def clean_environment(**variables: str) -> dict[str, str]:
    """The machine's, without what the tests' own servers and settings put there."""
    ours = {"DATABASE_URL", "REDIS_URL", "VAR", "DJANGO_SETTINGS_MODULE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {
        "PYTHONUNBUFFERED": "1",
        **variables,
    }


class Program:
    """A running command of ours, its output and all of its descendants."""

    def __init__(self, command: list[str], log: Path, *, port: int, cwd: Path = ROOT, **options: Any) -> None:
        self.port = port
        self.log = log
        self.started = time.monotonic()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )
        self.everything: set[psutil.Process] = set()

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str = "/health/") -> tuple[int, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("GET", path)
            response = link.getresponse()
            return response.status, response.read()
        finally:
            link.close()

    def health(self) -> dict[str, str] | None:
        """What /health/ says, None when nobody answers."""
        try:
            states: dict[str, str] = json.loads(self.get()[1])
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return states

    def is_well(self) -> bool:
        states = self.health()
        return states is not None and set(states.values()) == {"ok"}

    def wait_until_ready(self, within: float = 60) -> float:
        """Seconds from the start until /health/ said 200."""
        self.wait(self.is_well, within)
        seconds = time.monotonic() - self.started
        self.descendants()
        return seconds

    def wait(self, condition: Any, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert self.process.poll() is None, f"it has ended:\n{self.output}"
            assert time.monotonic() < deadline, f"not within {within} s; health: {self.health()}\n{self.output}"
            time.sleep(0.02)

    def descendants(self) -> list[psutil.Process]:
        found = [each for each in psutil.Process(self.process.pid).children(recursive=True) if runs(each)]
        self.everything.update(found)
        return found

    def processor_time(self) -> float:
        """The seconds of processor time that all of it has taken so far."""
        total = 0.0
        for each in (psutil.Process(self.process.pid), *self.descendants()):
            with contextlib.suppress(psutil.NoSuchProcess):  # some run for a moment only
                times = each.cpu_times()
                total += times.user + times.system
        return total

    def server(self, name: str) -> psutil.Process:
        """The embedded server's process."""
        return next(each for each in self.descendants() if name_of(each) == name)

    def forks(self) -> list[psutil.Process]:
        """Web server, worker and scheduler, in this order."""
        sandbox = next(
            each for each in [psutil.Process(self.process.pid), *self.descendants()] if "python" in name_of(each)
        )
        children = [each for each in sandbox.children() if "python" in name_of(each)]
        return sorted(children, key=lambda each: each.pid)

    def stop(self, signum: int = signal.SIGTERM) -> float:
        """Ask it to end; the seconds until it and everything that it started was gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.descendants()
        asked = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(20)
        psutil.wait_procs(self.everything, timeout=10)
        assert self.left() == [], self.output
        return time.monotonic() - asked

    def left(self) -> list[psutil.Process]:
        return [each for each in self.everything if each.is_running() and runs(each)]


def runs(process: psutil.Process) -> bool:
    """Some run for a moment only. One that has ended, and is only not fetched by its parent yet, runs no more."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def name_of(process: psutil.Process) -> str:
    """Empty when it is gone."""
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def words_of(process: psutil.Process) -> list[str]:
    """Its command; empty when it is gone."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def still_running(processes: Iterable[psutil.Process], *, after: float) -> list[psutil.Process]:
    return [each for each in psutil.wait_procs(list(processes), timeout=after)[1] if runs(each)]


@contextmanager
def running(command: list[str], log: Path, *, port: int, **options: Any) -> Iterator[Program]:
    """The command, ended whatever happens in the test."""
    program = Program(command, log, port=port, **options)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                program.descendants()
            program.process.terminate()
            try:
                program.process.wait(15)
            except subprocess.TimeoutExpired:
                program.process.kill()
                program.process.wait()
        for each in program.left():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


@contextmanager
def sandbox(var: Path, log: Path, *, port: int = 0, **variables: str) -> Iterator[Program]:
    """`manage.py sandbox`, what `make run` runs when the venv is there."""
    port = port or free_port()
    environment = clean_environment(VAR=str(var), PORT=str(port), **variables)
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox"]
    with running(command, log, port=port, env=environment) as program:
        yield program
