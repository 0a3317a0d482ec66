"""Which functions staff have turned off. Looked up once a second at most: it is asked on every call."""

import time

from soapapi.errors import ApiDisabled, ApiFunctionDisabled
from wallets.models.api_calls import EVERY_FUNCTION, DisabledApiFunction

LOOKED_UP_EVERY = 1.0  # seconds

_known: tuple[float, frozenset[str]] | None = None


def check(function: str) -> None:
    """Raises ApiDisabled, ApiFunctionDisabled."""
    disabled = _disabled()
    if EVERY_FUNCTION in disabled:
        raise ApiDisabled
    if function in disabled:
        raise ApiFunctionDisabled


def look_again() -> None:
    """Forget what was looked up."""
    global _known
    _known = None


def _disabled() -> frozenset[str]:
    global _known
    moment = time.monotonic()
    if _known is None or moment - _known[0] > LOOKED_UP_EVERY:
        _known = (moment, frozenset(DisabledApiFunction.objects.values_list("name", flat=True)))
    return _known[1]
