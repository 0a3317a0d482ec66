"""Whatever a listener does with a message, it is one attempt, written down with its class. Only 200 counts."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from pytest_django import Settings

from ipn import delivery
from ipn.models import DeliveryAttempt, IpnMessage
from sandbox.models import Sandbox
from tests.ipn.conftest import NOW, Queue
from tests.listener import Answer, free_port, listening

Error = DeliveryAttempt.Error
Status = IpnMessage.Status

HEADER = b"HTTP/1.1 200 OK\r\n"
# What a real listener at a real socket does: the code and the class of the attempt.
BEHAVIOURS: dict[str, tuple[Answer, int | None, str]] = {
    "200": (Answer(), 200, ""),
    "200 and 10 MB": (Answer(body=b"x" * 10_000_000), 200, ""),
    "200 and an endless body": (Answer(raw=HEADER + b"\r\n", endless=b"and so on\n"), 200, ""),
    "200 and a body that drips": (Answer(body=b"x" * 5000, drip=0.001), 200, ""),
    "204": (Answer(204, body=b""), 204, Error.STATUS),
    "302": (Answer(302, headers=(("Location", "http://127.0.0.1:1/"),)), 302, Error.REDIRECT),
    "404": (Answer(404), 404, Error.STATUS),
    "500": (Answer(500), 500, Error.STATUS),
    "500 and 10 MB": (Answer(500, body=b"x" * 10_000_000), 500, Error.STATUS),
    "a header without end": (Answer(raw=HEADER, endless=b"X-Endless: 1\r\n"), None, Error.HEADER_TOO_BIG),
    "a header line without end": (Answer(raw=HEADER + b"X: ", endless=b"x" * 100), None, Error.HEADER_TOO_BIG),
    "a header that drips": (Answer(drip=0.2), None, Error.TIMED_OUT),
    "silence": (Answer(hang=True), None, Error.TIMED_OUT),
    "it hangs up": (Answer(drop=True), None, Error.DISCONNECTED),
    "no HTTP": (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), None, Error.MALFORMED_ANSWER),
}


@pytest.fixture
def urls() -> Iterator[Callable[[str], str]]:
    """Where a listener lives that behaves as it is named."""
    with ExitStack() as stack:

        def url(behaviour: str) -> str:
            listener = stack.enter_context(listening())
            listener.will(BEHAVIOURS[behaviour][0])
            return listener.url

        yield url


def test_each_is_one_attempt_with_its_class(
    queue: Queue, sandbox: Sandbox, settings: Settings, urls: Callable[[str], str]
) -> None:
    settings.IPN_TIMEOUT = 1
    expected = {name: (code, error) for name, (_answer, code, error) in BEHAVIOURS.items()}
    messages = {name: queue(urls(name), transaction_id=number) for number, name in enumerate(BEHAVIOURS, start=1)}
    for name, url, error in (
        ("nobody listens", f"http://127.0.0.1:{free_port()}/", Error.REFUSED),
        ("no such name", "http://nowhere.invalid/ipn", Error.NAME_NOT_FOUND),
        ("no TLS", urls("200").replace("http:", "https:"), Error.TLS),
        ("a forbidden address", "http://169.254.169.254/", Error.FORBIDDEN_ADDRESS),
        ("no web address", "gopher://shop.example/", Error.INCORRECT_URL),
    ):
        messages[name] = queue(url, transaction_id=len(messages) + 1)
        expected[name] = (None, error)
    started = time.monotonic()

    made = delivery.deliver_due(sandbox, now=NOW)

    assert time.monotonic() - started < 4  # none waited for another
    attempts = {attempt.message_id: attempt for attempt in made}
    assert len(made) == len(attempts) == DeliveryAttempt.objects.count() == len(messages)
    for name, message in messages.items():
        attempt = attempts[message.id]
        assert (attempt.response_code, attempt.error) == expected[name], name
        assert attempt.number == 1
        assert bool(attempt.error) <= bool(attempt.detail), name
        assert attempt.duration < timedelta(seconds=2), name
        assert len(attempt.response_head) <= 8 * 1024, name
        message.refresh_from_db()
        acknowledged = expected[name][0] == 200
        assert message.status == (Status.SENT if acknowledged else Status.RETRYING), name
        assert message.next_attempt_at == (None if acknowledged else NOW + settings.IPN_RETRY_INTERVAL), name


def test_every_class_that_the_wire_can_bring_is_met() -> None:
    """Only a host that cannot be reached at all is missing here: no test machine has one for certain."""
    met = {error for _answer, _code, error in BEHAVIOURS.values() if error}
    others = {Error.REFUSED, Error.NAME_NOT_FOUND, Error.TLS, Error.FORBIDDEN_ADDRESS, Error.INCORRECT_URL}
    assert met | others == set(Error) - {Error.UNREACHABLE}
