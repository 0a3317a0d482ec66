"""What is sent to and answered by the control API's part of the Marketplace, told by the demo cast."""

from typing import Any

from wallets.api_examples import ITEM

NEW_STORES: dict[str, Any] = {
    "Approved at once": {
        "account": "100000004",
        "name": "Second Shop",
        "description": "Tea, and what goes with it.",
        "email": "shop@example.com",
        "status": "approved",
    },
}
STORE_CHANGES: dict[str, Any] = {
    "Other words": {"description": "Everything that a test needs, and tea."},
    "Suspended": {"status": "suspended", "reason": "It sold what it did not have."},
}
NEW_PRODUCTS: dict[str, Any] = {
    "Something to send": {
        "account": "666146284",
        "title": "Tea pot",
        "description": "Holds a litre.",
        "price": "24.00",
        "type": "shipment",
        "category": "home",
        "article": "POT-1",
        "stock": 12,
        "low_stock": 3,
        "shipping": "4.50",
        "is_published": True,
    },
    "Something to download": {
        "account": "666146284",
        "title": "How to make tea",
        "description": "Forty pages.",
        "price": "6.00",
        "currency": "USD",
        "type": "digital",
        "digital_text": "Boil water first.",
    },
}
PRODUCT_CHANGES: dict[str, Any] = {"Cheaper": {"price": "90.00", "low_stock": 3}}
STOCKS: dict[str, Any] = {"Five more": {"add": 5}, "So many there are": {"set": 20}}
# A picture of one red pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
IMAGES: dict[str, Any] = {"A picture": {"content": PNG, "alt": "A poster in red"}}
FILES: dict[str, Any] = {"A text": {"name": "how-to-make-tea.txt", "content": "Qm9pbCB3YXRlciBmaXJzdC4="}}
NEW_ORDERS: dict[str, Any] = {
    "A poster": {
        "payer": "buyer@example.com",
        "items": [{"product": 7, "quantity": 1, "custom_1_value": "A2"}],
        "total": "113.00",
        "comment": "A birthday present",
    },
}
SHIPMENTS: dict[str, Any] = {"By parcel": {"tracking": "Parcel 4711"}}
REFUNDS: dict[str, Any] = {"A part": {"amount": "5.00"}, "All of it": {}}

STORE: dict[str, Any] = {
    "id": 1,
    "account": "666146284",
    "wallet": "OK702746927",
    "name": "Demo Store",
    "description": "Everything that a test needs: goods to send, files to download, services, and a good cause.",
    "email": "help@merchant.example",
    "phone": "+44 7700 900123",
    "url": "https://merchant.example/",
    "status": "approved",
    "reason": "",
    "created_at": "2026-11-24T12:00:00Z",
}

PRODUCT: dict[str, Any] = {
    "id": 7,
    "account": "666146284",
    "store": 1,
    "title": "OKPAY Poster",
    "description": "The poster of the developer pages, for the wall above your desk.\n\nPrinted on good paper.",
    "price": "100.00",
    "currency": "USD",
    "article": "555",
    "type": "shipment",
    "category": "art",
    "stock": 40,
    "low_stock": None,
    "shipping": "10.00",
    "shipping2": "2.00",
    "tax": "3.00",
    "custom_1_title": "Size",
    "custom_1_value": "",
    "custom_2_title": "Paper",
    "custom_2_value": "Matt, 200 g",
    "is_published": True,
    "members_only": False,
    "digital_text": "",
    "digital_file": "",
    "images": [
        {
            "id": 7,
            "url": "http://127.0.0.1:8000/marketplace/pictures/mN5ps892SmOUBEvr/medium.webp",
            "alt": "OKPAY Poster",
        }
    ],
    "created_at": "2026-11-24T12:00:00Z",
    "updated_at": "2026-11-24T12:00:00Z",
}

ORDER: dict[str, Any] = {
    "id": 1000030,
    "status": "paid",
    "store": 1,
    "seller": "666146284",
    "buyer": "100000001",
    "total": "113.00",
    "currency": "USD",
    "items": [
        ITEM
        | {
            "tax": "3.00",
            "gross": "113.00",
            "custom_1_title": "Size",
            "custom_1_value": "A2",
            "custom_2_title": "Paper",
            "custom_2_value": "Matt, 200 g",
            "product_id": 7,
        }
    ],
    "delivery_address": {
        "name": "Bob Buyer",
        "country_code": "DE",
        "city": "Berlin",
        "state": "Berlin",
        "street": "Lindenstraße 5",
        "zip": "10969",
        "confirmed": True,
    },
    "comment": "A birthday present",
    "tracking": "",
    "events": [{"at": "2026-11-24T12:00:00Z", "kind": "paid", "amount": None, "note": ""}],
    "created_at": "2026-11-24T12:00:00Z",
    "updated_at": "2026-11-24T12:00:00Z",
}

SHIPPED: dict[str, Any] = ORDER | {
    "status": "shipped",
    "tracking": "Parcel 4711",
    "events": [
        {"at": "2026-11-24T12:00:00Z", "kind": "paid", "amount": None, "note": ""},
        {"at": "2026-11-24T13:00:00Z", "kind": "shipped", "amount": None, "note": "Parcel 4711"},
    ],
}
DELIVERED: dict[str, Any] = SHIPPED | {
    "status": "delivered",
    "events": [*SHIPPED["events"], {"at": "2026-11-26T09:00:00Z", "kind": "delivered", "amount": None, "note": ""}],
}
