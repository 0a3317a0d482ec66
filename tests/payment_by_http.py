"""One payment through a running gateway, by HTTP alone, as README.md tells it."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.listener import listening


def make_a_payment(base: str) -> None:
    """A merchant's form, a buyer who pays, a notification that verifies, and books that are right."""
    with listening(verify_at=base) as listener:
        control(base, "PATCH", "wallets/OK702746927/", {"ipn_enabled": True, "ipn_url": listener.url})
        token = open_checkout(base)

        control(base, "POST", f"checkout-sessions/{token}/pay/", {"payer": "buyer@example.com"})

        control(base, "POST", "wait/", {"timeout": 20})
        message = listener.wait_for(1)[0]
        assert message.variables["ok_invoice"] == "A-1"
        assert message.variables["ok_txn_status"] == "completed"
        assert message.variables["ok_txn_gross"] == "12.50"
        assert message.verdict == "VERIFIED"
    assert control(base, "GET", "ledger/audit/")["ok"] is True


def open_checkout(base: str) -> str:
    """Post a merchant's form; the token of the checkout where the browser is sent."""
    form = {
        "ok_receiver": "OK702746927",
        "ok_item_1_name": "Book",
        "ok_item_1_price": "12.50",
        "ok_currency": "EUR",
        "ok_invoice": "A-1",
    }
    link = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        link.request("POST", "/process.html", urlencode(form), headers)
        answer = link.getresponse()
        body = answer.read().decode()
    finally:
        link.close()
    assert answer.status == 302, body
    match = re.fullmatch(r"/checkout/([^/]+)/", urlsplit(answer.headers["Location"]).path)
    assert match, answer.headers["Location"]
    return match[1]


def control(base: str, method: str, call: str, body: Any = None) -> Any:
    """One call of the control API."""
    link = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        headers = {"Authorization": "Bearer sandbox", "Content-Type": "application/json"}
        link.request(method, f"/api/v1/{call}", None if body is None else json.dumps(body), headers)
        answer = link.getresponse()
        text = answer.read().decode()
    finally:
        link.close()
    assert answer.status in (200, 201), text
    return json.loads(text)
