"""Shops and buyers who leave traces."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client

from sandbox import clock
from sandbox.models import JournalEntry, Sandbox
from tests.api.conftest import Api
from wallets.models import Wallet

FORM = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "Book",
    "ok_item_1_price": "12.50",
    "ok_currency": "EUR",
    "ok_invoice": "A-1",
}
FORM_ENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def api(world: Sandbox) -> Api:
    return Api()


@pytest.fixture(autouse=True)
def _with_a_journal(settings: LazySettings) -> None:
    settings.JOURNAL = True


def send_form(**changes: str) -> HttpResponse:
    return Client().post("/process.html", FORM | changes)


def token_of(response: HttpResponse) -> str:
    assert response.status_code == 302
    return str(response["Location"].split("/")[-2])


def correlation_of(response: Any) -> str:
    return str(response.headers["X-Correlation-ID"])


@pytest.fixture
def pay_at_checkout(buyer: Wallet) -> Callable[..., str]:
    """A buyer who does it all in the browser; the correlation of his payment."""

    def pay(**changes: str) -> str:
        opened = send_form(**changes)
        client = Client()
        client.force_login(buyer.account.user)
        paid = client.post(f"/checkout/{token_of(opened)}/", {"method": "OKB"})
        assert paid.status_code == 302
        return correlation_of(opened)

    return pay


def newest() -> JournalEntry:
    return JournalEntry.objects.latest("id")


def now() -> Any:
    return clock.now(clock.default_sandbox())
