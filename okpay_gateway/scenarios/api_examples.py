"""What is sent to and answered by the control API's part of the scenarios, told by the demo cast."""

from typing import Any

SCENARIOS: dict[str, Any] = {
    "A fault, twice": {"operation": "Send_Money", "effect": "fault:Limits_Exceeded", "times": 2, "currency": "EUR"},
    "A payment under review, approved after ten minutes": {
        "operation": "checkout",
        "wallet": "OK702746927",
        "effect": "pending:review:approve:10m",
    },
    "Money moved, answer lost; then all is well": {
        "operation": "Send_Money",
        "invoice": "order-17",
        "steps": [{"effect": "reset:processed"}, {"effect": "succeed", "times": None}],
    },
    "Every notification late by half an hour": {
        "operation": "ipn",
        "wallet": "OK702746927",
        "effect": "late:30m",
        "times": None,
    },
}
CHANGES: dict[str, Any] = {
    "Let calls pass": {"paused": True},
    "Three times, lost": {"operation": "ipn", "effect": "drop", "times": 3},
}
IMPORTS: dict[str, Any] = {
    "Two scenarios": {
        "format": "okpay-scenarios/1",
        "scenarios": [
            {"operation": "ipn", "steps": [{"effect": "double"}]},
            {"operation": "Send_Money", "currency": "EUR", "steps": [{"effect": "fault:Limits_Exceeded", "times": 2}]},
        ],
    },
}

SCENARIO: dict[str, Any] = {
    "id": 1,
    "name": "",
    "status": "active",
    "operation": "Send_Money",
    "wallet": "",
    "receiver": "",
    "currency": "EUR",
    "min_amount": None,
    "max_amount": None,
    "invoice": "",
    "priority": 0,
    "paused": False,
    "steps": [{"effect": "fault:Limits_Exceeded", "times": 2, "delay": 0.0, "used": 0}],
    "used": 0,
    "remaining": 2,
    "created_at": "2026-11-24T12:00:00Z",
}

USE: dict[str, Any] = {
    "id": 1,
    "scenario": 2,
    "directive": "",
    "number": 1,
    "at": "2026-11-24T12:00:00Z",
    "operation": "ipn",
    "effect": "double",
    "delay": 0.0,
    "wallet": "OK702746927",
    "transaction": 1000029,
    "message": 3000003,
    "correlation": "01a20de306c7d2229ca6",
}

FILE: dict[str, Any] = {
    "format": "okpay-scenarios/1",
    "scenarios": [
        {
            "operation": "Send_Money",
            "currency": "EUR",
            "steps": [{"delay": 0, "times": 2, "effect": "fault:Limits_Exceeded"}],
        },
        {"operation": "ipn", "wallet": "OK702746927", "steps": [{"delay": 0, "times": 1, "effect": "double"}]},
    ],
}

CATALOGUE: dict[str, Any] = {
    "operations": [
        {
            "name": "checkout",
            "description": "A buyer presses Pay at the checkout",
            "matched_by": ["wallet", "receiver", "currency", "amount", "invoice"],
            "effects": ["succeed", "fault:NAME", "pending:REASON[:approve|decline:TIME]", "failed"],
        }
    ],
    "effects": [
        {
            "name": "pending",
            "form": "pending:REASON[:approve|decline:TIME]",
            "description": "The payment is pending with this ok_txn_pending_reason; its money waits. It is approved or declined after the given time of the sandbox's clock, or by hand: approve and decline of the control API.",
            "operations": ["checkout", "Send_Money"],
            "examples": ["pending:review", "pending:verify", "pending:review:approve:10m", "pending:other:decline:1d"],
        }
    ],
    "faults": ["Insufficient_Funds", "Limits_Exceeded"],
    "directives": {
        "process_html": ["succeed", "fault=NAME", "pending=REASON[:approve|decline:TIME]"],
        "send_money": ["succeed", "fault=NAME", "pending=REASON[:approve|decline:TIME]"],
        "examples": ["order-17 [sandbox:pending=review,ipn=late:30]"],
    },
    "magic_amounts": [
        {
            "cents": "31",
            "example": "10.31",
            "operations": ["checkout", "Send_Money"],
            "effect": "pending:review",
            "delay": 0,
        }
    ],
}
