"""What is sent to and answered by the control API's part of the notifications, told by the demo cast."""

from typing import Any

SIMULATIONS: dict[str, Any] = {
    "A completed payment": {"wallet": "OK702746927", "url": "http://127.0.0.1:9000/ipn"},
    "A payment under review, without an invoice": {
        "wallet": "OK702746927",
        "url": "http://127.0.0.1:9000/ipn",
        "kind": "send_money",
        "status": "pending",
        "reason": "review",
        "variables": {"ok_invoice": None, "ok_txn_comment": "For the robot"},
    },
}
CHECKS: dict[str, Any] = {
    "A shop that counts its deliveries": {
        "wallet": "OK702746927",
        "url": "http://127.0.0.1:9000/ipn",
        "orders_url": "http://127.0.0.1:9000/orders?invoice={invoice}",
        "amount": "12.50",
        "currency": "EUR",
    },
}

# Some of the variables that say what was paid, as a notification and a browser's return bring them.
PAID: dict[str, str] = {
    "ok_charset": "utf-8",
    "ok_receiver": "OK702746927",
    "ok_receiver_email": "merchant@example.com",
    "ok_txn_id": "1000027",
    "ok_txn_gross": "110.00",
    "ok_txn_currency": "USD",
    "ok_txn_datetime": "2026-11-24 12:00:00",
    "ok_txn_status": "completed",
    "ok_invoice": "99999",
    "ok_payer_email": "buyer@example.com",
    "ok_item_1_name": "OKPAY Poster",
    "ok_item_1_price": "100.00",
}
MESSAGE: dict[str, Any] = {
    "id": 3000001,
    "wallet": "OK702746927",
    "transaction": 1000027,
    "kind": "payment_link",
    "url": "http://127.0.0.1:9000/ipn",
    "is_test": False,
    "scripted": "",
    "status": "sent",
    "response_code": 200,
    "verified": True,
    "created_at": "2026-11-24T12:00:00Z",
    "last_attempt_at": "2026-11-24T12:00:00Z",
    "next_attempt_at": None,
    "variables": PAID | {"ok_ipn_id": "3000001"},
    "attempts": [
        {
            "number": 1,
            "sent_at": "2026-11-24T12:00:00Z",
            "duration": 0.032,
            "request": {
                "method": "POST",
                "url": "http://127.0.0.1:9000/ipn",
                "body": "ok_charset=utf-8&ok_receiver=OK702746927&ok_receiver_email=merchant%40example.com&ok_txn_id=1000027&ok_txn_gross=110.00&ok_txn_currency=USD&ok_txn_datetime=2026-11-24+12%3a00%3a00&ok_txn_status=completed&ok_invoice=99999&ok_payer_email=buyer%40example.com&ok_item_1_name=OKPAY+Poster&ok_item_1_price=100.00&ok_ipn_id=3000001",
            },
            "response": {
                "code": 200,
                "head": "HTTP/1.0 200 OK\nServer: BaseHTTP/0.6 Python/3.11.7\nContent-Length: 0\n\n",
            },
            "error": "",
            "detail": "",
        }
    ],
}

VERIFICATION: dict[str, Any] = {
    "id": 1,
    "asked_at": "2026-11-24T12:00:00Z",
    "verdict": "INVALID",
    "reason": "Changed: ok_txn_gross was sent as '110.00', asked as '1.00'.",
    "differences": {"changed": [["ok_txn_gross", "110.00", "1.00"]]},
    "message": 3000001,
    "transaction": 1000027,
    "method": "POST",
    "remote_address": "127.0.0.1",
    "content_type": "application/x-www-form-urlencoded",
    "body": "ok_verify=true&ok_charset=utf-8&ok_receiver=OK702746927&ok_receiver_email=merchant%40example.com&ok_txn_id=1000027&ok_txn_gross=1.00&ok_txn_currency=USD&ok_txn_datetime=2026-11-24+12%3a00%3a00&ok_txn_status=completed&ok_invoice=99999&ok_payer_email=buyer%40example.com&ok_item_1_name=OKPAY+Poster&ok_item_1_price=100.00&ok_ipn_id=3000001",
}

REPORT: dict[str, Any] = {
    "id": 1,
    "passed": False,
    "summary": "15 stories: 14 passed, 0 with warnings, 1 failed, 0 not told",
    "wallet": "OK702746927",
    "url": "http://127.0.0.1:9000/ipn",
    "stories": [
        {
            "story": "forged",
            "title": "Forged message",
            "told": "Somebody who found the URL of your listener makes a message up. ipn-verify knows nothing of it: INVALID.",
            "promise": "Verify every message, keep this one for investigation, deliver nothing, answer 200.",
            "outcome": "fail",
            "invoice": "CHECK-FORGED-1",
            "posts": [
                {
                    "message": None,
                    "body": "ok_receiver=OK702746927&ok_txn_gross=100.00&ok_txn_currency=USD&ok_txn_status=completed&ok_invoice=CHECK-FORGED-1",
                    "code": 200,
                    "error": "",
                    "detail": "",
                    "seconds": 0.01,
                }
            ],
            "verifications": [{"id": 8, "verdict": "INVALID", "after": None}],
            "ships": 0,
            "shipped": 1,
            "notes": [
                {
                    "outcome": "fail",
                    "title": "Delivered 1 time; 0 would be right",
                    "cure": "Verify every message, keep this one for investigation, deliver nothing, answer 200.",
                    "names": [],
                    "verification": None,
                }
            ],
        }
    ],
}

TEST_MESSAGE: dict[str, Any] = MESSAGE | {
    "id": 3000002,
    "transaction": None,
    "is_test": True,
    "status": "queued",
    "response_code": None,
    "verified": False,
    "last_attempt_at": None,
    "next_attempt_at": "2026-11-24T12:00:00Z",
    "variables": MESSAGE["variables"] | {"ok_ipn_test": "1", "ok_ipn_id": "3000002"},
    "attempts": [],
}
