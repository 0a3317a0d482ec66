"""What is sent to and answered by the control API where it is about a sandbox's time, its end and its tokens."""

from typing import Any

WAITS: dict[str, Any] = {"Ten seconds at most": {"timeout": 10}}
CLOCKS: dict[str, Any] = {
    "Half an hour on": {"advance": "PT30M"},
    "Stand still": {"freeze": True},
    "A day on, then go on": {"run": True, "advance": "P1D"},
}
NEW_TOKENS: dict[str, Any] = {
    "A merchant's stock": {"name": "price list", "account": "666146284", "scopes": ["products:write", "orders:read"]},
    "A CI job": {
        "name": "CI",
        "sandbox": "default",
        "scopes": ["checkout:write", "ipn:read", "clock:write"],
        "expires_at": "2037-12-31T23:59:59Z",
    },
}

RESET: dict[str, Any] = {"sandbox": "default", "now": "2026-11-24T12:00:00Z"}

WAITED: dict[str, Any] = {
    "idle": True,
    "ipn_messages": [],
    "checkout_sessions": [],
    "transactions": [],
    "mass_payments": [],
    "listener_checks": [],
}

CLOCK: dict[str, Any] = {"now": "2026-11-24T12:00:00Z", "frozen": False, "offset": "PT30M"}

CLOCK_DONE: dict[str, Any] = {
    "delivered": 1,
    "retried": 0,
    "failed": 0,
    "expired": 0,
    "decided": 0,
    "lists_sent": 0,
    "events": [{"at": "2026-11-24T11:55:00Z", "what": "ipn", "id": "3000001", "outcome": "delivered"}],
    "events_omitted": 0,
}

TOKEN: dict[str, Any] = {
    "id": 1,
    "name": "price list",
    "hint": "okc_Zofq",
    "sandbox": "default",
    "account": "666146284",
    "scopes": ["orders:read", "products:write"],
    "created_at": "2026-11-24T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
}

TOKEN_TEXT: dict[str, Any] = {"token": "okc_ZofqB_b-p2LMst3fxs1Jyeg73Rg12KutnUJj98w0U2w"}
