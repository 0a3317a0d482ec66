"""What the control API's part of the journal answers: the story of an order that came to process.html."""

import json
from typing import Any

ENTRY: dict[str, Any] = {
    "id": "3",
    "kind": "form",
    "direction": "in",
    "at": "2026-11-24T12:00:00Z",
    "real_at": "2026-11-24T12:00:00Z",
    "correlation": "01a20de2faf66b5a79e1",
    "wallet": "OK702746927",
    "transaction": None,
    "invoice": "99999",
    "method": "POST",
    "url": "http://127.0.0.1:8000/process.html",
    "path": "/process.html",
    "remote_address": "127.0.0.1",
    "status": 302,
    "failed": False,
    "duration": 0.092334,
    "operation": "",
    "outcome": "opened",
    "why": "",
    "summary": "A checkout was opened",
    "stray": False,
    "request": {
        "headers": {"Content-Type": "application/x-www-form-urlencoded", "Host": "127.0.0.1:8000"},
        "body": "ok_receiver=OK702746927&ok_item_1_name=OKPAY+Poster&ok_item_1_price=100&ok_item_1_shipping=10&ok_item_1_article=555&ok_currency=USD&ok_invoice=99999&ok_payer_email=buyer%40example.com&ok_item_1_type=shipment&ok_ipn=http%3A%2F%2F127.0.0.1%3A9000%2Fipn",
        "size": 250,
    },
    "response": {
        "headers": {"Content-Type": "text/html; charset=utf-8", "Location": "/checkout/yru2oI***/"},
        "body": "",
        "size": 0,
    },
    "entries": [],
}

FRAMES = f"retry: 1000\n\nid: W1sxM10sWzEwMDAwMjhdXQ\nevent: entry\ndata: {json.dumps(ENTRY)}\n\n"

PAGE: dict[str, Any] = {
    "next": None,
    "previous": None,
    "follow": "W1sxM10sWzEwMDAwMjhdLFs1Nl0sWzFdLFsyXSxbMl1d",
    "dropped": {"pruned": 0, "lost": 0},
}

ARCHIVE: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "creator": {"name": "OKPAY gateway", "version": "0.1.0"},
        "pages": [
            {
                "startedDateTime": "2026-11-24T12:00:00Z",
                "id": "01a20de2faf66b5a79e1",
                "title": "A checkout was opened",
                "pageTimings": {},
            }
        ],
        "entries": [
            {
                "startedDateTime": "2026-11-24T12:00:00Z",
                "time": 92.334,
                "request": {
                    "method": "POST",
                    "url": "http://127.0.0.1:8000/process.html",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "Content-Type", "value": "application/x-www-form-urlencoded"},
                        {"name": "Host", "value": "127.0.0.1:8000"},
                    ],
                    "queryString": [],
                    "headersSize": -1,
                    "bodySize": 250,
                    "postData": {
                        "mimeType": "application/x-www-form-urlencoded",
                        "text": "ok_receiver=OK702746927&ok_item_1_name=OKPAY+Poster&ok_item_1_price=100&ok_item_1_shipping=10&ok_item_1_article=555&ok_currency=USD&ok_invoice=99999&ok_payer_email=buyer%40example.com&ok_item_1_type=shipment&ok_ipn=http%3A%2F%2F127.0.0.1%3A9000%2Fipn",
                    },
                },
                "response": {
                    "status": 302,
                    "statusText": "Found",
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": [
                        {"name": "Content-Type", "value": "text/html; charset=utf-8"},
                        {"name": "Location", "value": "/checkout/yru2oI***/"},
                    ],
                    "content": {"size": 0, "mimeType": "text/html; charset=utf-8", "text": ""},
                    "redirectURL": "/checkout/yru2oI***/",
                    "headersSize": -1,
                    "bodySize": 0,
                },
                "cache": {},
                "timings": {"send": 0, "wait": 92.334, "receive": 0},
                "comment": "A checkout was opened",
                "_id": "3",
                "_kind": "form",
                "_sandboxTime": "2026-11-24T12:00:00Z",
                "pageref": "01a20de2faf66b5a79e1",
            }
        ],
    }
}
