"""What OKPAY keeps of a payment."""

from decimal import Decimal

from wallets.money import CENT, ZERO, D, round_up
from wallets.paysystems import OKPAY_BALANCE, PAYSYSTEMS

SEND_MONEY_PERCENT = D("0.5")
SEND_MONEY_MOST = D("2.99")


def send_money_fee(amount: Decimal) -> Decimal:
    """0.5 %, at least 0.01, at most 2.99, rounded up to the cent: 50 -> 0.25, 3 -> 0.02, 1000 -> 2.99."""
    return min(SEND_MONEY_MOST, max(CENT, round_up(amount * SEND_MONEY_PERCENT / 100)))


def checkout_fee(amount: Decimal, *, method: str) -> Decimal:
    """Free from an OKPAY balance, a percentage through a payment system."""
    return ZERO if method == OKPAY_BALANCE else PAYSYSTEMS[method].fee(amount)
