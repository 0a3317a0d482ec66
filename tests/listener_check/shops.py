"""Shops with an IPN listener, good and bad: what a merchant's code does with a message, in a few lines each.

with shop(gateway, ships=lambda verdict, message: True) as careless: ...
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, parse_qsl, urlsplit
from urllib.request import Request, urlopen

Message = dict[str, str]


@dataclass
class Shop:
    """`asks` makes of a message what is posted to ipn-verify (None: nothing is); the rest says what comes of it."""

    gateway: str
    url: str = ""
    asks: Callable[[bytes], bytes | None] = lambda body: b"ok_verify=true&" + body
    content_type: str = "application/x-www-form-urlencoded"
    ships: Callable[[str, Message], bool] | None = None
    status: Callable[[str, Message], int] = lambda verdict, message: 200
    answers_first: bool = False
    delay: float = 0
    orders: Callable[[int], str] = str
    shipped: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def orders_url(self) -> str:
        return f"{self.url}delivered?invoice={{invoice}}"

    def verdict(self, body: bytes) -> str:
        question = self.asks(body)
        if question is None:
            return ""
        headers = {"Content-Type": self.content_type}
        try:
            with urlopen(Request(f"{self.gateway}/ipn-verify.html", question, headers), timeout=10) as answer:
                return str(answer.read().decode())
        except URLError:
            return ""

    def deal_with(self, verdict: str, message: Message) -> None:
        with self.lock:
            if (self.ships or self.is_right)(verdict, message):
                self.shipped[message["ok_invoice"]] += 1

    def is_right(self, verdict: str, message: Message) -> bool:
        """The checks of the official page."""
        right = (
            verdict == "VERIFIED"
            and message["ok_receiver_email"] == "merchant@example.com"
            and message["ok_txn_status"] == "completed"
            and (message["ok_txn_gross"], message["ok_txn_currency"]) == ("100.00", "USD")
            and message["ok_txn_id"] not in self.seen
        )
        if right:
            self.seen.add(message["ok_txn_id"])
        return right


@contextmanager
def shop(gateway: str, **habits: Any) -> Iterator[Shop]:
    shop = Shop(gateway, **habits)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = dict(parse_qsl(body.decode(), keep_blank_values=True))
            time.sleep(shop.delay)
            if shop.answers_first:
                self.answer(200)
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(1)
            verdict = shop.verdict(body)
            shop.deal_with(verdict, message)
            if not shop.answers_first:
                self.answer(shop.status(verdict, message))

        def do_GET(self) -> None:
            invoice = parse_qs(urlsplit(self.path).query)["invoice"][0]
            self.answer(200, shop.orders(shop.shipped[invoice]))

        def answer(self, status: int, text: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(body: bytes) -> bytes:
    return json.dumps(dict(parse_qsl(body.decode(), keep_blank_values=True))).encode()
