"""Who is logged in at the account pages."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client

from sandbox import clock
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D


def logged_in(wallet: Wallet) -> Client:
    client = Client()
    client.force_login(wallet.account.user)
    return client


@pytest.fixture
def as_merchant(merchant: Wallet) -> Client:
    return logged_in(merchant)


@pytest.fixture
def as_buyer(buyer: Wallet) -> Client:
    return logged_in(buyer)


@pytest.fixture
def as_stranger(stranger: Wallet) -> Client:
    return logged_in(stranger)


@pytest.fixture
def pay(buyer: Wallet, merchant: Wallet) -> Callable[..., Transaction]:
    """The buyer sends the merchant some euros."""

    def pay(amount: str = "50", **details: object) -> Transaction:
        arguments: dict[str, object] = {
            "payer": buyer,
            "receiver": merchant.id,
            "currency": "EUR",
            "amount": D(amount),
            "now": clock.now(buyer.account.sandbox),
            **details,
        }
        return payments.send_money(**arguments)  # type: ignore[arg-type]

    return pay


@pytest.fixture
def sandbox_mailbox(settings: LazySettings) -> None:
    """The mailbox of the sandbox, instead of the one that pytest-django puts in its place."""
    settings.EMAIL_BACKEND = "wallets.mailbox.Mailbox"
