"""A small shop, as a merchant would write it: it makes payment forms, listens for notifications, and ships.

`test_shop.py` beside it tests the shop against the gateway, with the pytest plugin. Copy both and make them yours.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from urllib.request import urlopen


@dataclass
class Order:
    invoice: str
    amount: Decimal
    currency: str
    state: str = "new"  # then paid, pending, refunded or disputed
    shipped: int = 0
    log: list[str] = field(default_factory=list)


class Shop:
    """Sells one book. `gateway` is the only thing that differs between the test and the real world."""

    def __init__(self, *, gateway: str, wallet: str, email: str) -> None:
        self.gateway, self.wallet, self.email = gateway, wallet, email
        self.url = ""
        self.orders: dict[str, Order] = {}
        self.suspicious: list[str] = []
        self._seen: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def order(self, amount: str, currency: str = "EUR") -> Order:
        order = Order(f"ORDER-{len(self.orders) + 1}", Decimal(amount), currency)
        self.orders[order.invoice] = order
        return order

    def form(self, order: Order) -> dict[str, str]:
        """The hidden fields of the Pay button."""
        return {
            "ok_receiver": self.wallet,
            "ok_item_1_name": "A book",
            "ok_item_1_price": str(order.amount),
            "ok_currency": order.currency,
            "ok_invoice": order.invoice,
            "ok_ipn": self.url,
        }

    def notified(self, body: bytes) -> None:
        """The steps of "Implementing an IPN Listener": verify, is it for us, is it new, is it what was asked for."""
        message = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if (verdict := self._verdict(body)) != "VERIFIED":
            self.suspicious.append(verdict)
            return
        order = self.orders.get(message["ok_invoice"])
        if message["ok_receiver_email"] != self.email or order is None:
            self.suspicious.append("not ours")
            return
        with self._lock:
            step = (message["ok_txn_id"], message["ok_txn_status"])
            if step in self._seen:
                order.log.append("seen before")
                return
            self._seen.add(step)
            self._take(order, message)

    def _take(self, order: Order, message: dict[str, str]) -> None:
        status = message["ok_txn_status"]
        order.log.append(status)
        if status == "reversed":
            order.state = "disputed" if message.get("ok_txn_reversal_reason") == "chargeback" else "refunded"
        elif status == "pending":
            order.state = "pending"
        elif status == "completed":
            if (Decimal(message["ok_txn_gross"]), message["ok_txn_currency"]) != (order.amount, order.currency):
                self.suspicious.append("wrong amount")
                return
            order.state = "paid"
            order.shipped += 1

    def _verdict(self, body: bytes) -> str:
        with urlopen(f"{self.gateway}/ipn-verify.html", b"ok_verify=true&" + body, timeout=10) as answer:  # noqa: S310
            return str(answer.read().decode())


@contextmanager
def running(shop: Shop) -> Iterator[Shop]:
    """The shop's web server, on a free port of this machine."""

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            shop.notified(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        shop.url = f"http://127.0.0.1:{server.server_address[1]}/ipn"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield shop
        finally:
            server.shutdown()
            thread.join()
