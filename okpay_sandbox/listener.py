"""A listener for tests: it keeps what arrives, asks ipn-verify as a shop must, and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from urllib.request import urlopen


@dataclass(frozen=True)
class Received:
    """A notification as it came, and what ipn-verify said of it."""

    body: bytes
    verdict: str

    @property
    def variables(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Listener:
    """`url` is for the wallet's IPN URL. `answers` are the statuses to come; when none is left, 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[int] = []
        self.received: list[Received] = []
        self._arrival = threading.Condition()

    def wait_for(self, count: int, timeout: float = 15) -> list[Received]:
        """What came so far, as soon as it is `count`. Raises AssertionError when it does not come."""
        with self._arrival:
            came = self._arrival.wait_for(lambda: len(self.received) >= count, timeout)
            assert came, f"{len(self.received)} of {count} notifications came within {timeout} s"
            return list(self.received)

    def take(self, received: Received) -> int:
        """Keep it; the status to answer with."""
        with self._arrival:
            self.received.append(received)
            self._arrival.notify_all()
            return self.answers.pop(0) if self.answers else 200


@contextmanager
def listening(gateway_url: str) -> Iterator[Listener]:
    """A listener on 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            verify = f"{gateway_url}/ipn-verify.html"
            with urlopen(verify, b"ok_verify=true&" + body, timeout=30) as answer:  # noqa: S310 (the gateway's address)
                verdict = answer.read().decode()
            self.send_response(listener.take(Received(body, verdict)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener = Listener(f"http://127.0.0.1:{server.server_address[1]}/ipn")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()
