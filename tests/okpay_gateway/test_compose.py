"""docker-compose.yml without Docker: every service's own command, with what the image installs, on real servers."""

import contextlib
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
import redis
import yaml

from okpay_gateway.management.commands import serve
from tests import payment_by_http
from tests.listener import free_port
from tests.programs import ROOT, clean_environment, name_of, running, words_of
from tests.requirements import require

COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
LASTING = ("web", "worker", "scheduler")

pytestmark = pytest.mark.slow


@dataclass
class Servers:
    database_url: str
    redis_url: str


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """Debian's PostgreSQL, on TCP and with a password, as a service on another machine would be."""
    where = {"install": "apt-get install postgresql", "also_in": "/usr/lib/postgresql/*/bin"}
    initdb, postgres = require("initdb", **where), require("postgres", **where)
    folder = Path("/tmp") / f"okpay-test-postgresql-{os.getpid()}"  # pytest's own are closed to other users
    folder.mkdir(mode=0o700)
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    port = free_port()
    password = "a password: with/odd@signs"
    (folder / "password").write_text(password)
    os.chmod(folder / "password", 0o644)
    command = [initdb, f"--pgdata={folder}/data", "--username=okpay", "--auth=scram-sha-256", "--encoding=UTF8"]
    command += ["--locale=C.UTF-8", f"--pwfile={folder}/password", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd="/", **who)
    command = [postgres, "-D", f"{folder}/data", "-p", str(port), "-c", f"unix_socket_directories={folder}"]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **who)
    try:
        url = f"postgresql://okpay:{quote(password, safe='')}@127.0.0.1:{port}"
        _wait_until(lambda: _connects(f"{url}/postgres"), server, folder / "log")
        _execute(f"{url}/postgres", "CREATE DATABASE okpay")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    program = require("redis-server", install="apt-get install redis-server")
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with redis.Redis(port=port) as client:
            _wait_until(lambda: _pings(client), server, folder / "log")
        yield port
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def servers(request: pytest.FixtureRequest, postgresql: str, redis_port: int) -> Servers:
    """A database and a broker of its own for every test."""
    number = len(request.session.items) and request.session.items.index(request.node)
    name = f"okpay_{number}"
    _execute(f"{postgresql}/postgres", f"CREATE DATABASE {name}")
    return Servers(f"{postgresql}/{name}", f"redis://127.0.0.1:{redis_port}/{number % 16}")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile builds: the files that .dockerignore lets in, and requirements/hosted.txt alone."""
    image = tmp_path_factory.mktemp("image")
    ignore = (ROOT / ".dockerignore").read_text().split()
    assert ignore[0] == "*"
    for let_in in (line[1:] for line in ignore if line.startswith("!")):
        source = ROOT / let_in
        if source.is_dir():
            shutil.copytree(source, image / let_in, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, image / let_in)
    subprocess.run([sys.executable, "-m", "venv", image / "venv"], check=True)
    python = image / "venv" / "bin" / "python"
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--require-hashes"]
    subprocess.run([python, "-m", "pip", "install", *options, "-r", image / "requirements/hosted.txt"], check=True)
    return image


def environment_of(service: str, servers: Servers, var: Path, port: int, image: Path | None = None) -> dict[str, str]:
    """The service's own environment; the addresses are those of here."""
    here = clean_environment() if image is None else {"PATH": f"{image}/venv/bin:/usr/bin:/bin"}
    ours = {name: interpolated(value) for name, value in BUILT[service]["environment"].items()}
    return {
        **here,
        **ours,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "VAR": str(var),
        "LISTEN": "127.0.0.1",
        "PORT": str(port),
    }


def interpolated(value: str) -> str:
    """What Compose makes of ${NAME:-default} when nothing is set."""
    while (changed := re.sub(r"\$\{\w+:-([^${}]*)\}", r"\1", value)) != value:
        value = changed
    return value


def test_the_file_has_what_it_takes() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", *LASTING}
    assert all("healthcheck" in SERVICES[name] for name in SERVICES if name != "migrate")
    assert SERVICES["web"]["ports"] == ["${PUBLISH:-127.0.0.1:8000}:8000"]
    environments = [service["environment"] for service in BUILT.values()]
    assert all(environment == environments[0] for environment in environments)
    for name in LASTING:
        assert BUILT[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "${" not in "".join(interpolated(value) for value in environments[0].values())


def test_make_serve_runs_the_same_commands() -> None:
    once, lasting = serve.commands(COMPOSE)

    assert once == {"migrate": BUILT["migrate"]["command"]}
    assert lasting == {name: BUILT[name]["command"] for name in LASTING}


def test_the_image_is_built_from_the_lock_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if re.match(r"[A-Z]+ ", line)]

    assert instructions[0] == ["FROM", "python:3.11-slim"]
    assert ["RUN", "pip install --require-hashes --requirement requirements/hosted.txt"] in instructions
    assert [rest for word, rest in instructions if word == "USER"] == ["okpay"]
    assert json.loads(next(rest for word, rest in instructions if word == "CMD")) == BUILT["web"]["command"]


def test_nothing_private_goes_into_the_image() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}

    assert not any(fnmatch(name, pattern) for name in (".git", ".venv", "var", "tests", ".env") for pattern in let_in)


def test_every_services_own_command_makes_a_payment(servers: Servers, image: Path, tmp_path: Path) -> None:
    port = free_port()
    var = tmp_path / "var"
    environments = {name: environment_of(name, servers, var, port, image) for name in BUILT}
    migrated = subprocess.run(
        in_image(image, BUILT["migrate"]["command"]),
        cwd=image,
        env=environments["migrate"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert migrated.returncode == 0, migrated.stderr
    with contextlib.ExitStack() as stack:
        programs = {
            name: stack.enter_context(
                running(
                    in_image(image, BUILT[name]["command"]),
                    tmp_path / f"{name}.txt",
                    port=port,
                    cwd=image,
                    env=environments[name],
                )
            )
            for name in LASTING
        }
        programs["web"].wait_until_ready()
        for name in LASTING:
            healthy(name, image, environments[name])
        payment_by_http.make_a_payment(programs["web"].base)

        for name in ("scheduler", "worker", "web"):
            programs[name].stop()
            assert programs[name].process.returncode == 0, programs[name].output
            assert "Traceback" not in programs[name].output


def in_image(image: Path, command: list[str]) -> list[str]:
    """The program as the image's PATH finds it."""
    program = shutil.which(command[0], path=f"{image}/venv/bin:/usr/bin:/bin")
    assert program, f"{command[0]} is not in the image"
    return [program, *command[1:]]


def healthy(name: str, image: Path, environment: dict[str, str]) -> None:
    kind, *command = BUILT[name]["healthcheck"]["test"]
    assert kind == "CMD"
    checked = subprocess.run(
        in_image(image, command), cwd=image, env=environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_make_serve_starts_and_stops_all_of_it(servers: Servers, tmp_path: Path) -> None:
    port = free_port()
    make = require("make", install="apt-get install make")
    environment = environment_of("web", servers, tmp_path / "var", port)
    command = [make, "serve", f"PYTHON={sys.executable}", f"VENV={sys.prefix}"]
    with running(command, tmp_path / "output.txt", port=port, env=environment) as program:
        program.wait_until_ready()
        program.wait(lambda: f"Ready at 127.0.0.1:{port}." in program.output)
        commands = [shlex.join(words_of(each)) for each in program.descendants()]
        for name in LASTING:
            assert any(shlex.join(BUILT[name]["command"][1:]) in command for command in commands), commands
        assert not any("postgres" in name_of(each) or "valkey" in name_of(each) for each in program.descendants())
        assert program.stop() < 15
        assert "Traceback" not in program.output


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_make_serve_starts_no_servers_and_says_so(tmp_path: Path, missing: str) -> None:
    urls = {"DATABASE_URL": "postgresql://okpay@127.0.0.1/okpay", "REDIS_URL": "redis://127.0.0.1"}
    del urls[missing]

    ended = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=clean_environment(VAR=str(tmp_path), **urls),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == f"CommandError: {missing} must be set: make serve starts no servers (make run does).\n"


def test_make_serve_says_what_failed(tmp_path: Path) -> None:
    urls = {"DATABASE_URL": f"postgresql://okpay@127.0.0.1:{free_port()}/okpay", "REDIS_URL": "redis://127.0.0.1"}

    ended = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=clean_environment(VAR=str(tmp_path), **urls),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "CommandError: migrate failed (exit code 1)."


def _wait_until(condition: Any, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _connects(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _execute(url: str, sql: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        connection.cursor().execute(sql)
    finally:
        connection.close()
