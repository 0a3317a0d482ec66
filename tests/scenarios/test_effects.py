"""The words of scripts: what they mean, and what is said about those that mean nothing."""

import inspect
from datetime import timedelta

import pytest

from sandbox import directives, magic
from sandbox.directives import DirectiveError
from sandbox.effects import (
    CHECKOUT,
    EFFECTS,
    FACETS,
    FUNCTIONS_THAT_PAY,
    IPN,
    OPERATIONS,
    PENDING_REASONS,
    REFUSALS_AT_CHECKOUT,
    SEND_MONEY,
    SOAP_FUNCTIONS,
    UnreadableEffect,
    read,
    read_seconds,
    read_time,
)
from sandbox.fault_names import LATER, OFFICIAL, RENAMED_2015
from wallets.models import Transaction
from wallets.money import D

EVERY_FAULT = [*OFFICIAL.values(), *RENAMED_2015.values(), *(name.replace("_Is_N", "_Is_10") for name in sorted(LATER))]


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_every_error_of_either_dialect_is_a_fault_of_every_function(name: str) -> None:
    for operation in SOAP_FUNCTIONS:
        fault = read(f"fault:{name}", operation=operation).fault
        assert RENAMED_2015.get(fault) == name or fault == name


def test_pending_says_why_and_perhaps_what_comes_of_it() -> None:
    play = read("pending:verify", operation=CHECKOUT)
    assert (play.status, play.reason, play.decision) == ("pending", "verify", "")

    play = read("pending:review:approve:10m", operation=SEND_MONEY)
    assert (play.reason, play.decision, play.after) == ("review", "approve", timedelta(minutes=10))


@pytest.mark.parametrize(
    ("text", "time"),
    [("30", 30), ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86400), ("PT1H30M", 5400), ("P1D", 86400)],
)
def test_times(text: str, time: int) -> None:
    assert read_time(text) == timedelta(seconds=time)


@pytest.mark.parametrize("text", ["", "0", "-5", "5x", "1.5m", "367d", "P", "PT", "P1Y", "٣", "1e3", "99999999d"])
def test_no_times(text: str) -> None:
    with pytest.raises(UnreadableEffect):
        read_time(text)


@pytest.mark.parametrize("text", ["", "0", "301", "-1", "1e2", "nan", "inf", "5s"])
def test_no_delays(text: str) -> None:
    with pytest.raises(UnreadableEffect):
        read_seconds(text)


@pytest.mark.parametrize(
    ("text", "operation", "told"),
    [
        ("fall", SEND_MONEY, "There is no effect “fall”. For Send_Money there are: succeed, fault:NAME"),
        ("drop", SEND_MONEY, "drop cannot happen to Send_Money"),
        ("pending:review", "Wallet_Get_Balance", "pending cannot happen to Wallet_Get_Balance"),
        ("pending", CHECKOUT, "The reason is one of review, unilateral, verify, other."),
        ("pending:review:approve", CHECKOUT, "such as pending:review."),
        ("pending:review:forget:1m", CHECKOUT, "What is decided is approve or decline"),
        ("fault:Broke", SEND_MONEY, "There is no error of this name. Known: API_Disabled"),
        ("fault", SEND_MONEY, "There is no error of this name"),
        ("fault:Maximum_Amount_Is_N", SEND_MONEY, "There is no error of this name"),
        ("fault:Internal_Error", CHECKOUT, "a checkout refuses with one of Cannot_Pay_Self"),
        ("http", SEND_MONEY, "The status is 400 to 599"),
        ("http:200", SEND_MONEY, "The status is 400 to 599"),
        ("http:503:perhaps", SEND_MONEY, "Either processed"),
        ("reset:later", SEND_MONEY, "Either processed"),
        ("double:1", IPN, "How often: 2 to 10."),
        ("double:99", IPN, "How often"),
        ("late", IPN, "A time is 30 (seconds)"),
        ("alter:ok_ipn_id=5", IPN, "A variable (not ok_ipn_id)"),
        ("alter:ok_invoice", IPN, "an equals sign"),
        ("failed:now", CHECKOUT, "Nothing stands behind it."),
        ("magic", CHECKOUT, "magic cannot happen to checkout"),
        ("", CHECKOUT, "There is no effect “”"),
    ],
)
def test_what_cannot_be_understood_is_told_with_what_can(text: str, operation: str, told: str) -> None:
    with pytest.raises(UnreadableEffect) as error:
        read(text, operation=operation)

    assert told in str(error.value)


def test_every_example_is_understood_by_every_operation_that_has_it() -> None:
    for effect in EFFECTS.values():
        assert effect.operations <= {*OPERATIONS, ""}
        assert any(
            _is_understood(example, operation) for example in effect.examples[:1] for operation in effect.operations
        )
        for example in effect.examples:
            assert any(_is_understood(example, operation) for operation in effect.operations), example


def _is_understood(text: str, operation: str) -> bool:
    try:
        return bool(read(text, operation=operation))
    except UnreadableEffect:
        return False


# What is said here about others is what they say


def test_the_functions_are_those_of_the_service() -> None:
    from soapapi.application import FUNCTIONS
    from soapapi.service import OPERATIONS as SERVED

    assert tuple(FUNCTIONS) == SOAP_FUNCTIONS
    for function in SERVED:
        given = {name.lower() for name in inspect.signature(function).parameters}
        facets = {"receiver", "currency", "amount", "invoice"} & given
        assert set(FACETS.get(function.__name__, ())) == facets, function.__name__
    assert {name for name in FUNCTIONS_THAT_PAY if "invoice" not in FACETS[name]} == set()


def test_the_reasons_are_those_of_a_transaction() -> None:
    assert tuple(Transaction.PendingReason.values) == PENDING_REASONS


def test_a_checkout_can_be_refused_with_what_it_says_it_can() -> None:
    from checkout.scripted import _REFUSALS

    assert set(_REFUSALS) == REFUSALS_AT_CHECKOUT


# Magic amounts


def test_every_magic_amount_means_one_thing_for_an_operation() -> None:
    seen = [(each.cents, operation) for each in magic.AMOUNTS for operation in each.operations]
    assert len(seen) == len(set(seen))
    for each in magic.AMOUNTS:
        for operation in each.operations:
            play = magic.play(operation, D(f"13.{each.cents}"))
            assert play
            assert (play.effect, play.delay) == (each.effect, each.delay)


@pytest.mark.parametrize("amount", ["10.00", "9.99", "19.95", "4.50", "0.01", "13.310001"])
def test_ordinary_amounts_mean_nothing(amount: str) -> None:
    assert not any(magic.play(operation, D(amount)) for operation in OPERATIONS)


# Directives


def test_a_directive_speaks_to_the_payment_the_notification_and_the_question() -> None:
    found = directives.find(
        "order-17 [sandbox:pending=review:approve:10m, slow=2,ipn=late:30,verify=invalid] x", operation=CHECKOUT
    )

    assert found
    assert found.text == "[sandbox:pending=review:approve:10m, slow=2,ipn=late:30,verify=invalid]"
    assert {name: play.effect for name, play in found.plays.items()} == {
        CHECKOUT: "pending:review:approve:10m",
        IPN: "late:30",
        "ipn-verify": "invalid",
    }
    assert found.plays[CHECKOUT].delay == 2


def test_a_directive_may_only_be_slow() -> None:
    found = directives.find("[sandbox:slow=0.5,verify-slow=3]", operation=SEND_MONEY)

    assert found
    assert {name: (play.effect, play.delay) for name, play in found.plays.items()} == {
        SEND_MONEY: ("succeed", 0.5),
        "ipn-verify": ("succeed", 3.0),
    }


@pytest.mark.parametrize("invoice", ["", "order-17", "[sandbox]", "[sandbox 3] 17", "sandbox:failed"])
def test_ordinary_invoices_ask_for_nothing(invoice: str) -> None:
    assert directives.find(invoice, operation=CHECKOUT) is None


@pytest.mark.parametrize(
    ("invoice", "told"),
    [
        ("[sandbox:]", "There is no directive “” here. Known: succeed, fault=NAME, pending=REASON"),
        ("[sandbox:pendign=review]", "There is no directive “pendign” here. Known: "),
        ("[sandbox:pending=reviewed]", "[sandbox:pending=reviewed]: pending:reviewed: The reason is one of"),
        ("[Sandbox:failed]", "A directive begins with [sandbox: in small letters"),
        ("[ sandbox :failed]", "A directive begins with [sandbox: in small letters"),
        ("[sandbox:failed", "[sandbox: has no closing ]"),
        ("[sandbox:failed][sandbox:failed]", "One [sandbox:...] in an invoice"),
        ("[sandbox:failed,pending=review]", "this is a second one"),
        ("[sandbox:ipn=drop,ipn=double]", "this is a second one"),
        ("[sandbox:slow=1,slow=2]", "It is there twice."),
        ("[sandbox:slow=soon]", "A delay is 0.001 to 300 seconds."),
        ("[sandbox:ipn=lost]", "There is no effect “lost”. For ipn there are: succeed, drop, double"),
        ("[sandbox:verify=drop]", "drop cannot happen to ipn-verify"),
        ("[sandbox:reset]", "There is no directive “reset” here"),
        ("[sandbox:failed,]", "There is no directive “” here"),
    ],
)
def test_a_directive_that_is_none_is_named(invoice: str, told: str) -> None:
    with pytest.raises(DirectiveError) as error:
        directives.find(invoice, operation=CHECKOUT)

    assert told in str(error.value)


def test_every_directive_that_is_told_of_is_known() -> None:
    for operation in (CHECKOUT, SEND_MONEY):
        assert {form.partition("=")[0].partition("[")[0] for form in directives.known(operation)} >= {
            "pending",
            "failed",
            "fault",
            "slow",
            "ipn",
            "verify",
        }
