"""Pages of others can neither press a button here nor show a page of ours in a frame."""

from django.test import Client

from tests import addresses
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


def test_the_worker_has_nothing_to_send(merchant: Wallet) -> None:
    tasks.send_mass_payments()

    assert not Transaction.objects.filter(kind="mass_pay").exists()
