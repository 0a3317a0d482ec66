"""What is sent to and answered by the control API's part of the checkout, told by the demo cast."""

from typing import Any

from ipn.api_examples import PAID
from wallets.api_examples import ITEM

PAYMENTS: dict[str, Any] = {
    "From the buyer's balance": {"payer": "buyer@example.com"},
    "From another balance, with a comment": {
        "payer": "OK100000001",
        "currency": "EUR",
        "comment": "Please leave it at the door.",
    },
    "By a payment system that refuses": {"paysystem": "VMF", "outcome": "refused"},
}
NEW_LINKS: dict[str, Any] = {
    "A button that nobody can change": {
        "wallet": "OK702746927",
        "variables": {"ok_item_1_name": "Robot", "ok_item_1_price": "50.00", "ok_currency": "USD"},
        "graphic": "x02",
        "encrypted": True,
    },
    "A text link": {
        "variables": {"ok_receiver": "OK702746927", "ok_item_1_name": "Coffee", "ok_item_1_price": "2.50"},
        "graphic": "",
        "caption": "Buy me a coffee",
    },
}
LINK_CHANGES: dict[str, Any] = {
    "A new price": {
        "variables": {"ok_item_1_price": "60.00", "ok_invoice": None},
        "refuse_older": True,
    },
    "Out of use": {"enabled": False},
}
NEW_KEYS: dict[str, Any] = {"Of a shop's program": {"wallet": "OK702746927", "title": "Shop"}}

SESSION: dict[str, Any] = {
    "token": "yru2oICNu8jqt9u455jmB307WlAoAvuR",
    "status": "paid",
    "url": "http://127.0.0.1:8000/checkout/yru2oICNu8jqt9u455jmB307WlAoAvuR/",
    "created_at": "2026-11-24T12:00:00Z",
    "expires_at": "2026-11-25T12:00:00Z",
    "finished_at": "2026-11-24T12:00:00Z",
    "receiver": "OK702746927",
    "receiver_as_sent": "OK702746927",
    "currency": "USD",
    "fee_payer": "receiver",
    "invoice": "99999",
    "items": [ITEM],
    "ipn_url": "http://127.0.0.1:9000/ipn",
    "return_success": "",
    "return_fail": "",
    "paysystems": None,
    "direct_method": "",
    "language": "",
    "payer_details": {"email": "buyer@example.com"},
    "hints": [],
    "payment_link": None,
    "payer": "100000001",
    "transaction": 1000027,
}

WAY_BACK: dict[str, Any] = {
    "return_method": "GET",
    "return_url": "http://127.0.0.1:9000/thanks?ok_charset=utf-8&ok_receiver=OK702746927&ok_receiver_email=merchant%40example.com&ok_txn_id=1000027&ok_txn_gross=110.00&ok_txn_currency=USD&ok_txn_datetime=2026-11-24+12%3a00%3a00&ok_txn_status=completed&ok_invoice=99999&ok_payer_email=buyer%40example.com&ok_item_1_name=OKPAY+Poster&ok_item_1_price=100.00",
    "return_variables": PAID,
}

LINK: dict[str, Any] = {
    "id": "8d4pnsn3perx",
    "wallet": "OK702746927",
    "name": "Robot",
    "variables": {
        "ok_receiver": "OK702746927",
        "ok_item_1_name": "Robot",
        "ok_item_1_price": "50.00",
        "ok_currency": "USD",
    },
    "graphic": "x02",
    "graphic_language": "en",
    "caption": "",
    "encrypted": True,
    "enabled": True,
    "expires_at": None,
    "revision": 1,
    "oldest_revision": 1,
    "clicks": 2,
    "payments": 1,
    "html": '<form method="post" action="http://127.0.0.1:8000/process.html" accept-charset="utf-8">\n   <input type="hidden" name="ok_encrypted" value="1.x3w2by9y87.Bxr4wUbTQvKievkCvCAGE7YHdCXndjhUmO1c5EJsIE3tzu3Q"/>\n   <input type="image" name="submit" alt="OKPAY Payment" src="http://127.0.0.1:8000/static/buttons/x02-en.svg"/>\n</form>',
    "url": "http://127.0.0.1:8000/process.html?ok_encrypted=1.x3w2by9y87.Bxr4wUbTQvKievkCvCAGE7YHdCXndjhUmO1c5EJsIE3tzu3Q",
    "short_url": "http://127.0.0.1:8000/process.html?ok_link=8d4pnsn3perx",
    "created_at": "2026-11-24T12:00:00Z",
    "changed_at": "2026-11-24T12:00:00Z",
}

WHOLE_LINK_MORE: dict[str, Any] = {
    "received": {"USD": "50.00"},
    "hints": [],
    "problems": [],
    "qr": {
        "svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41" class="segno"><path class="qrline" d="M4 4.5h7"/></svg>',
        "png": "iVBORw0KGgoAAAANSUhEUgAAAUgAAAFIAQAAAAAab1qeAAABhklEQVR42u2a==",
    },
}

KEY: dict[str, Any] = {
    "id": "7duur98aen",
    "wallet": "OK702746927",
    "title": "Shop",
    "is_ours": False,
    "created_at": "2026-11-24T12:00:00Z",
    "revoked_at": None,
}

SECRET: dict[str, Any] = {"secret": "5a59c1030c9516c6519dc925318677606fcac963034f6d0eb2336e55b481dbd7"}

CANCELED: dict[str, Any] = SESSION | {
    "status": "canceled",
    "payer": None,
    "transaction": None,
    "return_method": "GET",
    "return_url": "http://127.0.0.1:9000/sorry?ok_invoice=99999",
    "return_variables": {"ok_invoice": "99999"},
}
