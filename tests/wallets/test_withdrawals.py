"""Withdrawals: what they cost, what arrives, what is refused; and that a card number stays nowhere."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core import serializers
from django.db import IntegrityError, connection, transaction
from django.test import Client

from ipn.models import IpnMessage
from sandbox import clock
from wallets import deposits, limits, recipients, registration, seed, withdrawals
from wallets.errors import (
    CurrencyDisabled,
    CurrencyNotFound,
    IncorrectAccount,
    IncorrectAmount,
    IncorrectParameters,
    InsufficientFunds,
    LimitsExceeded,
    MaximumAmount,
    MinimumAmount,
    PaymentError,
    PaymentMethodNotSupported,
    SourceAccountBlocked,
)
from wallets.models import Currency, Entry, Transaction, User, Wallet, Withdrawal
from wallets.money import D
from wallets.paysystems import PAYOUTS, PAYSYSTEMS, Family

CARD = "4111 1111 1111 1111"
BITCOIN = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


def to_webmoney(wallet: Wallet, amount: str, currency: str = "USD", **more: object) -> Transaction:
    arguments: dict[str, object] = {
        "method": "WMT",
        "account": "Z123456789012",
        "fees_from_amount": False,
        "now": clock.now(wallet.account.sandbox),
    }
    return withdrawals.to_ecurrency(wallet, amount=D(amount), currency=currency, **arguments | more)


def calculate(method: str, amount: str, currency: str, family: Family = Family.ECURRENCY, **more: bool):
    return withdrawals.calculate(family=family, method=method, amount=D(amount), currency=currency, **more)


def test_the_fee_comes_on_top(merchant: Wallet) -> None:
    withdrawal = to_webmoney(merchant, "100", invoice="W-1")

    assert (withdrawal.net, withdrawal.fee, withdrawal.total) == (D("100.00"), D("2.00"), D("102.00"))
    assert merchant.balance("USD") == D("9898.00")
    assert withdrawal.kind == "withdrawal"
    assert withdrawal.status == "completed"
    assert withdrawal.invoice == "W-1"
    assert withdrawal.receiver_wallet.paysystem == "WMT"


def test_or_is_taken_out_of_the_amount(merchant: Wallet) -> None:
    withdrawal = to_webmoney(merchant, "100", fees_from_amount=True)

    assert (withdrawal.net, withdrawal.fee, withdrawal.total) == (D("98.00"), D("2.00"), D("100.00"))
    assert merchant.balance("USD") == D("9900.00")


@pytest.mark.parametrize("fees_from_amount", [False, True])
def test_the_calculation_is_what_the_withdrawal_does(merchant: Wallet, fees_from_amount: bool) -> None:
    quote = calculate("QIW", "50.55", "EUR", fees_from_amount=fees_from_amount)

    withdrawal = withdrawals.to_ecurrency(
        merchant,
        method="qiw",
        account="+7 912 345-67-89",
        amount=D("50.55"),
        currency="EUR",
        fees_from_amount=fees_from_amount,
        now=clock.now(merchant.account.sandbox),
    )

    there = withdrawal.withdrawal
    assert quote.gross == quote.amount + quote.fee == withdrawal.total
    assert (quote.amount, quote.fee) == (withdrawal.net, withdrawal.fee)
    assert quote.exchange_rate == there.exchange_rate == 100
    assert quote.payment_method_amount == there.amount == quote.amount * 100
    assert quote.payment_method_currency == there.currency == "RUB"
    assert there.account == withdrawal.receiver_as_sent == "+79123456789"


@pytest.mark.parametrize(
    ("currency", "arrives", "rate"), [("USD", "USD", "1"), ("EUR", "EUR", "1"), ("GBP", "USD", "1.2941")]
)
def test_money_arrives_in_its_own_currency_where_the_system_has_it(
    world: object, currency: str, arrives: str, rate: str
) -> None:
    quote = calculate("WMT", "100", currency)

    assert (quote.payment_method_currency, quote.exchange_rate) == (arrives, D(rate))
    assert quote.payment_method_amount == 100 * D(rate)


def test_bitcoins_arrive_with_eight_places(merchant: Wallet) -> None:
    withdrawal = withdrawals.to_cryptocurrency(
        merchant,
        method="BTC",
        account=BITCOIN,
        amount=D("1000"),
        currency="USD",
        now=clock.now(merchant.account.sandbox),
    )

    there = withdrawal.withdrawal
    there.refresh_from_db()
    assert there.exchange_rate == D("0.000018181818")
    assert (there.amount, there.currency) == (D("0.01818182"), "BTC")
    assert len(there.paysystem_transaction_id) == 64
    assert merchant.balance("USD") == D("8990.00")


def test_a_russian_card_gets_roubles(buyer: Wallet) -> None:
    withdrawal = withdrawals.to_card_ru(
        buyer, card_number="2200 0000 0000 0004", amount=D("1000"), now=clock.now(buyer.account.sandbox)
    )

    assert withdrawal.currency_id == withdrawal.withdrawal.currency == "RUB"
    assert buyer.balance("RUB") == D("8970.00")


class TestCardWorld:
    NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def pay(self, wallet: Wallet, **more: str) -> Transaction:
        given = {"card_number": CARD, "currency": "EUR", "expiry_month": "11", "expiry_year": "2026"} | more
        return withdrawals.to_card_world(wallet, amount=D("100"), now=self.NOW, **given)

    def test_it_is_good_until_the_end_of_its_month(self, merchant: Wallet) -> None:
        withdrawal = self.pay(merchant)

        assert withdrawal.payment_method == "VMF"
        assert merchant.balance("EUR") == D("9897.00")

    @pytest.mark.parametrize(("month", "year"), [("1", "27"), ("01", "2027"), ("12", "99")])
    def test_its_date_may_be_written_short_or_long(self, merchant: Wallet, month: str, year: str) -> None:
        assert self.pay(merchant, expiry_month=month, expiry_year=year).total == D("103.00")

    @pytest.mark.parametrize(
        ("month", "year", "field"),
        [
            ("10", "2026", "expiry_year"),
            ("12", "2025", "expiry_year"),
            ("13", "2027", "expiry_month"),
            ("0", "2027", "expiry_month"),
            ("", "2027", "expiry_month"),
            ("01", "", "expiry_year"),
            ("01", "1999", "expiry_year"),
            ("١", "2027", "expiry_month"),
        ],
    )
    def test_wrong_or_past_dates(self, merchant: Wallet, month: str, year: str, field: str) -> None:
        with pytest.raises(IncorrectParameters) as refusal:
            self.pay(merchant, expiry_month=month, expiry_year=year)

        assert refusal.value.field == field
        assert refusal.value.name == "Incorrect_Parameters"

    @pytest.mark.parametrize(
        "number", ["4111111111111112", "411111111111", "", "378282246310005", "4111-1111-1111-111a"]
    )
    def test_wrong_numbers(self, merchant: Wallet, number: str) -> None:
        with pytest.raises(IncorrectAccount):
            self.pay(merchant, card_number=number)

    def test_the_number_is_stored_and_logged_nowhere(self, merchant: Wallet, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        withdrawal = self.pay(merchant)
        with pytest.raises(IncorrectParameters) as refusal:
            self.pay(merchant, expiry_year="2020")

        assert withdrawal.withdrawal.account == withdrawal.receiver_as_sent == "**** 1111"
        stored = serializers.serialize("json", [withdrawal, withdrawal.withdrawal])
        for text in (stored, caplog.text, str(refusal.value), repr(refusal.value)):
            assert "411111" not in text.replace(" ", "")

    def test_the_database_refuses_a_whole_number(self, merchant: Wallet) -> None:
        withdrawal = self.pay(merchant).withdrawal
        with pytest.raises(IntegrityError, match="no_card_number"), transaction.atomic():
            Withdrawal.objects.filter(pk=withdrawal.pk).update(account="4111111111111111")


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"currency": "XXX"}, CurrencyNotFound),
        ({"currency": "CHF"}, CurrencyDisabled),
        ({"method": "BTC"}, PaymentMethodNotSupported),
        ({"method": "XXX"}, PaymentMethodNotSupported),
        ({"amount": "0"}, IncorrectAmount),
        ({"amount": "-5"}, IncorrectAmount),
        ({"amount": "10.001"}, IncorrectAmount),
        ({"amount": "NaN"}, IncorrectAmount),
        ({"amount": "1.09"}, MinimumAmount),
        ({"amount": "1.11", "fees_from_amount": True}, MinimumAmount),
        ({"amount": "5500.01"}, MaximumAmount),
        ({"account": "E123456789012"}, IncorrectAccount),
        ({"account": "Z12345678901"}, IncorrectAccount),
        ({"currency": "GBP", "account": "R123456789012"}, IncorrectAccount),
        ({"invoice": "x" * 128}, IncorrectParameters),
    ],
)
def test_refusals_leave_no_trace(merchant: Wallet, more: dict[str, object], refusal: type[PaymentError]) -> None:
    Currency.objects.filter(code="CHF").update(enabled=False)
    before = Transaction.objects.count()

    with pytest.raises(refusal):
        to_webmoney(merchant, **{"amount": "10"} | more)

    assert Transaction.objects.count() == before
    assert merchant.balance("USD") == merchant.balance("GBP") == D("10000.00")


def test_the_bounds_name_themselves(world: object) -> None:
    with pytest.raises(MinimumAmount) as least:
        calculate("WMT", "1", "USD")
    with pytest.raises(MaximumAmount) as most:
        calculate("QIW", "100000.01", "RUB")

    assert (least.value.name, str(least.value)) == ("Minimum_Amount_Is_1.1", "The smallest amount is 1.10 USD.")
    assert (most.value.name, str(most.value)) == ("Maximum_Amount_Is_100000", "The largest amount is 100000.00 RUB.")
    assert MinimumAmount.name == "Minimum_Amount_Is_N"


def test_what_is_sent_may_be_the_largest_amount_with_the_fee_on_top(merchant: Wallet) -> None:
    assert to_webmoney(merchant, "5500").total == D("5610.00")


def test_more_than_there_is(poor_buyer: Wallet) -> None:
    with pytest.raises(InsufficientFunds):
        to_webmoney(poor_buyer, "2")

    assert poor_buyer.balance("USD") == D("0.01")
    assert not Withdrawal.objects.exists()


def test_a_blocked_account_withdraws_nothing(blocked: Wallet) -> None:
    with pytest.raises(SourceAccountBlocked):
        to_webmoney(blocked, "10")


def test_withdrawals_count_against_the_month_with_their_fee(buyer: Wallet) -> None:
    buyer.account.verification = "Unverified"
    buyer.account.save()
    to_webmoney(buyer, "290", "EUR", account="E123456789012")  # 295.80 with the fee

    with pytest.raises(LimitsExceeded) as refusal:
        to_webmoney(buyer, "5", "EUR", account="E123456789012")

    assert refusal.value.limit == limits.MONTHLY_LIMIT_UNVERIFIED


def test_nobody_is_notified(merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn")

    to_webmoney(merchant, "10")

    assert not IpnMessage.objects.exists()


def test_staff_see_where_money_went_and_no_card_number(client: Client, buyer: Wallet) -> None:
    client.force_login(User.objects.get(email="admin@example.com"))
    to_webmoney(buyer, "100")
    withdrawals.to_card_ru(buyer, card_number=CARD, amount=D("1000"), now=clock.now(buyer.account.sandbox))

    page = client.get("/admin/wallets/withdrawal/").text

    assert "Z123456789012" in page
    assert "**** 1111" in page
    assert "411111" not in page


@pytest.mark.django_db(transaction=True)
def test_the_last_money_is_withdrawn_once() -> None:
    seed.currencies()
    sandbox = clock.default_sandbox()
    now = clock.now(sandbox)
    account = registration.register(
        sandbox=sandbox, email="client@example.com", password="correct horse", verification="Verified", now=now
    )
    wallet = Wallet.objects.select_related("account__sandbox").get(account=account)
    deposits.deposit(wallet, currency="USD", amount=D("102"), now=now)
    start = threading.Barrier(6)

    def withdraw(_: int) -> bool:
        start.wait()
        try:
            to_webmoney(wallet, "100")
        except InsufficientFunds:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(withdraw, range(6))) == 1
    assert wallet.balance("USD") == 0
    assert Withdrawal.objects.count() == Transaction.objects.filter(kind="withdrawal").count() == 1
    assert Entry.objects.filter(wallet__role="fees").get().amount == D("2.00")


class TestRecipients:
    @pytest.mark.parametrize(
        ("system", "currency", "account", "normal"),
        [
            ("WMT", "USD", "z123456789012", "Z123456789012"),
            ("WMT", "EUR", "E123456789012", "E123456789012"),
            ("WMT", "RUB", " R123456789012 ", "R123456789012"),
            ("QIW", "RUB", "client@example.com", "client@example.com"),
            ("QIW", "RUB", "7-9123456789", "+79123456789"),
            ("YMO", "RUB", "41001234567890", "41001234567890"),
            ("WON", "USD", "123456789012", "123456789012"),
            ("MFS", "USD", "client@example.com", "client@example.com"),
            ("MFS", "USD", "12345678", "12345678"),
            # The first block's, a script's (BIP 13), BIP 173's and BIP 350's examples.
            ("BTC", "BTC", BITCOIN, BITCOIN),
            ("BTC", "BTC", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"),
            ("BTC", "BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
            ("BTC", "BTC", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
            (
                "BTC",
                "BTC",
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            ),
        ],
    )
    def test_accounts_that_could_exist(self, system: str, currency: str, account: str, normal: str) -> None:
        assert recipients.check_account(system, account, currency=currency) == normal

    @pytest.mark.parametrize(
        ("system", "account"),
        [
            ("WMT", "U123456789012"),
            ("WMT", "Z١٢٣٤٥٦٧٨٩٠١٢"),
            ("WMT", "Z123456789012\n0"),
            ("QIW", "nobody"),
            ("QIW", "123"),
            ("YMO", "51001234567890"),
            ("WON", "12345678901"),
            ("MFS", "1"),
            ("BTC", ""),
            ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),  # one character changed
            ("BTC", "1" + BITCOIN),
            ("BTC", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),  # the test network's
            ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
            ("BTC", "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),  # mixed case
            ("BTC", "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4"),
            ("BTC", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
        ],
    )
    def test_accounts_that_could_not(self, system: str, account: str) -> None:
        with pytest.raises(IncorrectAccount):
            recipients.check_account(system, account, currency="USD")

    def test_every_way_out_can_be_checked_and_named(self) -> None:
        for family, system in PAYOUTS:
            assert system in PAYSYSTEMS
            if family not in (Family.CARD_RU, Family.CARD_WORLD):
                with pytest.raises(IncorrectAccount):
                    recipients.check_account(system, "?", currency=PAYOUTS[family, system].currencies[0])
