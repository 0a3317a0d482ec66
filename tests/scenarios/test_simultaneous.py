"""Many calls at once: a scenario for three has three, no more and no fewer, and the rest goes its usual way."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from checkout import sessions
from checkout.models import CheckoutSession
from checkout.orders import Choices
from ipn.models import IpnMessage
from sandbox import clock, scenarios
from sandbox.models import Sandbox
from tests.checkout.conftest import Open
from tests.conftest import wallet
from tests.scenarios.conftest import Script
from tests.soapapi.calls import SoapFault, call
from wallets import payments
from wallets.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

D = Decimal
THREADS = 20


def at_once(act: object, count: int = THREADS) -> list[str]:
    def run(number: int) -> str:
        try:
            return str(act(number))  # type: ignore[operator]
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as people:
        return list(people.map(run, range(count)))


@pytest.mark.parametrize("effect", ["fault:Limits_Exceeded", "pending:review", "failed"])
def test_three_of_twenty_calls(script: Script, buyer: Wallet, merchant: Wallet, effect: str) -> None:
    scenario = script(effect, operation="Send_Money", times=3)

    def send(_number: int) -> str:
        try:
            sent = call("Send_Money", buyer.id, Receiver=merchant.id, Currency="EUR", Amount="10.00")
        except SoapFault as fault:
            return str(fault)
        return str(sent["Status"])

    ends = at_once(send)

    other = {"fault:Limits_Exceeded": "Limits_Exceeded", "pending:review": "Pending", "failed": "Error"}[effect]
    assert sorted(ends) == sorted([other] * 3 + ["Completed"] * 17)
    scenario.refresh_from_db()
    assert (scenario.used, scenario.status) == (3, "finished")
    assert sorted(scenario.uses.values_list("number", flat=True)) == [1, 2, 3]
    assert merchant.balance("EUR") == D("10000.00") + 17 * D("10.00")


def test_three_of_twenty_checkouts(script: Script, open_session: Open, buyer: Wallet, merchant: Wallet) -> None:
    script("pending:review", operation="checkout", times=3)
    opened = [open_session(ok_item_1_price="1.00") for _number in range(THREADS)]

    def pay(number: int) -> str:
        session = CheckoutSession.objects.get(token=opened[number].token)
        return sessions.pay(session, payer=buyer.account, choices=Choices(), now=clock.now(session.sandbox)).status

    ends = at_once(pay)

    assert sorted(ends) == ["completed"] * 17 + ["pending"] * 3


def test_notifications_and_approvals_at_once_do_not_wait_for_each_other_in_a_circle(
    script: Script, buyer: Wallet, merchant: Wallet
) -> None:
    """Scenarios are locked by calls that hold balances' locks in no order at all: which is why they are not."""
    merchant.ipn_enabled, merchant.ipn_url = True, "http://127.0.0.1:9/"
    merchant.save()
    for _number in range(3):
        script("drop", operation="ipn", times=7)

    def send(number: int) -> str:
        now = clock.now(Sandbox.objects.get())
        outcome = payments.PENDING if number % 2 else payments.PAID
        payment = payments.send_money(
            payer=wallet(buyer.id), receiver=merchant.id, currency="EUR", amount=D("1.00"), outcome=outcome, now=now
        )
        if number % 2:
            payments.approve(payment, now=now)
        return payment.status

    at_once(send)

    # Ten payments at once, ten that were pending first: thirty notifications.
    assert IpnMessage.objects.count() == 30
    assert IpnMessage.objects.filter(status="withheld").count() == 21
    assert not IpnMessage.objects.exclude(claimed_until=None).exists()
    assert not scenarios.live(Sandbox.objects.get()).exists()
    assert Transaction.objects.filter(status="completed", kind="send_money").count() == 20


def test_who_creates_and_who_deletes_at_once_leave_the_flag_right(script: Script, world: Sandbox) -> None:
    first = [script("failed", operation="checkout") for _number in range(THREADS // 2)]

    def change(number: int) -> str:
        if number % 2:
            return str(scenarios.clear(first[number // 2].__class__.objects.filter(id=first[number // 2].id), world))
        return str(script("failed", operation="checkout").id)

    at_once(change)

    world.refresh_from_db()
    assert world.scripted is True
    scenarios.clear(world.scenarios.all(), world)
    world.refresh_from_db()
    assert world.scripted is False
