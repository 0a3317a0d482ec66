"""What is sent to and answered by the control API where it is about sandboxes as wholes."""

from typing import Any

SANDBOX = "my-suite"
BIRTHS: dict[str, Any] = {
    "The usual": {},
    "In the year 2030, with a listener": {
        "id": "nightly",
        "clock": {"start": "2030-01-01T00:00:00Z", "frozen": True},
        "merchant": {"ipn_url": "http://127.0.0.1:9000/", "balances": {"USD": "0.00"}},
    },
}
SNAPSHOTS: dict[str, Any] = {"A state with a name": {"name": "before-the-refund"}, "A number for a name": {}}
RESTORES: dict[str, Any] = {"That one": {"name": "paid"}, "The newest": {}}
FORKS: dict[str, Any] = {"A copy of a state": {"snapshot": "paid"}, "As it is now": {"id": "my-fork"}}

ONE: dict[str, Any] = {
    "id": "my-suite",
    "merchant": {"account": "792313427", "wallet": "OK124933909", "email": "merchant@my-suite.example.com"},
    "buyer": {"account": "307792675", "wallet": "OK622241531", "email": "buyer@my-suite.example.com"},
    "now": "2030-01-01T00:00:00Z",
    "frozen": True,
    "snapshots": ["paid"],
    "created_at": "2026-11-24T12:00:00Z",
    "used_at": "2026-11-24T12:00:00Z",
}

NEWBORN: dict[str, Any] = {
    "id": "my-suite",
    "merchant": {
        "account": "792313427",
        "wallet": "OK124933909",
        "email": "merchant@my-suite.example.com",
        "password": "WS7GEYNEuNdhT5wopqMd5oQf",
        "api_password": "mt37yd5hdoiuZtz3RyTT29TYN",
    },
    "buyer": {
        "account": "307792675",
        "wallet": "OK622241531",
        "email": "buyer@my-suite.example.com",
        "password": "yvsrw4voQNrd9ZYgNkqgL2dj",
        "api_password": "iJjVJBq47Mi8GAgxgABo4JDCr",
    },
    "now": "2030-01-01T00:00:00Z",
    "frozen": True,
    "snapshots": [],
    "created_at": "2026-11-24T12:00:00Z",
    "used_at": "2026-11-24T12:00:00Z",
}

SNAPSHOT: dict[str, Any] = {
    "sandbox": "my-suite",
    "name": "paid",
    "taken_at": "2030-01-01T00:00:00Z",
    "created_at": "2026-11-24T12:00:00Z",
    "rows": 105,
}

RESTORED: dict[str, Any] = {"sandbox": "my-suite", "snapshot": "paid", "now": "2030-01-01T00:00:00Z"}
