"""What every SOAP test needs: switches that are looked up anew, since each test has a database of its own."""

from collections.abc import Iterator

import pytest

from soapapi import switches


@pytest.fixture(autouse=True)
def _switches() -> Iterator[None]:
    switches.look_again()
    yield
    switches.look_again()
