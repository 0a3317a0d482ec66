"""Each of the twelve official forms: from the button to a payment, the notification delivered and VERIFIED."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from ipn import delivery, encoding
from sandbox import clock
from sandbox.models import Sandbox
from tests.listener import Listener
from tests.official.code_samples import CODE_SAMPLES, pressed
from wallets.models import Transaction, Wallet
from wallets.money import D

pytestmark = pytest.mark.django_db

THANKS = "https://shop.example/thanks"
ADDRESS = {
    "address_name": "Bob Buyer",
    "address_street": "Lindenstraße 5",
    "address_zip": "10969",
    "address_city": "Berlin",
    "address_country_code": "DE",
}

# What the buyer fills in on the review, and what the shop's listener then reads.
STORIES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "Basic": ({}, {"ok_txn_gross": "100.00", "ok_item_1_name": "OKPAY Poster", "ok_invoice": ""}),
    "Basic with Invoice": ({}, {"ok_txn_gross": "100.00", "ok_invoice": "99999"}),
    "Several Items": (
        {},
        {
            "ok_txn_gross": "150.00",
            "ok_items_count": "2",
            "ok_item_1_article": "555",
            "ok_item_2_name": "Robot",
            "ok_item_2_article": "777",
            "ok_item_2_gross": "50.00",
        },
    ),
    "Items Quantity": (
        {},
        {
            "ok_txn_gross": "300.00",
            "ok_item_1_quantity": "3",
            "ok_item_1_price": "100.00",
            "ok_item_1_gross": "300.00",
        },
    ),
    "Shipping": (
        ADDRESS,
        {
            "ok_txn_gross": "110.00",
            "ok_txn_shipping": "10.00",
            "ok_item_1_type": "shipment",
            "ok_payer_street": "Lindenstraße 5",
            "ok_payer_address_status": "confirmed",
        },
    ),
    "Taxes and Handling": (
        ADDRESS,
        {
            "ok_txn_gross": "120.00",
            "ok_txn_shipping": "10.00",
            "ok_txn_handling": "7.00",
            "ok_txn_tax": "3.00",
            "ok_item_1_tax": "3.00",
            "ok_payer_street": "Lindenstraße 5",
        },
    ),
    "Payment Argument": (
        {"ok_item_1_custom_1_value": "Account 12, bitte"},
        {"ok_item_1_custom_1_title": "Description", "ok_item_1_custom_1_value": "Account 12, bitte"},
    ),
    "Custom Payment Arguments": (
        {},
        {"ok_item_1_custom_1_value": "OKPAY Company promo wall poster", "ok_item_1_custom_2_value": "A1 Poster"},
    ),
    "Custom Price": ({"ok_item_1_price": "12.50"}, {"ok_txn_gross": "12.50", "ok_item_1_price": "12.50"}),
    "Commission on Buyer": (
        {"method": "VMF"},
        {"ok_txn_gross": "100.00", "ok_txn_net": "100.00", "ok_txn_fee": "0.00", "ok_txn_payment_method": "VMF"},
    ),
    "Custom Payment Options": (
        {"method": "SF"},
        {"ok_txn_gross": "100.00", "ok_txn_net": "97.00", "ok_txn_fee": "3.00", "ok_txn_payment_method": "SF"},
    ),
    "Direct Payment Processing": ({}, {"ok_txn_payment_method": "SF", "ok_payer_first_name": "Anonymous"}),
}


def test_there_are_twelve() -> None:
    assert len(CODE_SAMPLES) == len(STORIES) == 12


@pytest.mark.parametrize("sample", CODE_SAMPLES)
def test_from_the_form_to_verified(
    client: Client, world: Sandbox, merchant: Wallet, buyer: Wallet, listener: Listener, sample: str
) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=listener.url, return_success=THANKS)
    filled_in, expected = STORIES[sample]

    checkout = client.post("/process.html", dict(pressed(sample)), headers={"Origin": "https://shop.example"})
    assert checkout.status_code == 302
    back = _as_a_person(client, checkout["Location"], filled_in)

    payment = Transaction.objects.get(kind="payment_link")
    assert payment.status == "completed"
    assert merchant.balance("USD") == D("10000.00") + payment.net
    delivery.deliver_due(world, now=clock.now(world))
    (message,) = listener.requests
    assert expected.items() <= message.variables.items()
    assert message.variables["ok_txn_id"] == str(payment.id)
    assert message.variables["ok_receiver"] == "OK702746927"
    assert message.variables["ok_txn_currency"] == "USD"
    assert _verdict(client, message.body) == b"VERIFIED"
    assert _verdict(client, message.body.replace(b"USD", b"EUR")) == b"INVALID"

    # The browser carries the same variables to the shop, and they verify too.
    assert back.startswith(f"{THANKS}?")
    carried = parse_qsl(urlsplit(back).query, keep_blank_values=True)
    assert carried == message.pairs[:-1]
    assert _verdict(client, encoding.encode(carried).encode()) == b"VERIFIED"


def _as_a_person(client: Client, address: str, filled_in: dict[str, str]) -> str:
    """Log in, review, pay, following the pages' own forms; returns where the browser is sent at last."""
    page = client.get(address, follow=True)
    if "Log in to pay" in page.content.decode():
        assert client.post(*_form(page, "Log in", username="buyer@example.com", password="buyer")).status_code == 302
        page = client.get(address)
    if "Review and pay" in page.content.decode():
        answer = client.post(*_form(page, "Pay", **filled_in))
        if answer["Location"].startswith(THANKS):
            return str(answer["Location"])
        page = client.get(answer["Location"])
    assert "A simulation" in page.content.decode()
    return str(client.post(*_form(page, "Paid", outcome="paid"))["Location"])


def _form(page: HttpResponse, button: str, **filled_in: str) -> tuple[str, dict[str, Any]]:
    """The page's form with this button: its address, and what a browser would send."""
    html = page.content.decode()
    (form,) = (form for form in re.findall(r"<form.*?</form>", html, re.DOTALL) if f">{button}</button>" in form)
    action = re.search(r'^<form[^>]*\baction="([^"]+)"', form)
    inputs = re.findall(r"<input[^>]*>", form)
    sent = {
        _attribute(tag, "name"): _attribute(tag, "value")
        for tag in inputs
        if 'type="radio"' not in tag or re.search(r"\bchecked\b", tag)
    }
    for name, options in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        sent[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    assert filled_in.keys() <= sent.keys() | {"method", "outcome"}
    return action[1] if action else page.wsgi_request.path, sent | filled_in


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def _verdict(client: Client, body: bytes) -> bytes:
    return client.post(
        "/ipn-verify.html", b"ok_verify=true&" + body, content_type="application/x-www-form-urlencoded"
    ).content
