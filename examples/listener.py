#!/usr/bin/env python3
"""A whole IPN listener in the standard library: receive, verify, decide. `examples/listener.py [PORT] [GATEWAY]`

It does the steps of the official page "Implementing an IPN Listener" and prints what it thinks of each message.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from urllib.request import urlopen

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
GATEWAY = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"

# What a shop keeps in its database: transactions that it has dealt with.
seen: set[str] = set()


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
        self.send_response(200)
        self.end_headers()

    def decision(self, verdict: str, message: dict[str, str]) -> str:
        """What to do: only a verified, completed, new payment to ourselves is shipped."""
        if verdict != "VERIFIED":
            return "-> keep for investigation"
        if message["ok_receiver_email"] != "merchant@example.com":
            return "-> not for us"
        if message["ok_txn_status"] != "completed":
            return "-> do not ship yet"
        if message["ok_txn_id"] in seen:
            return "-> already shipped"
        seen.add(message["ok_txn_id"])
        return "-> ship"

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Listener).serve_forever()
