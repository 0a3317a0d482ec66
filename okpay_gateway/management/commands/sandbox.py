"""The one command behind `make run`: the whole gateway in the foreground, with real servers that nobody had to install.

PostgreSQL and Valkey come from VAR unless DATABASE_URL or REDIS_URL name others. Web server, worker and scheduler are
forks of this process, which has everything loaded already: that is what makes the second start a matter of a second.
"""

import fcntl
import gc
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.urls import get_resolver

from okpay_gateway import embedded, health, processes
from okpay_gateway.environment import embedded_database_url, embedded_redis_url
from wallets import seed

READY_WITHIN = 60  # seconds; then it says what it waits for
STOP_PATIENCE = 2  # seconds for web, worker and scheduler, of the 5 in which everything is gone


class Command(BaseCommand):
    help = "Run the sandbox: servers, web, worker and scheduler in one foreground process group."
    # They need the database's drivers, not the database; settings that contradict each other stop us here.
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--end-with-parent", action="store_true", help="also end when the starting process ends, as `make run` does"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        if options["end_with_parent"]:
            processes.end_with_parent(signal.SIGTERM, os.getppid())
        with (
            processes.stopping_by_signal(),
            _only_one(),
            _listening() as listener,
            processes.Group(self._say, patience=STOP_PATIENCE) as group,
        ):
            self._run(group, listener, started)
        self._say("Stopped.")

    def _run(self, group: processes.Group, listener: socket.socket, started: float) -> None:
        _start_servers(group)
        self._prepare_database()
        _load_everything()
        group.run("web server", lambda: processes.fork(lambda: _web(listener)))
        group.run("worker", lambda: processes.fork(lambda: _worker(listener)))
        group.run("scheduler", lambda: processes.fork(lambda: _scheduler(listener)))
        deadline = time.monotonic() + READY_WITHIN
        group.watch(until=lambda: health.reason_not_ready() is None or time.monotonic() > deadline)
        if reason := health.reason_not_ready():
            self._say(f"Still not ready after {READY_WITHIN} seconds: {reason}")
            group.watch(until=lambda: health.reason_not_ready() is None)
        self._say(_welcome(time.monotonic() - started))
        group.watch()

    def _prepare_database(self) -> None:
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                self._say("Preparing the database.")
                call_command("migrate", verbosity=0, interactive=False)
            call_command("seed")
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {' '.join(str(error).split())}") from None
        finally:
            connections.close_all()  # forks must not share a connection

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


@contextmanager
def _only_one() -> Iterator[None]:
    """A second sandbox on the same VAR would start its servers on the same files."""
    path = settings.VAR / "lock"
    try:
        settings.VAR.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise CommandError(f"VAR={settings.VAR} cannot be used: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CommandError(
                f"A sandbox is running on {settings.VAR} already (process {file.read().strip()}): "
                "stop it, or give this one a VAR and a PORT of its own."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # A child that has its copy would keep the lock after our end.
        os.register_at_fork(after_in_child=file.close)
        yield


@contextmanager
def _listening() -> Iterator[socket.socket]:
    """The port, taken before anything else is started, and kept while the web server is started again."""
    address = (settings.ENVIRONMENT.listen, settings.ENVIRONMENT.port)
    try:
        listener = socket.create_server(address, backlog=1024)
    except OSError as error:
        raise CommandError(
            f"Port {address[1]} of {address[0]} cannot be used: {os.strerror(error.errno or 0)}. "
            f"Choose another: make run PORT={address[1] + 1}"
        ) from None
    with listener:
        yield listener


def _start_servers(group: processes.Group) -> None:
    try:
        if settings.ENVIRONMENT.database_url == embedded_database_url(settings.VAR):
            group.serve("PostgreSQL server", lambda: embedded.start_postgresql(settings.VAR))
        if settings.ENVIRONMENT.redis_url == embedded_redis_url(settings.VAR):
            group.serve("Valkey server", lambda: embedded.start_valkey(settings.VAR))
    except (embedded.EmbeddedError, OSError) as error:
        raise CommandError(str(error)) from None


def _load_everything() -> None:
    """What all three processes need, once, before they fork."""
    from okpay_gateway import celery, wsgi

    assert callable(wsgi.application)
    _ = get_resolver().url_patterns
    celery.app.loader.import_default_modules()
    celery.app.finalize()
    gc.freeze()


def _web(listener: socket.socket) -> None:
    from gunicorn.app.base import BaseApplication

    from okpay_gateway import webserver, wsgi

    class Web(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in vars(webserver).items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)
            self.cfg.set("bind", f"fd://{listener.fileno()}")
            self.cfg.set("graceful_timeout", STOP_PATIENCE)

        def load(self) -> Callable[..., Any]:
            return wsgi.application

    Web().run()


def _worker(listener: socket.socket) -> None:
    from okpay_gateway.celery import app

    listener.close()
    # Celery discourages running it as root; in a sandbox it is the tester's own machine.
    warnings.filterwarnings("ignore", module="celery.platforms")
    worker = app.Worker(quiet=True, without_mingle=True, without_gossip=True, without_heartbeat=True)
    worker.start()
    sys.exit(worker.exitcode)


def _scheduler(listener: socket.socket) -> None:
    from okpay_gateway.celery import app

    listener.close()
    app.Beat(quiet=True).run()


def _welcome(seconds: float) -> str:
    base = settings.PUBLIC_URL or f"http://127.0.0.1:{settings.ENVIRONMENT.port}"
    token = "sandbox" if settings.CONTROL_TOKEN == "sandbox" else "the CONTROL_TOKEN that you set"  # noqa: S105
    lines = [
        f"OKPAY gateway, ready after {seconds:.1f} seconds. Ctrl-C stops it.",
        "",
        f"  Site         {base}/",
        f"  Checkout     {base}/process.html",
        f"  IPN verify   {base}/ipn-verify.html",
        f"  Control API  {base}/api/v1/  (bearer token: {token})",
        f"  Admin        {base}/admin/",
        f"  Health       {base}/health/",
    ]
    if settings.SANDBOX:
        rows = [("login", "password", "wallet", "API password")]
        rows += [(*who["login"], who["wallet"], who["api_password"] or "-") for who in seed.CAST]
        rows += [(*seed.STAFF, "-", "-")]
        lines += [""]
        lines += [
            f"  {login:<22}{password:<11}{wallet:<13}{api_password}" for login, password, wallet, api_password in rows
        ]
    return "\n".join(lines)
