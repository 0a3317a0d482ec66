#!/usr/bin/env python3
"""A whole IPN listener in the standard library: receive, verify, decide. `examples/listener.py [PORT] [GATEWAY]`

It does the steps of the official page "Implementing an IPN Listener" and prints what it thinks of each message. A GET
with `?invoice=` says how often it shipped that invoice, which is what the Listener Check asks a shop for.
"""

import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
GATEWAY = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"

# What a shop keeps in its database: who it is, what an order costs, and which transactions it has dealt with.
RECEIVER = "merchant@example.com"
PRICE = ("100.00", "USD")
seen: set[str] = set()
shipped: Counter[str] = Counter()
one_at_a_time = threading.Lock()


class Listener(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # The same variables, byte for byte, preceded by ok_verify=true.
        with urlopen(f"{GATEWAY}/ipn-verify.html", b"ok_verify=true&" + body, timeout=10) as answer:  # noqa: S310
            verdict = answer.read().decode()
        message = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        print(
            verdict,
            message["ok_txn_status"],
            message["ok_txn_gross"],
            message["ok_txn_currency"],
            f"invoice={message['ok_invoice']}",
            self.decision(verdict, message),
            flush=True,
        )
        self.answer("")

    def decision(self, verdict: str, message: dict[str, str]) -> str:
        """What to do: only a verified, completed, new payment to ourselves of the right amount is shipped."""
        if verdict != "VERIFIED":
            return "-> keep for investigation"
        if message["ok_receiver_email"] != RECEIVER:
            return "-> not for us"
        if message["ok_txn_status"] == "reversed":
            return "-> take it back"
        if message["ok_txn_status"] != "completed":
            return "-> do not ship yet"
        if (message["ok_txn_gross"], message["ok_txn_currency"]) != PRICE:
            return "-> not what it costs"
        with one_at_a_time:  # the same message may come twice at the same moment
            if message["ok_txn_id"] in seen:
                return "-> already shipped"
            seen.add(message["ok_txn_id"])
            shipped[message["ok_invoice"]] += 1
        return "-> ship"

    def do_GET(self) -> None:
        invoice = parse_qs(urlsplit(self.path).query).get("invoice", [""])[0]
        self.answer(str(shipped[invoice]))

    def answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Listener).serve_forever()
