"""Rates between currencies, and the official list of them."""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.compiled import Compiled
from wallets.errors import CurrencyDisabled, CurrencyNotFound
from wallets.models import Currency
from wallets.money import CENT, D, round_half_up


def get_currency(code: str) -> Currency:
    """Raises CurrencyNotFound, CurrencyDisabled."""
    currency = CURRENCY.first(code)
    if currency is None:
        raise CurrencyNotFound
    if not currency.enabled:
        raise CurrencyDisabled
    return currency


CURRENCY = Compiled(lambda code: Currency.objects.filter(code=code).order_by())


def rate(source: Currency, target: Currency) -> Decimal:
    """Units of target for one unit of source. Four places, six below one: ok_txn_exchange_rate has ten characters."""
    exact = target.per_euro / source.per_euro
    places = D("0.0001") if exact >= 1 else D("0.000001")
    return max(exact.quantize(places, ROUND_HALF_UP), D("0.000001"))


def price_in(amount: Decimal, *, at: Decimal) -> Decimal:
    """What an amount of the target currency costs in the source currency at a rate: at least one cent."""
    return max(CENT, round_half_up(amount / at))


def in_euros(amount: Decimal, currency: Currency) -> Decimal:
    return round_half_up(amount / currency.per_euro)
