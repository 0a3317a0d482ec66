"""The shop under test, pointed at a sandbox of the test's own."""

from collections.abc import Iterator

import pytest
from shop import Shop, running

from okpay_sandbox import Sandbox


@pytest.fixture
def shop(okpay_sandbox: Sandbox) -> Iterator[Shop]:
    merchant = okpay_sandbox.merchant
    okpay_sandbox.set_wallet(ipn_enabled=True)
    with running(Shop(gateway=okpay_sandbox.gateway.url, wallet=merchant.wallet, email=merchant.email)) as shop:
        yield shop
