"""`listen --forward-to`: stand between the gateway and a listener on this machine, and print what each says.

The wallet's IPN URL leads here while it runs. What arrives is handed on byte for byte, one message after the other, so
first messages, retries and resends reach the listener in their order; its answer goes back to the gateway unchanged,
which therefore retries exactly when it would have without us.
"""

import argparse
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from okpay_sandbox.client import Gateway, Sandbox

LISTENER_TIMEOUT = 30  # seconds; the gateway gives up before
VERDICT_WITHIN = 5  # seconds after the answer in which a listener may still ask
# Of this connection, not of the message.
HOP_BY_HOP = frozenset({"connection", "host", "content-length", "transfer-encoding", "keep-alive", "accept-encoding"})


def run(gateway: Gateway, options: argparse.Namespace) -> None:
    """Until Ctrl-C or SIGTERM. Afterwards the wallet has the settings that it had."""
    target = urlsplit(options.forward_to)
    if target.scheme not in ("http", "https") or not target.hostname:
        raise ValueError(f"--forward-to {options.forward_to}: write an address such as http://localhost:3000/ipn")
    cast = gateway.default()
    sandbox = Sandbox(gateway, options.sandbox, cast.merchant, cast.buyer)
    wallet = options.wallet or cast.merchant.wallet
    before = sandbox.call("GET", f"wallets/{wallet}/")
    say = _Say()
    one_by_one = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            with one_by_one:
                started = time.monotonic()
                status, answer, error = _forward(options.forward_to, body, headers)
                took = time.monotonic() - started
            message = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            say(_line(message, error or str(status), took))
            threading.Thread(target=_tell_verdict, args=(sandbox, message, say), daemon=True).start()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((options.bind, 0), Handler) as server:
        host = options.reach_me_at or options.bind
        sandbox.set_wallet(wallet, ipn_enabled=True, ipn_url=f"http://{host}:{server.server_address[1]}/")
        say(f"Notifications of {wallet} go to {options.forward_to}. Ctrl-C ends it.")
        try:
            server.serve_forever(poll_interval=0.1)
        finally:
            sandbox.set_wallet(wallet, ipn_enabled=before["ipn_enabled"], ipn_url=before["ipn_url"])


class _Say:
    """Whole lines, also when two threads speak."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


def _forward(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
    """The listener's status and answer; if there was none, 502 and why."""
    parts = urlsplit(url)
    make: Callable[..., Any] = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=LISTENER_TIMEOUT)
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.read(), ""
    except (OSError, HTTPException) as error:
        reason = str(error) or type(error).__name__
        return 502, f"The listener gave no answer: {reason}".encode(), f"no answer ({reason})"
    finally:
        connection.close()


def _line(message: dict[str, str], answer: str, took: float) -> str:
    what = " ".join(
        message[name]
        for name in ("ok_txn_kind", "ok_txn_status", "ok_txn_gross", "ok_txn_currency")
        if message.get(name)
    )
    again = " (resend)" if message.get("ok_ipn_resend") else ""
    return f"{message.get('ok_ipn_id', '?')}{again}  {what}  -> {answer} in {took * 1000:.0f} ms"


def _tell_verdict(sandbox: Sandbox, message: dict[str, str], say: Callable[[str], None]) -> None:
    """What ipn-verify said when the listener asked."""
    number = message.get("ok_ipn_id", "")
    if not number.isdigit():
        return
    deadline = time.monotonic() + VERDICT_WITHIN
    while time.monotonic() < deadline:
        try:
            asked = sandbox.call("GET", "verifications/", message=number, page_size=1)["results"]
        except Exception as error:  # this thread has nobody to tell but the reader
            say(f"{number}  the gateway does not tell: {error}")
            return
        if asked:
            say(f"{number}  {asked[0]['verdict']} {asked[0].get('reason', '')}".rstrip())
            return
        time.sleep(0.3)
    say(f"{number}  never verified: a listener must ask ipn-verify before it believes a message")
