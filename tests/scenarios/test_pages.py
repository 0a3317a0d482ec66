"""Test Tools, Scenarios: a client writes one, sees what it did, and stops it. Another client's is none of his."""

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from sandbox.models import Scenario
from tests.conftest import account_of
from tests.scenarios.conftest import Script
from tests.soapapi.calls import fault

LIST, NEW = "/account/scenarios/", "/account/scenarios/new/?operation="
MERCHANT, BUYER = "OK702746927", "OK100000001"


@pytest.fixture
def browser(world: object) -> Client:
    """The merchant's."""
    client = Client()
    client.force_login(account_of("merchant@example.com").user)
    return client


def text_of(client: Client, path: str = LIST) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def write(client: Client, operation: str = "Send_Money", **fields: str) -> "list[str]":
    """The errors that the page tells, none when it was written."""
    response = client.post(f"{NEW}{operation}", {"wallet": MERCHANT} | fields)
    if response.status_code == 302:
        assert response["Location"] == LIST
        return []
    return [f"{name}: {text}" for name, texts in response.context["form"].errors.items() for text in texts]


def test_nothing_yet(browser: Client) -> None:
    page = text_of(browser)

    assert "None. Calls go their usual way." in page
    assert "[sandbox:pending=review,ipn=late:30]" in page


def test_a_sequence_from_a_form(browser: Client) -> None:
    errors = write(
        browser,
        effect_1="fault:Limits_Exceeded",
        times_1="2",
        effect_2="succeed",
        delay_2="1.5",
        times_2="",
        currency="eur",
        max_amount="20",
        name="Twice no",
    )

    assert errors == []
    scenario = Scenario.objects.get()
    assert (scenario.wallet, scenario.currency, str(scenario.max_amount)) == (MERCHANT, "EUR", "20.00")
    assert scenario.steps == [
        {"effect": "fault:Limits_Exceeded", "times": 2, "delay": 0},
        {"effect": "succeed", "times": None, "delay": 1.5},
    ]
    assert fault("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.00") == "Limits_Exceeded"
    page = text_of(browser)
    assert "Twice no Send_Money OK702746927" in page
    assert "fault:Limits_Exceeded × 2 , then succeed always 1.5 s late 1 Active" in page


def test_magic_amounts_are_a_switch(browser: Client) -> None:
    assert "…. 31 pending:review" in text_of(browser, f"{NEW}magic").replace("….31", "…. 31")

    assert write(browser, "magic") == []

    assert fault("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.51") == "Insufficient_Funds"


@pytest.mark.parametrize(
    ("operation", "fields", "told"),
    [
        ("Send_Money", {"effect_1": ""}, "effect_1: This field is required."),
        ("Send_Money", {"effect_1": "fall"}, "effect_1: There is no effect “fall”."),
        ("checkout", {"effect_1": "fault:Internal_Error"}, "effect_1: fault:Internal_Error: a checkout refuses"),
        (
            "Send_Money",
            {"effect_1": "failed", "times_1": "1", "effect_3": "drop"},
            "effect_3: drop cannot happen to Send_Money",
        ),
        ("Send_Money", {"effect_1": "failed", "times_1": "", "effect_2": "failed"}, "times_1: Only the last step"),
        ("Send_Money", {"effect_1": "failed", "times_1": "0"}, "times_1: Ensure this value is greater"),
        ("Send_Money", {"effect_1": "failed", "delay_1": "999"}, "delay_1: Ensure this value is less"),
        ("Send_Money", {"effect_1": "failed", "currency": "XYZ"}, "currency: There is no such currency."),
        ("Send_Money", {"effect_1": "failed", "min_amount": "1,50"}, "min_amount: Write an amount with a point"),
        ("Send_Money", {"effect_1": "failed", "min_amount": "5", "max_amount": "2"}, "max_amount: Not less than"),
        ("Send_Money", {"effect_1": "failed", "wallet": BUYER}, "wallet: Select a valid choice."),
    ],
)
def test_what_is_wrong_stands_at_its_field(browser: Client, operation: str, fields: dict[str, str], told: str) -> None:
    errors = write(browser, operation, **fields)

    assert len(errors) == 1
    assert errors[0].startswith(told)
    assert not Scenario.objects.exists()


def test_only_what_an_operation_has_can_be_asked_for(browser: Client) -> None:
    page = browser.get(f"{NEW}Transaction_Get").content.decode()

    assert "id_invoice" in page
    assert "id_min_amount" not in page
    assert "id_delay_1" in page
    assert "id_delay_1" not in browser.get(f"{NEW}ipn").content.decode()
    assert browser.get(f"{NEW}nothing")["Location"] == LIST


def test_the_buttons(browser: Client, script: Script) -> None:
    scenario = script("fault:Access_Denied", operation="Send_Money", wallet=MERCHANT, times=3)
    fault("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.00")

    def press(act: str) -> None:
        assert browser.post(f"{LIST}{scenario.id}/{act}/")["Location"] == LIST
        scenario.refresh_from_db()

    press("pause")
    assert scenario.status == "paused"
    press("resume")
    assert (scenario.status, scenario.used) == ("active", 1)
    press("reset")
    assert scenario.used == 0
    browser.post(f"{LIST}{scenario.id}/delete/")
    assert not Scenario.objects.exists()
    assert browser.get(f"{LIST}{scenario.id}/pause/").status_code == 405
    assert browser.post(f"{LIST}{scenario.id}/pause/").status_code == 404


def test_anothers_scenario_is_none(browser: Client, script: Script) -> None:
    buyers = script("failed", operation="Send_Money", wallet=BUYER, name="buyers own")
    everybodys = script("failed", operation="ipn-verify", name="everybodys")

    page = text_of(browser)

    assert "buyers own" not in page
    assert "Of the whole sandbox" in page
    assert "everybodys ipn-verify" in page
    for scenario in (buyers, everybodys):
        assert browser.post(f"{LIST}{scenario.id}/delete/").status_code == 404
    assert browser.post(f"{LIST}{buyers.id}/explode/").status_code == 404
    assert Scenario.objects.count() == 2


def test_strangers_are_asked_to_log_in(world: object) -> None:
    assert Client().get(LIST)["Location"] == f"/account/login/?next={LIST}"


def test_hosted_there_is_no_such_page(browser: Client, settings: Settings) -> None:
    assert ">Scenarios</a>" in browser.get("/account/").content.decode()
    settings.SANDBOX = False

    assert browser.get(LIST, secure=True).status_code == 404
    assert ">Scenarios</a>" not in browser.get("/account/", secure=True).content.decode()
