"""Prices as shops send them, and rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.fees import send_money_fee
from wallets.money import CENT, D, parse_price, text


@pytest.mark.parametrize(
    ("sent", "amount"),
    [("100", "100.00"), ("1.5", "1.50"), ("25.00", "25.00"), ("1,234.50", "1234.50"), (" 7 ", "7.00"), ("0", "0.00")],
)
def test_prices_that_shops_send(sent: str, amount: str) -> None:
    assert text(parse_price(sent)) == amount


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "-1",
        "+1",
        "1.234",
        "1,23",
        "12,34.00",
        "1.",
        ".5",
        "1e3",
        "$5",
        "5 USD",
        "NaN",
        "Infinity",
        "1_0",
        "١٢",
        "1 000",
    ],
)
def test_prices_that_are_none(sent: str) -> None:
    with pytest.raises(ValueError):
        parse_price(sent)


@given(st.decimals("0.01", "999999999999.99", places=2))
def test_what_is_written_is_read(amount: D) -> None:
    assert parse_price(text(amount)) == amount


@given(st.decimals("0.01", "10000", places=2))
def test_the_fee_of_send_money_stays_within_its_bounds(amount: D) -> None:
    fee = send_money_fee(amount)
    assert CENT <= fee <= D("2.99")
    assert fee == fee.quantize(CENT)
