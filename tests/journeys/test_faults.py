"""Whatever dies while notifications go out: none is lost, nobody has to help, and what comes twice is recognisable.

Real payments by a process of its own, real servers, and the production processes as `make serve` runs them: one gateway
for all tests, for it has to be well again after each. docs/delivery.md promises what is held here.
OUTAGE=60 keeps Redis away for a whole minute, DELIVERIES=20000 looks longer at the memory.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import redis

from okpay_gateway import embedded, environment
from tests.listener import Answer, Listener, free_port, listening
from tests.payment_by_http import control
from tests.programs import ROOT, Program, clean_environment, running, words_of

pytestmark = pytest.mark.slow

OUTAGE = float(os.environ.get("OUTAGE") or 10)  # seconds without Redis
DELIVERIES = int(os.environ.get("DELIVERIES") or 4000)
RECOVERED_WITHIN = 120  # seconds, from the last fault to the last delivery
IPN_TIMEOUT = 3  # seconds; a lost worker's claims last five more
WALLETS = 40
MEBIBYTE = 2**20


@dataclass
class Payer:
    process: "subprocess.Popen[str]"

    def wait(self) -> list["Payment"]:
        """Until everything is paid."""
        lines, _ = self.process.communicate(timeout=300)
        assert self.process.returncode == 0
        return [Payment(int(number), float(took), float(at)) for number, took, at in map(str.split, lines.splitlines())]


@dataclass(frozen=True)
class Payment:
    transaction: int
    seconds: float
    committed_at: float  # time.monotonic()


@dataclass
class Gateway:
    """A gateway whose servers and processes are ours to break, and a shop that is told by it."""

    var: Path
    program: Program
    shop: Listener
    environment: dict[str, str]
    wallets: list[str]
    newest: int = 0
    # How often a message was in hand when something died.
    in_hand: Counter[int] = field(default_factory=Counter)

    def start_postgresql(self) -> None:
        self.postgresql = embedded.start_postgresql(self.var)

    def start_valkey(self) -> None:
        self.valkey = embedded.start_valkey(self.var)

    def begin(self) -> None:
        """What was before does not count."""
        self.newest = self.ask("SELECT coalesce(max(id), 0) FROM ipn_ipnmessage")[0][0]
        self.shop.requests.clear()
        self.in_hand.clear()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        link = psycopg2.connect(self.environment["DATABASE_URL"])
        try:
            with link, link.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            link.close()

    @contextmanager
    def paying(self, payments: int, *, rate: float, receivers: Sequence[str] = ()) -> Iterator[Payer]:
        command = [sys.executable, "-m", "tests.payer", str(payments), str(rate), *(receivers or self.wallets)]
        with subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True) as payer:
            try:
                yield Payer(payer)
            finally:
                payer.kill()

    def delivers(self, so_many: int) -> None:
        """So many more arrive."""
        self.shop.wait_for(len(self.shop.requests) + so_many, timeout=90)

    def worker(self) -> psutil.Process:
        self.program.wait(lambda: self._workers())
        return self._workers()[0]

    def _workers(self) -> list[psutil.Process]:
        return [each for each in self.program.descendants() if "worker" in words_of(each)]

    def kill_the_worker(self) -> None:
        """All of its tree. What it had in hand may come again."""
        worker = self.worker()
        tree = [worker, *worker.children(recursive=True)]
        for each in tree:
            each.kill()
        psutil.wait_procs(tree, timeout=5)
        self.note_what_is_in_hand()

    def note_what_is_in_hand(self) -> None:
        self.in_hand.update(
            number for (number,) in self.ask("SELECT id FROM ipn_ipnmessage WHERE claimed_until IS NOT NULL")
        )

    def has_nothing_due(self) -> bool:
        """What has to be repeated is due in half an hour."""
        return not self.ask(f"SELECT FROM ipn_ipnmessage WHERE id > {self.newest} AND next_attempt_at <= now() LIMIT 1")

    def says(self, part: str, words: str) -> bool:
        states = self.program.health()
        return states is not None and words in states[part]

    def everything_has_arrived(self, payments: int) -> None:
        """Within the time that is promised; and then nothing is missing, wrong or unexplained."""
        last_fault = time.monotonic()
        self.program.wait(self.has_nothing_due, within=RECOVERED_WITHIN)
        print(f"all delivered {time.monotonic() - last_fault:.1f} seconds after the last payment or fault")
        self.program.wait(self.program.is_well, within=60)
        messages = self.ask(f"SELECT id, attempts_made FROM ipn_ipnmessage WHERE id > {self.newest}")
        assert set(self.ask(f"SELECT status FROM ipn_ipnmessage WHERE id > {self.newest}")) == {("sent",)}
        # Whoever pays cannot know about a payment that broke off whether it was made, and made it again.
        assert len(messages) >= payments
        assert {attempts for _, attempts in messages} == {1}
        arrived = Counter(int(request.variables["ok_ipn_id"]) for request in self.shop.requests)
        assert arrived.keys() == {number for number, _ in messages}
        twice = arrived - Counter(arrived.keys())
        print(f"{len(messages)} messages, {twice.total()} came again, {self.in_hand.total()} were in hand")
        assert twice <= self.in_hand
        # A repetition is the same message, letter for letter.
        assert len({request.body for request in self.shop.requests}) == len(messages)
        assert control(self.program.base, "GET", "ledger/audit/")["ok"]


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    var = tmp_path_factory.mktemp("faults")
    port = free_port()
    environ = clean_environment(
        VAR=str(var),
        PORT=str(port),
        WEB_CONCURRENCY="1",
        IPN_TIMEOUT=str(IPN_TIMEOUT),
        DJANGO_SETTINGS_MODULE="okpay_gateway.settings",
        DATABASE_URL=environment.embedded_database_url(var),
        REDIS_URL=environment.embedded_redis_url(var),
    )
    command = [sys.executable, str(ROOT / "manage.py"), "serve"]
    with ExitStack() as stack:
        # They go last, whatever they are by then.
        servers = Gateway(var, None, None, environ, [])  # type: ignore[arg-type]
        servers.start_postgresql()
        stack.callback(lambda: servers.postgresql.stop())
        servers.start_valkey()
        stack.callback(lambda: servers.valkey.stop())
        servers.shop = stack.enter_context(listening())
        servers.program = stack.enter_context(running(command, var / "serve.txt", port=port, env=environ))
        servers.program.wait_until_ready(within=300)
        servers.wallets = [new_wallet(servers.program.base, servers.shop) for _ in range(WALLETS)]
        yield servers


def new_wallet(base: str, listener: Listener) -> str:
    body = {"account": "666146284", "title": "Shop", "ipn_enabled": True, "ipn_url": listener.url}
    return str(control(base, "POST", "wallets/", body)["id"])


@pytest.fixture
def gateway(production: Gateway) -> Gateway:
    production.program.wait(production.program.is_well, within=60)
    production.shop.will(Answer(delay=0.02))
    production.begin()
    return production


def test_the_worker_is_killed_ten_times(gateway: Gateway) -> None:
    gateway.shop.will(Answer(delay=0.05))  # so that there is work left for the next worker to die over
    with gateway.paying(2000, rate=70) as payer:
        for _ in range(10):
            gateway.delivers(20)
            gateway.kill_the_worker()
        payments = payer.wait()
    gateway.everything_has_arrived(len(payments))


def test_redis_forgets_everything_and_is_away(gateway: Gateway) -> None:
    with gateway.paying(int(20 * (OUTAGE + 8)), rate=20) as payer:
        gateway.delivers(40)
        with redis.Redis.from_url(gateway.environment["REDIS_URL"]) as link:
            link.flushall()
        gateway.delivers(40)
        gateway.valkey.stop()
        gateway.program.wait(lambda: gateway.says("broker", "Redis does not answer"))
        assert gateway.says("worker", "not known")
        back_at = time.monotonic() + OUTAGE
        # The database is all that deliveries need, even those of a worker that starts now.
        gateway.delivers(20)
        gateway.kill_the_worker()
        gateway.delivers(20)
        time.sleep(max(0, back_at - time.monotonic()))
        assert gateway.says("broker", "Redis does not answer")
        gateway.start_valkey()
        payments = payer.wait()
    gateway.everything_has_arrived(len(payments))
    # Kicks are taken again.
    with redis.Redis.from_url(gateway.environment["REDIS_URL"]) as link:
        gateway.program.wait(lambda: not link.llen("celery"))
    # And nobody who pays waits for a broker: a timeout would cost each payment as much.
    assert statistics.median(payment.seconds for payment in payments) < 0.5


def test_postgresql_is_restarted_and_crashes(gateway: Gateway) -> None:
    with gateway.paying(400, rate=40) as payer:
        for how in (signal.SIGINT, signal.SIGKILL):
            gateway.delivers(60)
            gateway.note_what_is_in_hand()
            gateway.postgresql.process.send_signal(how)
            gateway.postgresql.process.wait(10)
            gateway.program.wait(lambda: gateway.says("database", "PostgreSQL does not answer"))
            assert gateway.program.get("/health/")[0] == 503
            gateway.start_postgresql()
            gateway.note_what_is_in_hand()
        payments = payer.wait()
    gateway.everything_has_arrived(len(payments))
    assert gateway.program.get("/health/")[0] == 200
    # No thread of the web server has kept a connection that is none.
    with ThreadPoolExecutor(12) as people:
        wallets = people.map(lambda wallet: control(gateway.program.base, "GET", f"wallets/{wallet}/"), gateway.wallets)
        assert [wallet["id"] for wallet in wallets] == gateway.wallets


def test_a_dead_listener_delays_nobody_and_every_wallet_is_told_in_order(gateway: Gateway) -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(listening()) for _ in range(10)]
        wallets = [new_wallet(gateway.program.base, listener) for listener in listeners]
        dead, *others = listeners
        delay_of_all = delays(gateway, wallets, listeners)
        dead.will(Answer(hang=True))
        delay_of_others = delays(gateway, wallets, others)
        print(f"from commit to delivery, 95 of 100: {delay_of_all:.3f} s, with one dead {delay_of_others:.3f} s")

        # Waiting for the dead one would take IPN_TIMEOUT at least.
        assert delay_of_others < max(1, 4 * delay_of_all)
        for listener in listeners:
            first_attempts = [
                int(request.variables["ok_ipn_id"])
                for request in listener.requests
                if "ok_ipn_resend" not in request.variables
            ]
            assert first_attempts == sorted(first_attempts)


def delays(gateway: Gateway, wallets: list[str], listeners: list[Listener]) -> float:
    """Seconds from commit to arrival for 95 of 100 payments to all wallets, of those that these listeners are told."""
    for listener in listeners:
        listener.requests.clear()
    with gateway.paying(300, rate=75, receivers=wallets) as payer:
        payments = payer.wait()
    for listener in listeners:
        listener.wait_for(len(payments) // len(wallets), timeout=60)
    arrived = defaultdict(list)
    for listener in listeners:
        for request in listener.requests:
            arrived[int(request.variables["ok_txn_id"])].append(request.at)
    took = [min(arrived[each.transaction]) - each.committed_at for each in payments if each.transaction in arrived]
    assert len(took) == len(payments) * len(listeners) // len(wallets)
    return statistics.quantiles(took, n=20)[-1]


def test_memory_stays_what_it_is(gateway: Gateway) -> None:
    """By messages that are put there, for payments take longer than deliveries."""
    gateway.shop.will(Answer())
    with listening() as boundless, listening() as talkative:
        boundless.will(Answer(body=b"x" * 10_000_000))
        talkative.will(Answer(raw=b"HTTP/1.1 200 OK\r\n", endless=b"X-Endless: " + b"x" * 1000 + b"\r\n"))
        measured = []
        for _ in range(DELIVERIES // 1000):
            put_messages(gateway, gateway.shop.url, 1000)
            put_messages(gateway, boundless.url, 40)
            put_messages(gateway, talkative.url, 40)
            gateway.program.wait(gateway.has_nothing_due, within=120)
            measured.append(gateway.worker().memory_info().rss / MEBIBYTE)
    print("MiB:", *(round(mebibytes) for mebibytes in measured))
    assert measured[-1] - measured[0] < 25
    assert max(measured) < 300


def put_messages(gateway: Gateway, url: str, count: int) -> None:
    variables = "&".join(f"ok_variable_{number}=value+{number}" for number in range(40))
    gateway.ask(
        "INSERT INTO ipn_ipnmessage (sandbox_id, wallet_id, kind, url, variables, is_test, status, attempts_made,"
        " series_start, created_at, next_attempt_at)"
        f" SELECT 'default', 'OK' || number % 40, 'send_money', '{url}', '{variables}', false, 'queued', 0, 0,"
        " now(), now()"
        f" FROM generate_series(1, {count}) number RETURNING id"
    )
