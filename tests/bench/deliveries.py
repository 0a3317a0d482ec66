"""How fast messages are delivered, durably, beside the limit: an asyncio loop that posts the same and stores nothing.

Everything runs here: PostgreSQL and Valkey (embedded, with fsync), the worker, and the listener, in processes of their
own. The loop keeps its connections, as the worker does.
"""

import asyncio
import contextlib
import http.client
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import aiohttp

from ipn import delivery, kicks
from ipn.encoding import encode
from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway import due
from sandbox import clock
from tests.bench import one_task_each, table
from tests.bench.surroundings import program
from tests.programs import Program

MESSAGES, ROUNDS = 6000, 2
MESSAGES_BY_TASKS = 1500
LATENCY_RATE, LATENCY_MESSAGES = 100, 500
RETRIED, RETRIES = 1000, 15
AT_ONCE = 200
WALLET = "OK702746927"
PAIRS = [(f"ok_variable_{number}", f"value {number}") for number in range(40)]
BODY = encode(PAIRS)

_transactions = count(9_000_000)


def run(var: Path, scale: float) -> list[table.Row]:
    with program(var, "tests.bench.listener") as listener:
        _wait_until(lambda: _arrivals(listener.port) is not None)
        url = f"http://127.0.0.1:{listener.port}/ipn"
        limit, durable, latencies = _by_the_pump(var, url, scale)
        tasks = _by_tasks(var, url, max(20, int(MESSAGES_BY_TASKS * scale)))
        retried = max(10, int(RETRIED * scale))
        seconds = _retry(f"http://127.0.0.1:{listener.port}/fail", retried)
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    return [
        table.at_least("Deliveries, durable / plain loop", durable.rate, limit.rate, "/s", goal=0.45),
        table.at_least("Deliveries, durable / a Celery task each", durable.rate, tasks.rate, "/s", goal=10),
        table.compared("CPU of a delivery / of a post in the plain loop", durable.cpu, limit.cpu, "us"),
        table.compared("CPU of a delivery / by a Celery task", durable.cpu, tasks.cpu, "us"),
        table.within(f"Commit to delivery at {LATENCY_RATE}/s, median", p50, "ms", goal=15, places=1),
        table.Row(f"Commit to delivery at {LATENCY_RATE}/s, 99th percentile", f"{p99:.1f} ms"),
        table.within(f"{retried * RETRIES:,} retries, clock advanced 450 min", seconds, "s", goal=60, places=1),
    ]


@dataclass(frozen=True)
class Pace:
    """Messages per second, and microseconds of processor time for each in the process that posts."""

    rate: float
    cpu: float


def _mean(paces: list[Pace]) -> Pace:
    return Pace(statistics.mean(pace.rate for pace in paces), statistics.mean(pace.cpu for pace in paces))


def _by_the_pump(var: Path, url: str, scale: float) -> tuple[Pace, Pace, list[float]]:
    """The plain loop and the worker, turn and turn about; then the worker's milliseconds from commit to arrival."""
    messages = max(50, int(MESSAGES * scale))
    limits, durables = [], []
    command = ("celery", "--app=okpay_gateway", "worker", "--without-mingle", "--without-gossip", "--without-heartbeat")
    with program(var, *command) as worker:
        _wait_until(lambda: _delivers(url))
        for _ in range(ROUNDS):
            limits.append(asyncio.run(plain_loop(url, messages)))
            durables.append(_deliver(url, messages, worker, kicks_it=True))
        # A pump that ran for a while is idle again.
        time.sleep(1.5)
        latencies = _one_by_one(url.replace("/ipn", "/timed"), max(20, int(LATENCY_MESSAGES * scale)))
    return _mean(limits), _mean(durables), latencies


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


def _deliver(url: str, messages: int, worker: Program, *, kicks_it: bool) -> Pace:
    """From the kick, or the first task, to the last result written down."""
    stored = _store(url, messages)
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


def _store(url: str, messages: int, **fields: object) -> list[IpnMessage]:
    """Messages about as many payments, due at once unless told otherwise."""
    now = clock.now(clock.default_sandbox())
    return IpnMessage.objects.bulk_create(
        [_message(url, **{"created_at": now, "next_attempt_at": now} | fields) for _ in range(messages)],
        batch_size=1000,
    )


def _message(url: str, **fields: object) -> IpnMessage:
    return IpnMessage(
        sandbox_id=clock.DEFAULT,
        wallet_id=WALLET,
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


def _queue(url: str) -> IpnMessage:
    sandbox = clock.default_sandbox()
    return delivery.queue(
        sandbox=sandbox,
        wallet_id=WALLET,
        transaction_id=next(_transactions),
        kind="send_money",
        url=url,
        pairs=PAIRS,
        now=clock.now(sandbox),
    )


def _one_by_one(url: str, messages: int) -> list[float]:
    """Milliseconds from commit to arrival, at a steady rate."""
    committed = {}
    start = time.monotonic()
    for number in range(messages):
        time.sleep(max(0, start + number / LATENCY_RATE - time.monotonic()))
        message = _queue(url)
        committed[str(message.id)] = time.time()
    port = int(url.split(":")[2].split("/")[0])
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
