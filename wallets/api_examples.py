"""What is sent to and answered by the control API's part of the wallets, told by the demo cast."""

from typing import Any

NEW_ACCOUNTS: dict[str, Any] = {
    "A person": {
        "email": "anna@example.com",
        "password": "wonderland",
        "first_name": "Anna",
        "last_name": "Able",
        "country_code": "DE",
    },
    "A verified business": {
        "kind": "business",
        "email": "tea@example.com",
        "password": "earl-grey-1",
        "first_name": "Tina",
        "last_name": "Tea",
        "business_name": "Tea and more",
        "verification": "Verified",
    },
}
ACCOUNT_CHANGES: dict[str, Any] = {
    "Verified by staff": {"verification": "Verified", "reputation": 50},
    "Blocked": {"is_blocked": True},
}
NEW_WALLETS: dict[str, Any] = {
    "With money in it": {"account": "100000001", "title": "Savings", "balances": {"USD": "100.00"}},
}
WALLET_CHANGES: dict[str, Any] = {
    "The Integration tab": {
        "ipn_enabled": True,
        "ipn_url": "http://127.0.0.1:9000/ipn",
        "return_success": "http://127.0.0.1:9000/thanks",
        "return_fail": "http://127.0.0.1:9000/sorry",
        "return_method": "GET",
    },
    "The SOAP API": {"api_enabled": True, "api_password": "a-Secret-of-the-shop", "api_allowed_ips": ["203.0.113.7"]},
    "Out of money": {"balances": {"USD": "0.00", "EUR": "0.00"}},
}
DEPOSITS: dict[str, Any] = {"Fifty dollars": {"currency": "USD", "amount": "50.00"}}
REFUNDS: dict[str, Any] = {"A part": {"amount": "5.00"}, "All of it": {}}

ACCOUNT: dict[str, Any] = {
    "id": "100000001",
    "email": "buyer@example.com",
    "kind": "person",
    "first_name": "Bob",
    "last_name": "Buyer",
    "business_name": "",
    "phone": "49-301234567",
    "verification": "Verified",
    "is_blocked": False,
    "extended_access": False,
    "reputation": 15,
    "country_code": "DE",
    "city": "Berlin",
    "state": "Berlin",
    "street": "Lindenstraße 5",
    "zip": "10969",
    "address_confirmed": True,
    "wallets": ["OK100000001"],
    "created_at": "2026-11-24T12:00:00Z",
}

WALLET: dict[str, Any] = {
    "id": "OK702746927",
    "account": "666146284",
    "title": "Main",
    "balances": {"EUR": "10000.00", "USD": "10000.00", "GBP": "10000.00"},
    "ipn_enabled": True,
    "ipn_url": "http://127.0.0.1:9000/ipn",
    "return_success": "http://127.0.0.1:9000/thanks",
    "return_fail": "http://127.0.0.1:9000/sorry",
    "return_method": "GET",
    "encrypted_only": False,
    "api_enabled": True,
    "api_allowed_ips": [],
    "created_at": "2026-11-24T12:00:00Z",
}

# As the payment form says it.
ITEM: dict[str, Any] = {
    "number": 1,
    "name": "OKPAY Poster",
    "article": "555",
    "type": "shipment",
    "quantity": 1,
    "price": "100.00",
    "handling": "0.00",
    "shipping": "10.00",
    "tax": "0.00",
    "custom_1_title": "",
    "custom_1_value": "",
    "custom_2_title": "",
    "custom_2_value": "",
}
TRANSACTION: dict[str, Any] = {
    "id": 1000027,
    "kind": "payment_link",
    "status": "completed",
    "pending_reason": "",
    "reversal_reason": "",
    "parent": None,
    "reversals": [],
    "payer": {"account": "100000001", "wallet": "OK100000001", "email": "buyer@example.com", "name": "Bob Buyer"},
    "receiver": {
        "account": "666146284",
        "wallet": "OK702746927",
        "email": "merchant@example.com",
        "name": "Demo Merchant",
    },
    "receiver_as_sent": "OK702746927",
    "payment_method": "OKB",
    "currency": "USD",
    "gross": "110.00",
    "fee": "0.00",
    "net": "110.00",
    "total": "110.00",
    "fee_payer": "receiver",
    "paid_currency": None,
    "paid_amount": None,
    "exchange_rate": None,
    "invoice": "99999",
    "comment": "",
    "ipn_url": "http://127.0.0.1:9000/ipn",
    "items": [ITEM | {"gross": "110.00", "product_id": None}],
    "delivery_address": {
        "name": "Bob Buyer",
        "country_code": "DE",
        "city": "Berlin",
        "state": "Berlin",
        "street": "Lindenstraße 5",
        "zip": "10969",
        "confirmed": True,
    },
    "entries": [
        {"wallet": "OK100000001", "currency": "USD", "amount": "-110.00", "created_at": "2026-11-24T12:00:00Z"},
        {"wallet": "OK702746927", "currency": "USD", "amount": "110.00", "created_at": "2026-11-24T12:00:00Z"},
    ],
    "created_at": "2026-11-24T12:00:00Z",
    "updated_at": "2026-11-24T12:00:00Z",
}

AUDIT: dict[str, Any] = {
    "ok": True,
    "currencies": {"EUR": "0.00", "USD": "0.00", "GBP": "0.00"},
    "orphans": [],
    "negative": [],
    "drifted": [],
    "chain": {
        "ok": True,
        "checkpoints": 1,
        "sealed": 52,
        "unsealed": 0,
        "head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "knows_head": None,
        "broken_in_all": 0,
        "broken": [],
    },
}

# What a deposit, a refund, a chargeback and a refused payment look like beside the payment above.
DEPOSIT: dict[str, Any] = TRANSACTION | {
    "id": 1000031,
    "kind": "deposit",
    "payer": None,
    "receiver": {
        "account": "100000001",
        "wallet": "OK100000001",
        "email": "buyer@example.com",
        "name": "Bob Buyer",
    },
    "receiver_as_sent": "OK100000001",
    "payment_method": "VMF",
    **dict.fromkeys(("gross", "net", "total"), "50.00"),
    "invoice": "",
    "ipn_url": "",
    "items": [],
    "delivery_address": None,
    "entries": [
        {"wallet": "OK000000001", "currency": "USD", "amount": "-50.00", "created_at": "2026-11-24T12:00:00Z"},
        {"wallet": "OK100000001", "currency": "USD", "amount": "50.00", "created_at": "2026-11-24T12:00:00Z"},
    ],
}
REFUND: dict[str, Any] = TRANSACTION | {
    "id": 1000028,
    "status": "reversed",
    "reversal_reason": "refund",
    "parent": 1000027,
    **dict.fromkeys(("gross", "net", "total"), "-5.00"),
    "items": [],
    "delivery_address": None,
    "entries": [
        {"wallet": "OK702746927", "currency": "USD", "amount": "-5.00", "created_at": "2026-11-24T12:00:00Z"},
        {"wallet": "OK100000001", "currency": "USD", "amount": "5.00", "created_at": "2026-11-24T12:00:00Z"},
    ],
}
CHARGEBACK: dict[str, Any] = REFUND | {
    "id": 1000029,
    "reversal_reason": "chargeback",
    **dict.fromkeys(("gross", "net", "total"), "-110.00"),
    "entries": [
        {"wallet": "OK702746927", "currency": "USD", "amount": "-110.00", "created_at": "2026-11-24T12:00:00Z"},
        {"wallet": "OK100000001", "currency": "USD", "amount": "110.00", "created_at": "2026-11-24T12:00:00Z"},
    ],
}
DECLINED: dict[str, Any] = TRANSACTION | {"status": "failed", "entries": []}
