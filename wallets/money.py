"""Amounts: exact decimals with two places. Nobody else rounds."""

import re
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

D = Decimal
CENT = D("0.01")
ZERO = D("0.00")
SATOSHI = D("0.00000001")
# The widest amount of the official variables: 15 characters, "999999999999.99".
LARGEST = D("999999999999.99")


def round_half_up(amount: Decimal) -> Decimal:
    """To the nearest cent, halves away from zero: prices and conversions."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def round_up(amount: Decimal) -> Decimal:
    """To the next cent: fees."""
    return amount.quantize(CENT, ROUND_UP)


def round_coins(amount: Decimal) -> Decimal:
    """To the nearest hundred-millionth: crypto-currencies, which no balance holds."""
    return amount.quantize(SATOSHI, ROUND_HALF_UP)


def is_amount(amount: Decimal) -> bool:
    """Whole cents, at least one, and no more than the wire can write."""
    return amount.is_finite() and CENT <= amount <= LARGEST and amount == amount.quantize(CENT)


def text(amount: Decimal) -> str:
    """As the wire writes it: two places, a point, no thousands separator."""
    return f"{amount:.2f}"


def parse_price(value: str) -> Decimal:
    """A price as shops send it: `100`, `1.5`, `25.00`, `1,234.50`. Raises ValueError for anything else.

    The official page asks for two places, a point, and an optional comma between thousands; fewer places were accepted.
    """
    value = value.strip()
    if not re.fullmatch(r"(\d{1,15}|\d{1,3}(,\d{3})+)(\.\d{1,2})?", value, re.ASCII):
        raise ValueError("not a price")
    amount = D(value.replace(",", "")).quantize(CENT)
    if amount > LARGEST:
        raise ValueError("too large")
    return amount
