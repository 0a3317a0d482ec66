"""How fast messages are delivered, durably, beside the limit: a loop that posts and stores nothing.

    python -m tests.bench.deliveries [messages]

Everything runs here: PostgreSQL and Valkey (embedded, with fsync), the worker, and the listener, in processes of their
own. So read the ratio of the two rates; the numbers themselves are this machine's.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs

from tests.listener import free_port

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 200
LATENCY_RATE, LATENCY_MESSAGES = 100, 500


def main(messages: int) -> None:
    var = Path(tempfile.mkdtemp(prefix="okpay-bench-"))
    os.environ |= {"VAR": str(var), "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings"}
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    from okpay_gateway import embedded

    servers = [embedded.start_postgresql(var), embedded.start_valkey(var)]
    port, arrivals = free_port(), var / "arrivals.json"
    listener = spawn("tests.bench.deliveries", "listen", str(port), str(arrivals))
    worker = None
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        url = f"http://127.0.0.1:{port}/ipn"
        limit = asyncio.run(plain_loop(url, messages, keep=True))
        closing = asyncio.run(plain_loop(url, messages, keep=False))
        worker = spawn("celery", "--app=okpay_gateway", "worker", "--without-mingle", "--without-gossip")
        durable = deliver(url, messages)
        latencies = deliver_one_by_one(url, arrivals, listener)
    finally:
        for process in filter(None, (worker, listener)):
            process.kill()
            process.wait()
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(var, ignore_errors=True)
    print(f"plain loop, connections kept      {limit:7,.0f} posts/s")
    print(f"plain loop, one message each      {closing:7,.0f} posts/s")
    print(f"durable deliveries by the worker  {durable:7,.0f} messages/s  ({durable / closing:.2f} of the loop)")
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    print(f"from commit to the listener at {LATENCY_RATE}/s: p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")


def spawn(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT)


BODY = "&".join(f"ok_variable_{number}=value+{number}" for number in range(40))


async def plain_loop(url: str, messages: int, *, keep: bool) -> float:
    """Posts per second, 200 at once."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=not keep)) as session:

        async def post_many(numbers: "asyncio.Queue[int]") -> None:
            with contextlib.suppress(asyncio.QueueEmpty):
                while True:
                    numbers.get_nowait()
                    async with session.post(url, data=BODY.encode()) as response:
                        assert response.status == 200

        numbers: asyncio.Queue[int] = asyncio.Queue()
        for number in range(messages):
            numbers.put_nowait(number)
        await connected(lambda: post_many_once(session, url))
        started = time.perf_counter()
        await asyncio.gather(*(post_many(numbers) for _ in range(AT_ONCE)))
        return messages / (time.perf_counter() - started)


async def post_many_once(session: object, url: str) -> None:
    async with session.post(url, data=b"") as response:  # type: ignore[attr-defined]
        await response.read()


async def connected(attempt: Callable[[], Awaitable[None]]) -> None:
    for _ in range(200):
        try:
            return await attempt()
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("the listener did not start")


def deliver(url: str, messages: int) -> float:
    """Messages per second from the first attempt to the last result written down, by a real worker."""
    from ipn import kicks
    from ipn.models import IpnMessage

    wait_until(lambda: deliver_one(url))
    template = IpnMessage.objects.latest("id")
    IpnMessage.objects.bulk_create(
        [
            IpnMessage(
                sandbox_id=template.sandbox_id,
                wallet_id=template.wallet_id,
                kind=template.kind,
                url=url,
                variables=BODY,
                created_at=template.created_at,
                next_attempt_at=template.created_at,
            )
            for _ in range(messages)
        ],
        batch_size=1000,
    )
    started = time.perf_counter()
    kicks.kick()
    wait_until(lambda: not IpnMessage.objects.filter(next_attempt_at__isnull=False).exists())
    return messages / (time.perf_counter() - started)


def deliver_one(url: str) -> bool:
    """The worker is up when it delivers."""
    message = queue_one(url)
    time.sleep(0.5)
    message.refresh_from_db()
    return bool(message.status == "sent")


def queue_one(url: str):  # type: ignore[no-untyped-def]
    from django.utils import timezone

    from ipn import delivery
    from sandbox import clock

    pairs = [(f"ok_variable_{number}", f"value {number}") for number in range(40)]
    return delivery.queue(
        sandbox=clock.default_sandbox(),
        wallet_id="OK702746927",
        transaction_id=None,
        kind="send_money",
        url=url,
        pairs=pairs,
        now=timezone.now(),
    )


def deliver_one_by_one(url: str, arrivals: Path, listener: "subprocess.Popen[bytes]") -> list[float]:
    """Seconds from commit to arrival, at a steady rate."""
    committed = {}
    start = time.monotonic()
    for number in range(LATENCY_MESSAGES):
        time.sleep(max(0, start + number / LATENCY_RATE - time.monotonic()))
        message = queue_one(url)
        committed[str(message.id)] = time.time()
    time.sleep(3)
    listener.send_signal(signal.SIGTERM)
    listener.wait()
    arrived = json.loads(arrivals.read_text())
    return [arrived[message] - moment for message, moment in committed.items()]


def wait_until(condition: Callable[[], object], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the worker did not deliver in time")
        time.sleep(0.02)


class Recorder(asyncio.Protocol):
    """The cheapest listener: it notes when a message came, and says 200."""

    arrived: dict[str, float] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if message := parse_qs(body.decode()).get("ok_ipn_id"):
            self.arrived.setdefault(message[0], time.time())
        self.received = b""
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")  # type: ignore[attr-defined]


async def listen(port: int, arrivals: Path) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Recorder, "127.0.0.1", port, backlog=1024)
    await stop.wait()
    server.close()
    arrivals.write_text(json.dumps(Recorder.arrived))


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        asyncio.run(listen(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
