"""Exchange: exact, free, and never a cent made out of nothing."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import clock
from wallets import conversions, exchange
from wallets.errors import (
    CurrencyDisabled,
    CurrencyNotFound,
    IncorrectAmount,
    IncorrectParameters,
    InsufficientFunds,
    SourceAccountBlocked,
)
from wallets.models import Currency, Entry, MonthlyTurnover, Transaction, Wallet
from wallets.money import D
from wallets.seed import EVERY_CURRENCY


def convert(wallet: Wallet, amount: str, currency: str, into: str) -> Transaction:
    now = clock.now(wallet.account.sandbox)
    return conversions.convert(wallet, amount=D(amount), currency=currency, into=into, now=now)


def test_money_changes_its_currency(buyer: Wallet) -> None:
    done = convert(buyer, "100", "EUR", "USD")

    assert (buyer.balance("EUR"), buyer.balance("USD")) == (D("9900.00"), D("10110.00"))
    assert (done.kind, done.status) == ("exchange", "completed")
    assert (done.paid_amount, done.paid_currency_id, done.gross, done.currency_id) == (
        D("100"),
        "EUR",
        D("110.00"),
        "USD",
    )
    assert done.exchange_rate == exchange.rate(Currency.objects.get(code="EUR"), Currency.objects.get(code="USD"))
    assert done.fee == 0
    assert Entry.objects.filter(transaction=done).count() == 4


def test_it_is_no_payment(buyer: Wallet) -> None:
    convert(buyer, "100", "EUR", "USD")

    assert not MonthlyTurnover.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (("10000.01", "EUR", "USD"), InsufficientFunds),
        (("0", "EUR", "USD"), IncorrectAmount),
        (("0.001", "EUR", "USD"), IncorrectAmount),
        (("-1", "EUR", "USD"), IncorrectAmount),
        (("NaN", "EUR", "USD"), IncorrectAmount),
        (("0.01", "JPY", "EUR"), IncorrectAmount),
        (("1", "EUR", "EUR"), IncorrectParameters),
        (("1", "EUR", "XXX"), CurrencyNotFound),
        (("1", "XXX", "EUR"), CurrencyNotFound),
    ],
)
def test_a_refused_exchange_leaves_no_trace(buyer: Wallet, wrong: tuple[str, str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        convert(buyer, *wrong)

    assert buyer.balance("EUR") == D("10000.00")
    assert not Transaction.objects.filter(kind="exchange").exists()


def test_a_disabled_currency_cannot_be_had(buyer: Wallet) -> None:
    Currency.objects.filter(code="USD").update(enabled=False)

    with pytest.raises(CurrencyDisabled):
        convert(buyer, "1", "EUR", "USD")


def test_a_blocked_client_exchanges_nothing(blocked: Wallet) -> None:
    with pytest.raises(SourceAccountBlocked):
        convert(blocked, "1", "USD", "EUR")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(
    path=st.lists(st.sampled_from(EVERY_CURRENCY), min_size=1, max_size=4),
    cents=st.integers(min_value=1, max_value=10**13),
)
def test_nobody_gains_by_going_round(world: object, path: list[str], cents: int) -> None:
    amount = begun_with = Decimal(cents) / 100
    for source, target in zip(["EUR", *path], [*path, "EUR"], strict=True):
        if source == target:
            continue
        try:
            amount = conversions.quote(amount=amount, currency=source, into=target).result
        except IncorrectAmount:
            return

    assert amount <= begun_with
