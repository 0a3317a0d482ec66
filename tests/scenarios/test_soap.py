"""Scenarios and SOAP calls: the right call gets the right fault, and money does what the fault says."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from sandbox import scenarios
from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015
from sandbox.models import Sandbox, Scenario
from soapapi import scripted
from tests.conftest import wallet
from tests.scenarios.conftest import Script
from tests.soapapi.calls import call, fault, post, request
from wallets import payments
from wallets.models import ApiCall, Decision, Transaction, Wallet

D = Decimal
BUYER, MERCHANT = "OK100000001", "OK702746927"


@pytest.fixture(autouse=True)
def _no_default_is_remembered() -> None:
    scripted.look_again()


def send(invoice: str = "", **wanted: Any) -> Any:
    return call("Send_Money", BUYER, **_sending(invoice, wanted))


def refused(invoice: str = "", **wanted: Any) -> str:
    return fault("Send_Money", BUYER, **_sending(invoice, wanted))


def _sending(invoice: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return {"Receiver": MERCHANT, "Currency": "EUR", "Amount": "10.00", "Invoice": invoice} | wanted


def test_limits_exceeded_twice_then_success(script: Script, buyer: Wallet) -> None:
    scenario = script("fault:Limits_Exceeded", operation="Send_Money", times=2)

    assert [refused(), refused()] == ["Limits_Exceeded", "Limits_Exceeded"]
    sent = send()

    scenario.refresh_from_db()
    assert (scenario.used, scenario.status, scenario.remaining) == (2, "finished", 0)
    assert [use.number for use in scenario.uses.order_by("id")] == [1, 2]
    assert Transaction.objects.filter(payer_wallet=buyer).count() == 1
    assert sent["Status"] == "Completed"


def test_the_steps_of_a_sequence_come_one_after_the_other(script: Script) -> None:
    script(
        operation="Send_Money",
        steps=[
            {"effect": "fault:Internal_Error", "times": 1, "delay": 0},
            {"effect": "succeed", "times": 2, "delay": 0},
            {"effect": "fault:Access_Denied", "times": None, "delay": 0},
        ],
    )

    assert refused() == "Internal_Error"
    assert {send()["Status"], send()["Status"]} == {"Completed"}
    assert {refused(), refused(), refused()} == {"Access_Denied"}


@pytest.mark.parametrize("dialect", ["2012", "2015"])
def test_all_faults_under_both_dialects(script: Script, settings: Settings, dialect: str) -> None:
    settings.API_DIALECT = dialect
    names = [*OFFICIAL.values(), *sorted(name.replace("_Is_N", "_Is_10") for name in LATER)]
    script(operation="OkPayAPI", steps=[{"effect": f"fault:{name}", "times": 1, "delay": 0} for name in names])

    told = [fault("Wallet_Get_Balance", BUYER) for _name in names]

    assert told == [RENAMED_2015.get(name, name) if dialect == "2015" else name for name in names]


@pytest.mark.parametrize(
    ("waits_for", "is_met"),
    [
        ({"wallet": BUYER}, True),
        ({"wallet": MERCHANT}, True),  # it is paid, so it takes part
        ({"wallet": "OK100000002"}, False),
        ({"receiver": MERCHANT}, True),
        ({"receiver": "MERCHANT@example.com"}, True),
        ({"receiver": "shop@example.com"}, False),
        ({"currency": "EUR"}, True),
        ({"currency": "USD"}, False),
        ({"min_amount": D("10.00"), "max_amount": D("10.00")}, True),
        ({"min_amount": D("10.01")}, False),
        ({"max_amount": D("9.99")}, False),
        ({"min_amount": D("5.00"), "max_amount": D("15.00")}, True),
        ({"invoice": "order-17"}, True),
        ({"invoice": "order-1"}, False),
        ({"wallet": BUYER, "receiver": MERCHANT, "currency": "EUR", "invoice": "order-18"}, False),
    ],
)
def test_what_a_scenario_waits_for(script: Script, waits_for: dict[str, Any], is_met: bool) -> None:
    scenario = script("fault:Limits_Exceeded", operation="Send_Money", **waits_for)

    if is_met:
        assert refused("order-17", Receiver="merchant@example.com") == "Limits_Exceeded"
    else:
        assert send("order-17", Receiver="merchant@example.com")["Status"] == "Completed"

    scenario.refresh_from_db()
    assert scenario.used == is_met


def test_other_operations_are_left_alone(script: Script) -> None:
    script("fault:Internal_Error", operation="Send_Money", times=None)

    assert call("Wallet_Get_Balance", BUYER)


def test_other_sandboxes_are_left_alone(world: Sandbox, script: Script) -> None:
    other = Sandbox.objects.create(id="other")
    Scenario.objects.create(
        sandbox=other,
        operation="Send_Money",
        steps=[{"effect": "failed", "times": 1}],
        most=1,
        created_at="2026-01-01T00:00Z",
    )
    scenarios.look_again(other)

    assert other.scripted
    assert not world.scripted
    assert send()["Status"] == "Completed"


def test_the_higher_priority_comes_first_then_the_older(script: Script) -> None:
    script("fault:Access_Denied", operation="Send_Money")
    script("fault:API_Disabled", operation="Send_Money")
    script("fault:Currency_Disabled", operation="Send_Money", priority=1)

    assert [refused(), refused(), refused()] == ["Currency_Disabled", "Access_Denied", "API_Disabled"]


def test_a_paused_one_lets_calls_pass(script: Script) -> None:
    scenario = script("fault:Access_Denied", operation="Send_Money", times=1)
    scenarios.pause(scenario, paused=True)
    assert send()

    scenarios.pause(scenario, paused=False)
    assert refused() == "Access_Denied"


def test_who_may_not_call_uses_nothing_up(script: Script) -> None:
    scenario = script("fault:Limits_Exceeded", operation="OkPayAPI")

    assert fault("Wallet_Get_Balance", WalletID=BUYER, SecurityToken="wrong") == "Authentication_Failed"
    assert fault("Send_Money", BUYER, **_sending("", {"IsReceiverPaysFees": "maybe"})) == "Incorrect_Parameters"

    scenario.refresh_from_db()
    assert scenario.used == 0


def test_pending_waits_and_is_approved_by_its_time(script: Script, buyer: Wallet, merchant: Wallet) -> None:
    scenario = script("pending:review:approve:10m", operation="Send_Money")

    sent = send()

    payment = Transaction.objects.get(id=sent["ID"])
    assert sent["Status"] == "Pending"
    assert (payment.status, payment.pending_reason) == ("pending", "review")
    assert buyer.balance("EUR") == D("10000.00") - payment.total
    assert merchant.balance("EUR") == D("10000.00")
    assert scenario.uses.get().transaction_id == payment.id
    decision = Decision.objects.get(transaction=payment)
    assert (decision.verdict, (decision.due_at - payment.created_at).seconds) == ("approve", 600)

    payments.approve(payment, now=payment.created_at)
    assert merchant.balance("EUR") == D("10010.00")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("reason", ["review", "unilateral", "verify", "other"])
def test_every_reason(script: Script, reason: str) -> None:
    script(f"pending:{reason}", operation="Send_Money")

    assert Transaction.objects.get(id=send()["ID"]).pending_reason == reason


def test_a_declined_payment_gives_all_back(script: Script, buyer: Wallet) -> None:
    script("pending:other", operation="Send_Money")
    payment = Transaction.objects.get(id=send()["ID"])

    payments.decline(payment, now=payment.created_at)

    assert buyer.balance("EUR") == D("10000.00")


def test_a_failed_payment_moves_nothing(script: Script, buyer: Wallet, merchant: Wallet) -> None:
    script("failed", operation="Send_Money")

    sent = send(Amount="9000.00")

    assert sent["Status"] == "Error"
    assert Transaction.objects.get(id=sent["ID"]).status == "failed"
    assert (buyer.balance("EUR"), merchant.balance("EUR")) == (D("10000.00"), D("10000.00"))


def test_a_payment_that_is_refused_anyway_uses_no_outcome_up(script: Script) -> None:
    scenario = script("pending:review", operation="Send_Money")

    assert refused(Amount="999999.00") == "Limits_Exceeded"
    scenario.refresh_from_db()
    assert scenario.used == 0
    assert not scenario.uses.exists()

    assert send()["Status"] == "Pending"


def test_whose_address_nobody_has_is_waited_for_whatever_the_scenario_says(script: Script) -> None:
    script("pending:review:approve:1s", operation="Send_Money")

    payment = Transaction.objects.get(id=send(Receiver="nobody@example.com")["ID"])

    assert (payment.status, payment.pending_reason) == ("pending", "unilateral")
    # It goes back if nobody ever registers; nothing approves it in a second.
    assert Decision.objects.get().verdict == "decline"


def test_why_a_call_was_refused_is_told_to_its_owner(script: Script) -> None:
    scenario = script("fault:Authentication_Failed", operation="Send_Money")

    refused()

    kept = ApiCall.objects.get(wallet=BUYER)
    assert (kept.outcome, kept.reason) == ("Authentication_Failed", "scenario")
    assert kept.detail == f"scenario {scenario.id}: fault:Authentication_Failed"


def test_the_answer_says_that_it_was_scripted(script: Script) -> None:
    scenario = script("fault:Internal_Error", operation="Get_Date_Time")

    response = post(request("Get_Date_Time"))

    assert response["X-Sandbox-Scenario"] == f"scenario {scenario.id}: fault:Internal_Error"
    assert "X-Sandbox-Scenario" not in post(request("Get_Date_Time"))


# Directives


def test_a_directive_in_the_invoice(buyer: Wallet) -> None:
    sent = send("order-17 [sandbox:pending=verify]")

    assert sent["Status"] == "Pending"
    assert sent["Invoice"] == "order-17 [sandbox:pending=verify]"
    assert Transaction.objects.get(id=sent["ID"]).pending_reason == "verify"


def test_a_directive_comes_before_scenarios_and_leaves_them(script: Script) -> None:
    scenario = script("fault:Internal_Error", operation="Send_Money")

    assert refused("[sandbox:fault=Limits_Exceeded]") == "Limits_Exceeded"

    scenario.refresh_from_db()
    assert scenario.used == 0


def test_an_unknown_directive_is_a_fault_and_never_a_payment(buyer: Wallet) -> None:
    assert refused("[sandbox:pendign=review]") == "Incorrect_Parameters"

    assert "Invoice: [sandbox:pendign=review]: There is no directive “pendign”" in ApiCall.objects.get().detail
    assert refused("[Sandbox:failed]") == "Incorrect_Parameters"
    assert buyer.balance("EUR") == D("10000.00")


def test_to_look_a_payment_up_by_such_an_invoice_asks_for_nothing(buyer: Wallet) -> None:
    sent = send("[sandbox:pending=review]")

    found = call("Transaction_Get", BUYER, Invoice="[sandbox:pending=review]")

    assert found["ID"] == sent["ID"]
    assert fault("Transaction_Get", BUYER, Invoice="[sandbox:nonsense]") == "Transaction_Not_Found"


# Magic amounts


def test_magic_amounts_only_for_wallets_that_asked(script: Script) -> None:
    assert send(Amount="10.51")["Status"] == "Completed"

    scenario = script("magic", wallet=MERCHANT, times=None)

    assert refused(Amount="10.51") == "Insufficient_Funds"
    assert send(Amount="10.31")["Status"] == "Pending"
    assert send(Amount="10.99")["Status"] == "Completed"
    assert send(Amount="10.51", Receiver="shop@example.com")["Status"] == "Completed"
    scenario.refresh_from_db()
    assert scenario.used == 2


# Hosted


def test_hosted_nothing_of_this_is_there(script: Script, settings: Settings, buyer: Wallet) -> None:
    script("fault:Internal_Error", operation="Send_Money", times=None)
    settings.SANDBOX = False

    sent = call("Send_Money", BUYER, via={"secure": True}, **_sending("[sandbox:no such thing", {}))

    assert (sent["Status"], sent["Invoice"]) == ("Completed", "[sandbox:no such thing")


def test_without_a_scenario_no_call_asks_for_any(buyer: Wallet, django_assert_num_queries: Any) -> None:
    assert wallet(BUYER).account.sandbox.scripted is False
    send()
    before = Transaction.objects.count()
    with django_assert_num_queries(0):
        assert not scenarios.may_meet(wallet_sandbox := buyer.account.sandbox)
        assert scenarios.meet(scenarios.Occasion("Send_Money", wallet_sandbox), now=buyer.created_at) is None
    assert Transaction.objects.count() == before
