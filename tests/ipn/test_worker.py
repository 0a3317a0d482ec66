"""Deliveries by real workers: one that is killed, one that nobody kicks, and a broker that is away."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from ipn.models import DeliveryAttempt, IpnMessage
from okpay_gateway import embedded, environment
from sandbox.models import Sandbox
from tests.ipn.conftest import Queue, Spawn, database_url
from tests.listener import Answer, Listener
from tests.programs import ROOT
from wallets.models import Wallet

Status = IpnMessage.Status

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Broker:
    """A Valkey of the test's own, to be stopped and started."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.url = environment.embedded_redis_url(var)
        self.start()

    def start(self) -> None:
        self.server = embedded.start_valkey(self.var)

    def stop(self) -> None:
        self.server.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def spawn(spawn: Spawn, broker: Broker) -> Spawn:
    """As everywhere, but with the broker of this test."""
    return partial(spawn, REDIS_URL=broker.url)


def worker(spawn: Spawn) -> "subprocess.Popen[bytes]":
    return spawn("celery", "--app=okpay_gateway", "worker", "--without-mingle", "--without-gossip")


def wait_until_it_lives(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as link:
        wait_until(lambda: link.exists("okpay:heartbeat:worker"), within=30)


def wait_until(condition: Callable[[], object], within: float) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.05)


def test_a_worker_that_is_killed_loses_nothing(
    spawn: Spawn, queue: Queue, sandbox: Sandbox, listener: Listener
) -> None:
    listener.will(Answer(delay=0.02))
    now = timezone.now()
    messages = [queue(listener.url, wallet_id=f"OK{number % 50}", now=now) for number in range(600)]

    in_hand: Counter[str] = Counter()
    for so_many in (100, 250, 400):
        doomed = worker(spawn)
        listener.wait_for(so_many, timeout=30)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        claimed = IpnMessage.objects.filter(claimed_until__gt=timezone.now()).values_list("id", flat=True)
        in_hand.update(str(message_id) for message_id in claimed)
    worker(spawn)
    wait_until(lambda: not IpnMessage.objects.exclude(status=Status.SENT).exists(), within=40)

    arrived = Counter(request.variables["ok_ipn_id"] for request in listener.requests)
    assert set(arrived) == {str(message.id) for message in messages}
    # Twice came only what a worker had in hand when it died.
    assert arrived - Counter(str(message.id) for message in messages) <= in_hand
    assert DeliveryAttempt.objects.count() == len(messages)
    # A duplicate is the same message, letter for letter.
    assert len({request.body for request in listener.requests}) == len(messages)


PAY = """
import django, time
django.setup()
from django.utils import timezone
from wallets import payments
from wallets.models import Wallet
from wallets.money import D

payer = Wallet.objects.select_related("account__sandbox").get(id="OK100000001")
times = []
for _ in range(5):
    started = time.monotonic()
    payments.send_money(payer=payer, receiver="OK702746927", currency="USD", amount=D("1"), now=timezone.now())
    times.append(time.monotonic() - started)
print(max(times[1:]))
"""


def pay(broker: Broker, then: str = "") -> float:
    """Pay five times, in a process of its own. Returns how long the slowest took, in seconds."""
    environ = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker.url,
        "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings",
    }
    paying = subprocess.run([sys.executable, "-c", PAY + then], cwd=ROOT, env=environ, capture_output=True, timeout=30)
    assert paying.returncode == 0, paying.stderr.decode()
    return float(paying.stdout)


@pytest.mark.parametrize("away", ["stopped", "hanging"])
def test_neither_payments_nor_deliveries_wait_for_a_broker(
    away: str, broker: Broker, spawn: Spawn, merchant: Wallet, buyer: Wallet, listener: Listener
) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    worker(spawn)
    wait_until_it_lives(broker)

    if away == "stopped":
        broker.stop()
    else:
        broker.server.process.send_signal(signal.SIGSTOP)
    assert pay(broker) < 0.5
    listener.wait_for(5, timeout=30)
    # A worker that starts now cannot greet its broker, and delivers.
    worker(spawn)
    assert pay(broker) < 0.5
    listener.wait_for(10, timeout=30)
    wait_until(lambda: IpnMessage.objects.filter(status=Status.SENT).count() == 10, within=5)
    broker.server.process.send_signal(signal.SIGCONT)


def test_a_kick_is_quicker_than_the_next_look(
    spawn: Spawn, broker: Broker, merchant: Wallet, buyer: Wallet, listener: Listener
) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url)
    spawn("tests.ipn.only_kicked")
    wait_until_it_lives(broker)
    environ = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker.url,
        "DJANGO_SETTINGS_MODULE": "okpay_gateway.settings",
    }
    subprocess.run(
        [sys.executable, "-c", PAY + "time.sleep(1)"],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        timeout=30,
    )
    listener.wait_for(5, timeout=20)


def test_a_worker_that_is_asked_to_stop_gives_back_what_does_not_end(
    spawn: Spawn, queue: Queue, sandbox: Sandbox, listener: Listener
) -> None:
    listener.will(Answer(hang=True))
    queue(listener.url, now=timezone.now() - timedelta(seconds=1))
    asked = spawn("celery", "--app=okpay_gateway", "worker", "--without-mingle", "--without-gossip", IPN_TIMEOUT="30")
    listener.wait_for(1, timeout=30)

    started = time.monotonic()
    asked.send_signal(signal.SIGTERM)
    asked.wait(10)

    assert time.monotonic() - started < 5
    assert IpnMessage.objects.get().claimed_until is None
