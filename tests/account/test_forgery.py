"""Pages of others can neither press a button here nor show a page of ours in a frame."""

import pytest
from django.test import Client

from sandbox import clock
from sandbox.models import Sandbox
from tests import addresses, everything
from wallets import tasks
from wallets.models import Transaction, Wallet

SAMPLES = {"wallet_id": "OK702746927", "method": "btc", "token": "x", "uidb64": "x"}


def test_a_form_that_is_not_ours_does_nothing(merchant: Wallet) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(merchant.account.user)
    before = Transaction.objects.count()

    for each in addresses.below("/account/"):
        address = each.filled(dict.fromkeys(each.names, "1") | SAMPLES)
        response = client.post(
            address, {"title": "Mine", "order": "x", "how": "good"}, HTTP_ORIGIN="https://evil.example"
        )
        assert response.status_code in (403, 405), address

    assert Transaction.objects.count() == before
    assert Wallet.objects.get(id=merchant.id).title == "Main"


def test_no_page_of_the_account_can_be_framed_or_cached(as_merchant: Client) -> None:
    for each in addresses.below("/account/"):
        route = each.route
        if each.names or route == "/account/logout/":
            continue
        response = as_merchant.get(route)
        if response.status_code != 200:
            continue
        assert response["X-Frame-Options"] == "DENY", route
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"], route
        assert "unsafe-inline" not in response["Content-Security-Policy"], route
        assert "no-store" in response["Cache-Control"], route


@pytest.mark.slow
def test_no_page_can_be_framed_or_runs_a_script_that_stands_in_it(
    as_merchant: Client, merchant: Wallet, buyer: Wallet, world: Sandbox
) -> None:
    """The checkout above all: a frame around Pay would press it in somebody's name."""
    known = everything.of(merchant, buyer, now=clock.now(world)) | {"/developers/ slug": "errors"}
    seen = set()
    for each in addresses.below("/"):
        if (
            each.unknown(known)
            or each.name in ("logout", "journal-stream")
            or each.route.startswith(("/admin/", "/api/v1/"))
        ):
            continue
        for visitor in (Client(), as_merchant):
            response = visitor.get(each.filled(known))
            if not response.get("Content-Type", "").startswith("text/html"):
                continue
            seen.add(each.name)
            rules = (rule.strip().partition(" ") for rule in response["Content-Security-Policy"].split(";"))
            policy = {name: sources for name, _, sources in rules}
            assert response["X-Frame-Options"] == "DENY", each.route
            assert policy["frame-ancestors"] == "'none'", each.route
            assert policy.get("script-src", policy["default-src"]) in ("'self'", "'none'"), each.route
            assert policy.get("style-src", policy["default-src"]) in ("'self'", "'none'"), each.route
            assert policy["base-uri"] == "'none'", each.route
            assert response["X-Content-Type-Options"] == "nosniff", each.route
    assert {"process", "checkout", "seal", "developers-section", "shop-systems", "marketplace"} <= seen, seen
    assert len(seen) > 60, seen


def test_the_worker_has_nothing_to_send(merchant: Wallet) -> None:
    tasks.send_mass_payments()

    assert not Transaction.objects.filter(kind="mass_pay").exists()
