"""How fast messages are delivered, durably, beside the limit: an asyncio loop that posts the same and stores nothing.

Everything runs here: PostgreSQL and Valkey (embedded, with fsync), the worker, and the listener, in processes of their
own. The loop keeps its connections, as the worker does.
"""

import asyncio
import contextlib
import http.client
import json
import socket
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle
from pathlib import Path

import aiohttp
import psutil

from ipn import delivery, kicks
from ipn.encoding import encode
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway import due
from sandbox import clock
from tests.bench import one_task_each, table
from tests.bench.surroundings import program
from tests.listener import free_port
from tests.programs import Program

MESSAGES, ROUNDS = 6000, 2
MESSAGES_BY_TASKS = 1500
LATENCY_RATE, LATENCY_MESSAGES = 100, 500
LISTENERS = 10  # one of which dies
WARM, REMEMBERED = 2000, 20_000
RETRIED, RETRIES = 1000, 15
AT_ONCE = 200
WALLETS = [f"OK{702746900 + number}" for number in range(50)]
PAIRS = [(f"ok_variable_{number}", f"value {number}") for number in range(40)]
BODY = encode(PAIRS)

_transactions = count(9_000_000)


def run(var: Path, scale: float) -> list[table.Row]:
    ports = [free_port() for _ in range(LISTENERS - 2)]
    with program(var, "tests.bench.listener", PORTS=" ".join(map(str, ports))) as listener:
        _wait_until(lambda: _arrivals(listener.port) is not None)
        url = f"http://127.0.0.1:{listener.port}/ipn"
        pump = _by_the_pump(var, url, [listener.port, *ports], scale)
        limit, durable, latencies = pump.limit, pump.durable, pump.latencies
        tasks = _by_tasks(var, url, max(20, int(MESSAGES_BY_TASKS * scale)))
        retried = max(10, int(RETRIED * scale))
        seconds = _retry(f"http://127.0.0.1:{listener.port}/fail", retried)
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    return [
        table.at_least("Deliveries, durable / plain loop", durable.rate, limit.rate, "/s", goal=0.45),
        table.at_least("Deliveries, durable / a Celery task each", durable.rate, tasks.rate, "/s", goal=10),
        table.compared("CPU of a delivery / of a post in the plain loop", durable.cpu, limit.cpu, "us"),
        table.compared("CPU of a delivery / by a Celery task", durable.cpu, tasks.cpu, "us"),
        table.compared("Deliveries of one wallet, in their order / of 50", pump.one_wallet.rate, durable.rate, "/s"),
        table.within(f"Commit to delivery at {LATENCY_RATE}/s, median", p50, "ms", goal=15, places=1),
        table.Row(f"Commit to delivery at {LATENCY_RATE}/s, 99th percentile", f"{p99:.1f} ms"),
        table.within(
            f"The same, one listener of {LISTENERS} dead: 95th percentile of the others",
            statistics.quantiles(pump.beside_a_dead_one, n=20)[-1],
            "ms",
            goal=1000,
            places=1,
        ),
        table.at_most(
            f"Memory of the worker after {pump.remembered:,} deliveries / after {pump.warm:,}",
            pump.memory,
            pump.memory_when_warm,
            "MiB",
            goal=1.1,
        ),
        table.within(f"{retried * RETRIES:,} retries, clock advanced 450 min", seconds, "s", goal=60, places=1),
    ]


@dataclass(frozen=True)
class Pace:
    """Messages per second, and microseconds of processor time for each in the process that posts."""

    rate: float
    cpu: float


def _mean(paces: list[Pace]) -> Pace:
    return Pace(statistics.mean(pace.rate for pace in paces), statistics.mean(pace.cpu for pace in paces))


@dataclass(frozen=True)
class ByThePump:
    """Latencies are milliseconds from commit to arrival, memory is resident and in MiB."""

    limit: Pace
    durable: Pace
    one_wallet: Pace
    latencies: list[float]
    beside_a_dead_one: list[float]
    warm: int
    memory_when_warm: float
    remembered: int
    memory: float


def _by_the_pump(var: Path, url: str, ports: list[int], scale: float) -> ByThePump:
    """The plain loop and the worker, turn and turn about; then the worker alone."""
    messages = max(50, int(MESSAGES * scale))
    warm, remembered = max(50, int(WARM * scale)), max(100, int(REMEMBERED * scale))
    limits, durables = [], []
    command = ("celery", "--app=okpay_gateway", "worker", "--without-mingle", "--without-gossip", "--without-heartbeat")
    with program(var, *command) as worker:
        _wait_until(lambda: _delivers(url))
        for _ in range(ROUNDS):
            limits.append(asyncio.run(plain_loop(url, messages)))
            durables.append(_deliver(url, messages, worker, kicks_it=True))
        one_wallet = _deliver(url, messages, worker, kicks_it=True, wallets=WALLETS[:1])
        # A pump that ran for a while is idle again.
        time.sleep(1.5)
        timed = max(20, int(LATENCY_MESSAGES * scale))
        latencies = _one_by_one([url.replace("/ipn", "/timed")], timed)
    # Another one, for it shall begin with nothing behind it.
    with program(var, *command) as worker:
        _wait_until(lambda: _delivers(url))
        _deliver(url, warm, worker, kicks_it=True)
        memory_when_warm = _memory(worker)
        _deliver(url, remembered - warm, worker, kicks_it=True)
        memory = _memory(worker)
        # It takes connections, for the kernel does, and never says a word.
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as dead:
            urls = [f"http://127.0.0.1:{port}/timed" for port in (*ports, dead.getsockname()[1])]
            beside_a_dead_one = _one_by_one(urls, max(200, timed), dead=urls[-1])
    IpnMessage.objects.filter(url=urls[-1]).delete()
    return ByThePump(
        _mean(limits),
        _mean(durables),
        one_wallet,
        latencies,
        beside_a_dead_one,
        warm,
        memory_when_warm,
        remembered,
        memory,
    )


def _memory(worker: Program) -> float:
    every = worker.descendants() or [psutil.Process(worker.process.pid)]
    return sum(each.memory_info().rss for each in every) / 2**20


async def plain_loop(url: str, messages: int) -> Pace:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:
        numbers = iter(range(1, messages + 1))

        async def post_many() -> None:
            for number in numbers:
                async with session.post(url, data=f"{BODY}&ok_ipn_id={number}".encode()) as response:
                    await response.read()
                    assert response.status == 200

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(post_many() for _ in range(AT_ONCE)))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Pace(messages / took, cpu / messages * 1e6)


def _deliver(url: str, messages: int, worker: Program, *, kicks_it: bool, wallets: Iterable[str] = WALLETS) -> Pace:
    """From the kick, or the first task, to the last result written down."""
    stored = _store(url, messages, wallets=wallets)
    cpu, started = worker.processor_time(), time.perf_counter()
    if kicks_it:
        kicks.kick()
    else:
        with one_task_each.app.producer_pool.acquire(block=True) as producer:
            for message in stored:
                one_task_each.deliver.apply_async((message.id,), producer=producer)
    _wait_until(lambda: not IpnMessage.objects.filter(next_attempt_at__isnull=False).exists())
    took, cpu = time.perf_counter() - started, worker.processor_time() - cpu
    delivered = DeliveryAttempt.objects.filter(message__in=[message.id for message in stored], response_code=200)
    assert delivered.count() == messages
    return Pace(messages / took, cpu / messages * 1e6)


def _store(url: str, messages: int, *, wallets: Iterable[str] = WALLETS, **fields: object) -> list[IpnMessage]:
    """Messages about as many payments to these wallets, due at once unless told otherwise."""
    now = clock.now(clock.default_sandbox())
    return IpnMessage.objects.bulk_create(
        [
            _message(url, wallet, **{"created_at": now, "next_attempt_at": now} | fields)
            for _, wallet in zip(range(messages), cycle(wallets), strict=False)
        ],
        batch_size=1000,
    )


def _message(url: str, wallet: str, **fields: object) -> IpnMessage:
    return IpnMessage(
        sandbox_id=clock.DEFAULT,
        wallet_id=wallet,
        transaction_id=next(_transactions),
        kind="send_money",
        url=url,
        variables=BODY,
        **fields,
    )


def _delivers(url: str) -> bool:
    """The worker is up when it delivers."""
    message = _queue(url)
    with contextlib.suppress(TimeoutError):
        _wait_until(lambda: not IpnMessage.objects.filter(id=message.id, next_attempt_at__isnull=False).exists(), 1)
    message.refresh_from_db()
    return message.status == IpnMessage.Status.SENT


def _queue(url: str, wallet: str = WALLETS[0]) -> IpnMessage:
    sandbox = clock.default_sandbox()
    return delivery.queue(
        sandbox=sandbox,
        wallet_id=wallet,
        transaction_id=next(_transactions),
        kind="send_money",
        url=url,
        pairs=PAIRS,
        now=clock.now(sandbox),
    )


def _one_by_one(urls: list[str], messages: int, *, dead: str = "") -> list[float]:
    """Milliseconds from commit to arrival, at a steady rate, to one wallet's listener after the other."""
    committed = {}
    start = time.monotonic()
    for number in range(messages):
        time.sleep(max(0, start + number / LATENCY_RATE - time.monotonic()))
        url, wallet = urls[number % len(urls)], WALLETS[number % len(urls)]
        message = _queue(url, wallet)
        if url != dead:
            committed[str(message.id)] = time.time()
    port = int(urls[0].split(":")[2].split("/")[0])
    _wait_until(lambda: committed.keys() <= (_arrivals(port) or {}).keys())
    arrived = _arrivals(port) or {}
    # A message can be there before this process has read the clock: that took no time.
    return [max(0.0, arrived[message] - moment) * 1000 for message, moment in committed.items()]


def _arrivals(port: int) -> dict[str, float] | None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        link.request("GET", "/")
        arrived: dict[str, float] = json.loads(link.getresponse().read())
    except OSError:
        return None
    finally:
        link.close()
    return arrived


def _by_tasks(var: Path, url: str, messages: int) -> Pace:
    """Threads, which are the faster pool for tasks that wait for a listener and for a database."""
    command = ("celery", "--app=tests.bench.one_task_each", "worker", "--pool=threads", "--concurrency=50")
    with program(var, *command, "--without-mingle", "--without-gossip", "--without-heartbeat") as worker:
        (first,) = _store(url, 1)
        one_task_each.deliver.delay(first.id)
        _wait_until(lambda: not IpnMessage.objects.filter(next_attempt_at__isnull=False).exists())
        return _deliver(url, messages, worker, kicks_it=False)


def _retry(url: str, messages: int) -> float:
    """Seconds to advance the clock past every retry of messages that a listener never acknowledges."""
    sandbox = clock.default_sandbox()
    now = clock.now(sandbox)
    stored = _store(
        url,
        messages,
        created_at=now,
        status=IpnMessage.Status.RETRYING,
        attempts_made=1,
        last_attempt_at=now,
        next_attempt_at=now + timedelta(minutes=30),
    )
    started = time.perf_counter()
    done = due.advance(sandbox, timedelta(minutes=30 * RETRIES))
    took = time.perf_counter() - started
    assert done.retried + done.failed == messages * RETRIES, done
    failed = IpnMessage.objects.filter(id__in=[each.id for each in stored], status=IpnMessage.Status.FAILED)
    assert failed.count() == messages
    return took


def _wait_until(condition: Callable[[], object], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within} seconds")
        time.sleep(0.02)
