"""What waits to be delivered, as staff see it above the list of messages."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from ipn import backlog
from ipn.models import IpnMessage
from sandbox import clock
from tests.ipn_pages.conftest import Queue, attempted
from wallets.models import User, Wallet


def waiting() -> dict[str, tuple[int, int, int]]:
    return {host.host: (host.due, host.in_flight, host.later) for host in backlog.backlog().busiest}


def test_due_in_flight_and_later_are_told_apart(queue: Queue) -> None:
    now = timezone.now()
    queue(url="http://dead.example/a", now=now - timedelta(minutes=2))
    queue(url="http://dead.example/b", now=now - timedelta(minutes=1))
    posted = queue(url="http://busy.example:8080/")
    IpnMessage.objects.filter(id=posted.id).update(claimed_until=now + timedelta(seconds=9))
    lost = queue(url="http://lost.example/")
    IpnMessage.objects.filter(id=lost.id).update(claimed_until=now - timedelta(seconds=9))
    attempted(queue(url="http://late.example/"), 500)
    attempted(queue(url="http://done.example/"), 200)

    assert waiting() == {
        "dead.example": (2, 0, 0),
        "busy.example:8080": (0, 1, 0),
        "lost.example": (1, 0, 0),
        "late.example": (0, 0, 1),
    }
    everything = backlog.backlog().all
    assert (everything.due, everything.in_flight, everything.later) == (3, 1, 1)
    assert everything.longest_wait is not None
    assert everything.longest_wait.total_seconds() // 60 == 2


def test_each_sandbox_by_its_own_clock(queue: Queue, merchant: Wallet) -> None:
    attempted(queue(url="http://late.example/"), 500)

    clock.advance(merchant.account.sandbox, timedelta(minutes=31))

    assert waiting() == {"late.example": (1, 0, 0)}


def test_the_busiest_hosts_only(queue: Queue) -> None:
    for number in range(backlog.MOST_HOSTS + 3):
        queue(url=f"http://shop-{number}.example/")

    assert len(backlog.backlog().busiest) == backlog.MOST_HOSTS
    assert backlog.backlog().more_hosts == 3
    assert backlog.backlog().all.due == backlog.MOST_HOSTS + 3


def test_staff_see_it_above_the_messages(client: Client, queue: Queue) -> None:
    client.force_login(User.objects.get(email="admin@example.com"))
    assert "Nothing waits." in client.get("/admin/ipn/ipnmessage/").content.decode()

    queue(url="http://dead.example/")

    page = client.get("/admin/ipn/ipnmessage/").content.decode()
    assert "What waits to be delivered" in page
    assert '<th scope="row">dead.example</th>' in page
