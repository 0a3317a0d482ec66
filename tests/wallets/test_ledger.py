"""The books under fire: many threads, opposite directions, balances that run dry."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Sum

from sandbox import clock
from sandbox.models import Sandbox
from tests.wallets import plain_ledger
from wallets import conversions, deposits, ledger, parties, payments, registration, reversals, seed
from wallets.audit import audit
from wallets.errors import InsufficientFunds, PaymentError
from wallets.ledger import Leg
from wallets.models import Balance, Entry, MonthlyTurnover, Transaction, TransactionItem, Wallet
from wallets.money import D


@pytest.fixture(params=["wallets_book", "plain_ledger"])
def _written_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one statement, as ever, and balance by balance, which is what that statement has to be like."""
    if request.param == "plain_ledger":
        plain_ledger.replace_the_function(monkeypatch)


@pytest.fixture
def ten_wallets(transactional_db: None, _written_by: None) -> list[Wallet]:
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


Story = tuple[list[str], dict[str, list[Any]]]


class TestOneStatementAndManyAreTheSame:
    """The same movements, written both ways: the same refusals at the same places, and in the end the same rows."""

    @pytest.mark.slow
    @pytest.mark.parametrize("number", range(2))
    def test_payments_of_all_kinds(self, world: Sandbox, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        wallets = list(Wallet.objects.filter(role="client").select_related("account__sandbox").order_by("id"))
        now = clock.now(world)
        self._open_house(wallets, now)

        one, many = self._both(monkeypatch, lambda: self._story(number, 500, partial(self._payment, wallets, now)))

        assert one == many
        outcomes = Counter(one[0])
        refusals = {"Insufficient_Funds", "Limits_Exceeded", "Source_Account_Blocked", "Target_Account_Blocked"}
        assert refusals < set(outcomes), outcomes
        assert outcomes["done"] > 150, outcomes

    @pytest.mark.slow
    def test_legs_of_any_shape(self, world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """No verb books such: several currencies at once, the same wallet twice, the house's alone, nothing at all."""
        wallets = list(Wallet.objects.filter(role="client").select_related("account__sandbox").order_by("id"))
        now = clock.now(world)
        self._open_house(wallets, now)
        wallets += Wallet.objects.exclude(role="client").select_related("account__sandbox").order_by("role")
        booked_for = list(Transaction.objects.order_by("id"))

        one, many = self._both(
            monkeypatch, lambda: self._story(7, 2000, partial(self._booking, wallets, booked_for, now))
        )

        assert one == many
        outcomes = Counter(one[0])
        assert set(outcomes) == {"done", "Insufficient_Funds", "DataError"}
        assert min(outcomes.values()) > 20, outcomes

    def _open_house(self, wallets: list[Wallet], now: Any) -> None:
        """House wallets get their IDs by chance when they are first needed: not in one of two stories."""
        for role in (Wallet.Role.FEES, Wallet.Role.HOLD, Wallet.Role.CLEARING):
            parties.house_wallet(wallets[0].account.sandbox, role, now=now)

    def _both(self, monkeypatch: pytest.MonkeyPatch, story: Callable[[], Story]) -> tuple[Story, Story]:
        one = story()
        plain_ledger.replace_the_function(monkeypatch)
        return one, story()

    def _story(self, number: int, length: int, make: Callable[[random.Random], Callable[[], object]]) -> Story:
        """What became of each movement, and all rows in the end; then all of it is taken back."""
        dice, outcomes = random.Random(number), []
        with transaction.atomic():
            for _ in range(length):
                act = make(dice)
                try:
                    with transaction.atomic():
                        act()
                except (PaymentError, DataError) as refusal:
                    outcomes.append(getattr(refusal, "name", type(refusal).__name__))
                else:
                    outcomes.append("done")
            rows = self._rows()
            assert audit().ok
            transaction.set_rollback(True)
        return outcomes, rows

    def _rows(self) -> dict[str, list[Any]]:
        """Numbers that the database gives go on after a rollback, so they are counted from the first."""
        payments = list(Transaction.objects.order_by("id").values())
        place = {payment["id"]: number for number, payment in enumerate(payments)}
        for payment in payments:
            del payment["correlation"]
            payment["id"], payment["parent_id"] = place[payment["id"]], place.get(payment["parent_id"])
        entries = Entry.objects.order_by("id").values_list(
            "transaction_id", "wallet_id", "currency_id", "amount", "created_at"
        )
        return {
            "transactions": payments,
            "entries": [(place[entry[0]], *entry[1:]) for entry in entries],
            "balances": list(
                Balance.objects.order_by("wallet_id", "currency_id").values_list("wallet_id", "currency_id", "amount")
            ),
            "turnovers": list(
                MonthlyTurnover.objects.order_by("account_id", "month").values_list("account_id", "month", "amount")
            ),
        }

    def _payment(self, wallets: list[Wallet], now: Any, dice: random.Random) -> Callable[[], object]:
        payer, receiver = dice.choice(wallets), dice.choice(wallets)
        currency = dice.choice(["USD", "EUR", "GBP", "JPY"])
        amount = D(dice.choice([1, 99, 2500, 29_999, 400_000, 1_500_000]) * dice.randint(1, 3)) / 100
        now += timedelta(days=dice.randint(0, 60))
        send = partial(payments.send_money, payer=payer, currency=currency, now=now)
        newest = Transaction.objects.filter(status="completed", kind="send_money").order_by("-id")
        match dice.randrange(10):
            case 0:
                return partial(deposits.deposit, receiver, currency=currency, amount=min(amount, D("300")), now=now)
            case 1:
                return partial(
                    conversions.convert,
                    payer,
                    amount=amount,
                    currency=currency,
                    into=dice.choice(["CHF", "PLN"]),
                    now=now,
                )
            case 2 if payment := newest.first():
                return partial(reversals.refund, payment, now=now)
            case 3 if payment := newest.last():
                return partial(reversals.chargeback, payment, now=now)
            case 4:
                return partial(send, receiver="nobody@example.com", amount=amount)
            case 5:
                return partial(send, receiver=receiver.id, amount=amount, outcome=payments.PENDING)
            case 6:
                sendings = [payments.Sending(each.id, amount / 100 + 1) for each in wallets[:3] if each != payer]
                return partial(self._send_many, sendings, payer, currency, now)
        return partial(send, receiver=receiver.id, amount=amount, receiver_pays_fee=dice.random() < 0.3)

    def _send_many(self, sendings: list[payments.Sending], payer: Wallet, currency: str, now: Any) -> None:
        try:
            payments.send_many(sendings, payer=payer, currency=currency, now=now)
        except payments.SendingRefused as refusal:
            raise refusal.error from None

    def _booking(
        self, wallets: list[Wallet], booked_for: list[Transaction], now: Any, dice: random.Random
    ) -> Callable[[], object]:
        bookings = []
        for _ in range(dice.randint(1, 3)):
            legs = []
            for currency in dice.sample(["USD", "EUR", "GBP", "CHF"], dice.randint(1, 2)):
                most = dice.choice([0, 5, 30_000, 900_000] * 4 + [99 * 10**18])
                cents = [dice.randint(-most, most) for _ in range(dice.randint(0, 4))]
                cents.append(-sum(cents))
                legs += [Leg(dice.choice(wallets), currency, D(each) / 100) for each in cents]
            bookings.append((dice.choice(booked_for), legs))
        return partial(ledger.post_many, bookings, now=now)
