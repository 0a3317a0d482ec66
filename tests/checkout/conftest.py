"""What the tests of the checkout share: the basic form of the official samples, and a session opened from it."""

from collections.abc import Callable

import pytest

from checkout import payment_form, sessions
from checkout.models import CheckoutSession
from sandbox import clock
from sandbox.models import Sandbox

BASIC = {
    "ok_receiver": "OK702746927",
    "ok_item_1_name": "OKPAY Poster",
    "ok_item_1_price": "100",
    "ok_currency": "USD",
}

Open = Callable[..., CheckoutSession]


@pytest.fixture
def open_session(world: Sandbox) -> Open:
    """`open_session(ok_fees="1", ok_item_1_price=None)`: the basic form, changed. None leaves a variable out."""

    def _open(**changes: str | None) -> CheckoutSession:
        return sessions.open_session(payment_form.parse(form(**changes).items()), now=clock.now(world))

    return _open


def form(**changes: str | None) -> dict[str, str]:
    return {name: value for name, value in (BASIC | changes).items() if value is not None}
