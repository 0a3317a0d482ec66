"""Sending money: who pays what, and what refuses to."""

import pytest

from ipn.models import IpnMessage
from sandbox import clock
from wallets import payments, registration, reversals
from wallets.errors import (
    CannotPaySelf,
    CurrencyNotFound,
    IncorrectAmount,
    InsufficientFunds,
    LimitsExceeded,
    SourceAccountBlocked,
    TargetAccountBlocked,
    TargetAccountDoesntExist,
)
from wallets.models import MonthlyTurnover, Transaction, Wallet
from wallets.money import D


def send(payer: Wallet, receiver: str, amount: str, currency: str = "USD", **more: object) -> Transaction:
    now = clock.now(payer.account.sandbox)
    return payments.send_money(payer=payer, receiver=receiver, currency=currency, amount=D(amount), now=now, **more)


@pytest.mark.parametrize(("amount", "fee"), [("50", "0.25"), ("1", "0.01"), ("3", "0.02"), ("1000", "2.99")])
def test_the_sender_pays_the_fee(buyer: Wallet, merchant: Wallet, amount: str, fee: str) -> None:
    payment = send(buyer, merchant.id, amount)

    assert payment.fee == D(fee)
    assert buyer.balance("USD") == D("10000") - D(amount) - D(fee)
    assert merchant.balance("USD") == D("10000") + D(amount)


def test_the_receiver_pays_the_fee_when_asked(buyer: Wallet, merchant: Wallet) -> None:
    send(buyer, merchant.id, "50", receiver_pays_fee=True)

    assert buyer.balance("USD") == D("9950.00")
    assert merchant.balance("USD") == D("10049.75")


@pytest.mark.parametrize("receiver", ["ok702746927", "MERCHANT@example.com", "+44 7700 900123", "44-7700900123"])
def test_a_receiver_is_named_by_wallet_email_or_phone(buyer: Wallet, merchant: Wallet, receiver: str) -> None:
    assert send(buyer, receiver, "1").receiver_wallet == merchant


def test_a_refused_payment_leaves_no_trace(poor_buyer: Wallet, merchant: Wallet) -> None:
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url="http://127.0.0.1:9/ipn")
    before = Transaction.objects.count()

    with pytest.raises(InsufficientFunds):
        send(poor_buyer, merchant.id, "1")

    assert poor_buyer.balance("USD") == D("0.01")
    assert Transaction.objects.count() == before
    assert not IpnMessage.objects.exists()


@pytest.mark.parametrize(
    ("receiver", "currency", "amount", "refusal"),
    [
        ("OK702746927", "XXX", "1", CurrencyNotFound),
        ("OK702746927", "USD", "0", IncorrectAmount),
        ("OK702746927", "USD", "0.001", IncorrectAmount),
        ("OK702746927", "USD", "-1", IncorrectAmount),
        ("OK999999999", "USD", "1", TargetAccountDoesntExist),
        ("buyer@example.com", "USD", "1", CannotPaySelf),
        ("OK100000003", "USD", "1", TargetAccountBlocked),
        ("OK702746927", "JPY", "10000.01", InsufficientFunds),
    ],
)
def test_refusals(buyer: Wallet, receiver: str, currency: str, amount: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        send(buyer, receiver, amount, currency)


def test_a_blocked_account_does_not_pay(blocked: Wallet) -> None:
    with pytest.raises(SourceAccountBlocked):
        send(blocked, "OK702746927", "1")


def test_the_monthly_limit_counts_what_was_paid_and_not_what_came_back(buyer: Wallet, merchant: Wallet) -> None:
    buyer.account.verification = "Unverified"
    buyer.account.save()
    payment = send(buyer, merchant.id, "290", "EUR")
    with pytest.raises(LimitsExceeded):
        send(buyer, merchant.id, "20", "EUR")

    reversals.refund(payment, now=clock.now(buyer.account.sandbox))

    assert send(buyer, merchant.id, "20", "EUR")


def test_refunds_return_exactly_what_was_paid(buyer: Wallet, merchant: Wallet) -> None:
    now = clock.now(buyer.account.sandbox)
    payment = send(buyer, merchant.id, "100", receiver_pays_fee=True)

    parts = [reversals.refund(payment, amount=D("33.33"), now=now) for _ in range(3)]
    rest = reversals.refund(payment, now=now)

    assert [part.gross for part in [*parts, rest]] == [D("-33.33")] * 3 + [D("-0.01")]
    assert rest.parent == payment
    assert rest.reversal_reason == "refund"
    payment.refresh_from_db()
    assert payment.status == "reversed"
    assert buyer.balance("USD") == merchant.balance("USD") == D("10000.00")
    with pytest.raises(payments.WrongState, match="status, Reversed,"):
        reversals.chargeback(payment, now=now)


def test_no_more_is_given_back_than_is_left(buyer: Wallet, merchant: Wallet) -> None:
    now = clock.now(buyer.account.sandbox)
    payment = send(buyer, merchant.id, "100")
    reversals.refund(payment, amount=D("40"), now=now)

    with pytest.raises(IncorrectAmount, match=r"60\.00 can still be given back"):
        reversals.refund(payment, amount=D("60.01"), now=now)


class TestUnilateral:
    """Money sent to an e-mail address that nobody has registered yet."""

    def test_it_waits_and_is_collected_on_registering(self, buyer: Wallet) -> None:
        payment = send(buyer, "Newcomer@Example.com", "100")
        assert (payment.status, payment.pending_reason) == ("pending", "unilateral")
        assert buyer.balance("USD") == D("9899.50")

        account = registration.register(
            sandbox=buyer.account.sandbox,
            email="newcomer@example.com",
            password="correct horse",
            now=clock.now(buyer.account.sandbox),
        )

        payment.refresh_from_db()
        assert (payment.status, payment.pending_reason) == ("completed", "")
        assert payment.receiver_wallet.account == account
        assert payment.receiver_wallet.balance("USD") == D("100.00")

    def test_it_can_be_declined_and_counts_no_more(self, buyer: Wallet) -> None:
        payment = send(buyer, "newcomer@example.com", "100")

        payments.decline(payment, now=clock.now(buyer.account.sandbox))

        assert buyer.balance("USD") == D("10000.00")
        assert MonthlyTurnover.objects.get(account=buyer.account).amount == 0

    def test_a_phone_number_or_wallet_of_nobody_is_refused(self, buyer: Wallet) -> None:
        for receiver in ("OK999999999", "+49 30 7654321", "not an address@"):
            with pytest.raises(TargetAccountDoesntExist):
                send(buyer, receiver, "1")
