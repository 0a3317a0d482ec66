"""The books under fire: many threads, opposite directions, balances that run dry."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from sandbox import clock
from wallets import deposits, ledger, payments, registration, reversals, seed
from wallets.audit import audit
from wallets.errors import InsufficientFunds, PaymentError
from wallets.ledger import Leg
from wallets.models import Balance, Entry, Transaction, TransactionItem, Wallet
from wallets.money import D


@pytest.fixture
def ten_wallets(transactional_db: None) -> list[Wallet]:
    """Ten verified clients with 50.00 USD each: little enough that some payments must be refused."""
    seed.currencies()
    sandbox = clock.default_sandbox()
    wallets = []
    for number in range(10):
        account = registration.register(
            sandbox=sandbox,
            email=f"client{number}@example.com",
            password="correct horse",
            first_name="Client",
            last_name=str(number),
            verification="Verified",
            now=clock.now(sandbox),
        )
        wallet = Wallet.objects.select_related("account__sandbox").get(account=account)
        deposits.deposit(wallet, currency="USD", amount=D("50"), now=clock.now(sandbox))
        wallets.append(wallet)
    return wallets


@pytest.mark.slow
def test_twenty_threads_two_hundred_payments_each(ten_wallets: list[Wallet]) -> None:
    before = Balance.objects.aggregate(sum=Sum("amount"))["sum"]

    def pay(seed_number: int) -> Counter[str]:
        dice = random.Random(seed_number)
        outcomes: Counter[str] = Counter()
        for round_number in range(200):
            # Every second thread pays the same pairs the other way round.
            payer, receiver = dice.sample(ten_wallets, 2) if round_number % 4 else ten_wallets[:2]
            if seed_number % 2:
                payer, receiver = receiver, payer
            try:
                payments.send_money(
                    payer=payer,
                    receiver=receiver.id,
                    currency="USD",
                    amount=D(dice.randint(1, 2500)) / 100,
                    now=clock.now(payer.account.sandbox),
                )
                outcomes["paid"] += 1
            except PaymentError as refusal:
                outcomes[refusal.name] += 1
        connection.close()
        return outcomes

    with ThreadPoolExecutor(20) as threads:
        outcomes = sum(threads.map(pay, range(20)), Counter())

    assert sum(outcomes.values()) == 4000
    assert set(outcomes) == {"paid", "Insufficient_Funds"}  # so no deadlock reached anyone
    assert outcomes["paid"] > 1000
    assert Transaction.objects.filter(kind="send_money").count() == outcomes["paid"]
    fees = Entry.objects.filter(wallet__role="fees").aggregate(sum=Sum("amount"))["sum"]
    assert Balance.objects.aggregate(sum=Sum("amount"))["sum"] + fees == before
    assert audit().ok
    assert not Balance.objects.filter(amount__lt=0).exists()


def test_money_for_one_of_four(ten_wallets: list[Wallet]) -> None:
    """Four payments at once, each of all that the payer has: one succeeds."""
    payer, *receivers = ten_wallets[:5]
    start = threading.Barrier(4)

    def pay(receiver: Wallet) -> bool:
        start.wait()
        try:
            payments.send_money(
                payer=payer,
                receiver=receiver.id,
                currency="USD",
                amount=D("50"),
                receiver_pays_fee=True,
                now=clock.now(payer.account.sandbox),
            )
        except InsufficientFunds:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(pay, receivers)) == [False, False, False, True]
    assert payer.balance("USD") == 0


def test_a_payment_is_refunded_once_however_often_it_is_asked(ten_wallets: list[Wallet]) -> None:
    payer, receiver = ten_wallets[:2]
    payment = payments.send_money(
        payer=payer, receiver=receiver.id, currency="USD", amount=D("10"), now=clock.now(payer.account.sandbox)
    )

    def refund(_: int) -> bool:
        try:
            reversals.refund(payment, now=clock.now(payer.account.sandbox))
        except PaymentError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(5) as threads:
        assert sum(threads.map(refund, range(5))) == 1
    assert payer.balance("USD") == D("50.00")


def test_a_pending_payment_is_decided_once(ten_wallets: list[Wallet]) -> None:
    _, receiver = ten_wallets[:2]
    sandbox = receiver.account.sandbox
    poster = TransactionItem(number=1, name="OKPAY Poster", price=D("10.00"))
    order = payments.Order(kind=Transaction.Kind.PAYMENT_LINK, receiver=receiver, currency="USD", items=[poster])
    payment = payments.pay_from_outside(
        order, method="CC", payer=None, outcome=payments.PENDING, now=clock.now(sandbox)
    )
    assert receiver.balance("USD") == D("50.00")

    def decide(verb: int) -> str:
        try:
            return [payments.approve, payments.decline][verb % 2](payment, now=clock.now(sandbox)).status
        except PaymentError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        decisions = [decision for decision in threads.map(decide, range(6)) if decision]

    assert len(decisions) == 1
    assert receiver.balance("USD") == (D("59.50") if decisions == ["completed"] else D("50.00"))
    assert audit().ok


@pytest.mark.usefixtures("world")
class TestPosting:
    def test_entries_that_do_not_sum_to_zero_are_never_booked(self, buyer: Wallet, merchant: Wallet) -> None:
        payment = Transaction.objects.filter(receiver_wallet=buyer).latest("id")
        with pytest.raises(AssertionError, match="sum to zero"), transaction.atomic():
            ledger.post(
                payment,
                [Leg(buyer, "USD", D("-1.00")), Leg(merchant, "USD", D("0.99"))],
                now=payment.created_at,
            )
        assert buyer.balance("USD") == D("10000.00")

    def test_the_audit_sees_what_is_wrong(self, buyer: Wallet) -> None:
        with transaction.atomic():
            Balance.objects.filter(wallet=buyer, currency="USD").update(amount=D("1"))
            Entry.objects.filter(wallet=buyer, currency="EUR").update(amount=D("9999"))

            found = audit()

            transaction.set_rollback(True)
        assert not found.ok
        assert found.drifted == [
            "OK100000001 EUR 10000.00 9999.00",
            "OK100000001 USD 1.00 10000.00",
        ]
        assert found.currencies["EUR"] == D("-1.00")
        assert len(found.orphans) == 1
