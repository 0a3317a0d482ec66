#!/usr/bin/env python3
"""A whole IPN listener in the standard library: receive, verify, decide. `examples/listener.py [PORT] [GATEWAY]`

It does the seven steps of the official page "Implementing an IPN Listener" and prints what it thinks of each message.
What was INVALID it saves in invalid-messages.txt of the folder where it was started. A GET with `?invoice=` says how
often it shipped that invoice, which is what the Listener Check asks a shop for.
"""

import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
GATEWAY = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000"
INVALID = Path("invalid-messages.txt")

# What a shop keeps in its database: who it is, what it sells, and which transactions it has dealt with.
RECEIVER = "merchant@example.com"
PRICE = ("100.00", "USD")
ORDERS = {"99999": "OKPAY Poster"}  # by invoice; one that is not here may be about anything of that price
seen: set[str] = set()
shipped: Counter[str] = Counter()
one_at_a_time = threading.Lock()  # the same message may come twice at the same moment

PENDING = {
    "review": "wait until OKPAY has reviewed it",
    "unilateral": "register or confirm the e-mail address that it was sent to",
    "verify": "have your account verified",
    "other": "ask Customer Service",
}


class Listener(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # 1. Wait for an HTTP post from OKPAY.
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.answer(411)
            return
        body = self.rfile.read(int(length))
        try:
            # 2. and 3. The same variables, byte for byte, preceded by ok_verify=true, are posted back.
            with urlopen(f"{GATEWAY}/ipn-verify.html", b"ok_verify=true&" + body, timeout=10) as answer:  # noqa: S310
                # 4. The response is VERIFIED, INVALID, or TEST for a message of the IPN Simulator.
                verdict = answer.read().decode()
        except OSError:
            self.answer(503)  # whoever could not ask wants the message again
            return
        print(said(verdict, body), flush=True)
        self.answer(200)

    def do_GET(self) -> None:
        invoice = dict(parse_qsl(urlsplit(self.path).query)).get("invoice", "")
        self.answer(200, str(shipped[invoice]))

    def answer(self, status: int, text: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


def said(verdict: str, body: bytes) -> str:
    """What was decided about a message, in a line."""
    if verdict == "INVALID":
        # 7. Save the message for further investigation, and believe no word of it.
        with one_at_a_time, INVALID.open("ab") as file:
            file.write(body + b"\n")
        return f"{verdict} -> keep for investigation"
    message = dict(parse_qsl(body.decode(), keep_blank_values=True))
    told = (message.get(name, "") for name in ("ok_txn_status", "ok_txn_gross", "ok_txn_currency"))
    decided = decision(message) if verdict == "VERIFIED" else "nothing to do, a test"
    return f"{verdict} {' '.join(told)} invoice={message.get('ok_invoice', '')} -> {decided}"


def decision(message: dict[str, str]) -> str:
    """What to do about a verified message: only a completed, new payment to ourselves for what it costs is shipped."""
    # 5. Is the receiver's e-mail address ours? First, for what others are paid is nothing to act on.
    if message["ok_receiver_email"] != RECEIVER:
        return "not for us"
    # 5. Is the payment completed? 6. If not, the status says what to do, and the reason of one that is pending.
    if message["ok_txn_status"] == "pending":
        return f"do not ship yet: {PENDING.get(message['ok_txn_pending_reason'], PENDING['other'])}"
    if message["ok_txn_status"] == "reversed":
        return "take it back"
    if message["ok_txn_status"] != "completed":
        return "do not ship"
    # 5. Do price, item description, and so on, match what was ordered?
    invoice, item = message.get("ok_invoice", ""), message.get("ok_item_1_name", "")
    if (message["ok_txn_gross"], message["ok_txn_currency"]) != PRICE:
        return "not what it costs"
    if ORDERS.get(invoice, item) != item:
        return "not what was ordered"
    with one_at_a_time:
        # 5. Was the transaction already processed?
        if message["ok_txn_id"] in seen:
            return "already shipped"
        # 6. All is well: ship.
        seen.add(message["ok_txn_id"])
        shipped[invoice] += 1
    return "ship"


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Listener).serve_forever()
