"""The one command behind `make serve`: the production processes, without Docker.

docker-compose.yml is the list of them. Its services that are built here run with their own commands; PostgreSQL and
Redis are what DATABASE_URL and REDIS_URL say.
"""

import os
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from okpay_gateway import health, processes

STOP_PATIENCE = 10  # seconds for requests and deliveries that are under way


class Command(BaseCommand):
    help = "Run the production processes of docker-compose.yml against DATABASE_URL and REDIS_URL."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--end-with-parent",
            action="store_true",
            help="also end when the starting process ends, as `make serve` does",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
        if missing:
            raise CommandError(f"{' and '.join(missing)} must be set: make serve starts no servers (make run does).")
        if options["end_with_parent"]:
            processes.end_with_parent(signal.SIGTERM, os.getppid())
        # The commands say `python`, `celery` and `gunicorn`: those beside the Python that runs this.
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        once, lasting = commands(settings.BASE_DIR / "docker-compose.yml")
        with processes.stopping_by_signal(), processes.Group(self._say, patience=STOP_PATIENCE) as group:
            for name, command in once.items():
                done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=False)  # noqa: S603
                if done.returncode:
                    raise CommandError(f"{name} failed (exit code {done.returncode}).")
            for name, command in lasting.items():
                group.run(name, partial(processes.program, command, cwd=settings.BASE_DIR, environment=environment))
            group.watch(until=lambda: health.reason_not_ready() is None)
            self._say(f"Ready at {settings.ENVIRONMENT.listen}:{settings.ENVIRONMENT.port}.")
            group.watch()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def commands(compose: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The commands of the services that are built here: those that end before the others start, and those that last."""
    services = yaml.safe_load(compose.read_text())["services"]
    built = {name: service for name, service in services.items() if "build" in service}
    awaited = {
        name
        for service in built.values()
        for name, dependency in service.get("depends_on", {}).items()
        if dependency["condition"] == "service_completed_successfully"
    }
    every = {name: _as_list(service["command"]) for name, service in built.items()}
    return (
        {name: command for name, command in every.items() if name in awaited},
        {name: command for name, command in every.items() if name not in awaited},
    )


def _as_list(command: str | list[str]) -> list[str]:
    return shlex.split(command) if isinstance(command, str) else command
