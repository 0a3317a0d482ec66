"""`scenarios/` of the control API: what is created, what is refused and why, and what calls have done to them."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from okpay_gateway.reset import reset
from okpay_gateway.scenarios import rules
from sandbox import access
from sandbox.effects import EFFECTS, OPERATIONS
from sandbox.models import Sandbox, Scenario
from tests.api.conftest import Api
from tests.scenarios.conftest import Script
from tests.soapapi.calls import call, fault

MERCHANT, BUYER = "OK702746927", "OK100000001"


def send() -> str:
    return fault("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.00")


def test_a_fault_for_the_next_two_calls(api: Api) -> None:
    made = api.post("scenarios/", {"operation": "Send_Money", "effect": "fault:Limits_Exceeded", "times": 2})

    assert made.status == 201
    assert made.body | {"id": 0, "created_at": ""} == {
        "id": 0,
        "name": "",
        "status": "active",
        "operation": "Send_Money",
        "wallet": "",
        "receiver": "",
        "currency": "",
        "min_amount": None,
        "max_amount": None,
        "invoice": "",
        "priority": 0,
        "paused": False,
        "steps": [{"effect": "fault:Limits_Exceeded", "times": 2, "delay": 0.0, "used": 0}],
        "used": 0,
        "remaining": 2,
        "created_at": "",
    }
    assert send() == "Limits_Exceeded"

    seen = api.get(f"scenarios/{made.body['id']}/").body
    assert (seen["used"], seen["remaining"], seen["status"]) == (1, 1, "active")
    assert seen["steps"][0]["used"] == 1
    (use,) = seen["uses"]
    assert (use["number"], use["operation"], use["wallet"]) == (1, "Send_Money", BUYER)
    assert use["effect"] == "fault:Limits_Exceeded"


def test_all_that_can_be_said(api: Api) -> None:
    wanted = {
        "name": "Two faults, a slow one, then all is well",
        "operation": "Send_Money",
        "wallet": "ok100000001",
        "receiver": "merchant@example.com",
        "currency": "eur",
        "min_amount": "10.00",
        "max_amount": "20.00",
        "invoice": "order-17",
        "priority": 5,
        "paused": True,
        "steps": [
            {"effect": "fault:Limits_Exceeded", "times": 2},
            {"effect": "succeed", "delay": 1.5},
            {"effect": "succeed", "times": None},
        ],
    }

    made = api.post("scenarios/", wanted)

    assert made.status == 201, made.body
    assert made.body["wallet"] == BUYER
    assert made.body["currency"] == "EUR"
    assert (made.body["min_amount"], made.body["max_amount"]) == ("10.00", "20.00")
    assert [(step["times"], step["delay"]) for step in made.body["steps"]] == [(2, 0.0), (1, 1.5), (None, 0.0)]
    assert (made.body["status"], made.body["remaining"]) == ("paused", None)


def test_an_exact_amount(api: Api) -> None:
    made = api.post("scenarios/", {"operation": "checkout", "effect": "failed", "amount": "9.99"})

    assert (made.body["min_amount"], made.body["max_amount"]) == ("9.99", "9.99")


GOOD: dict[str, Any] = {"operation": "Send_Money", "effect": "failed"}


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        (
            {"operation": "Send_Cash"},
            "operation",
            "“Send_Cash” is not a valid choice. Known here: process.html, checkout,",
        ),
        ({"operation": ""}, "operation", "Say which operation, one of process.html, checkout, ipn"),
        ({"operation": None}, "operation", "null"),
        ({"effect": "fail"}, "effect", "There is no effect “fail”. For Send_Money there are: succeed, fault:NAME"),
        ({"effect": "drop"}, "effect", "drop cannot happen to Send_Money"),
        ({"effect": 5}, "effect", "Write text, in quotes"),
        ({"effect": {"fault": "X"}}, "effect", "Not a valid string"),
        ({"effect": "fault:No_Such_Thing"}, "effect", "There is no error of this name. Known: API_Disabled"),
        ({"times": 0}, "times", "greater than or equal to 1"),
        ({"times": -1}, "times", "greater than or equal to 1"),
        ({"times": "many"}, "times", "Write a number, without quotes."),
        ({"delay": 301}, "delay", "less than or equal to 300"),
        ({"delay": -1}, "delay", "greater than or equal to 0"),
        ({"wallet": "OK999999999"}, "wallet", "There is no wallet OK999999999 in the sandbox default."),
        ({"receiver": "OK999999999"}, "receiver", "There is no wallet OK999999999"),
        ({"currency": "XYZ"}, "currency", "There is no such currency. Known: "),
        ({"currency": "EURO"}, "currency", "no more than 3"),
        ({"amount": 10}, "amount", 'as a string, such as "10.00"'),
        ({"amount": "10.005"}, "amount", "At most two decimal places"),
        ({"amount": "10.00", "min_amount": "1.00"}, "amount", "Either amount, or min_amount and max_amount."),
        ({"min_amount": "2.00", "max_amount": "1.00"}, "max_amount", "Not less than min_amount."),
        ({"priority": 100000}, "priority", "less than or equal to 1000"),
        ({"paused": "maybe"}, "paused", "a valid boolean: true or false, without quotes"),
        ({"fault": "Limits_Exceeded"}, "fault", "There is no such field. Known here: "),
        ({"used": 3}, "used", "This field cannot be set."),
        ({"steps": [{"effect": "failed"}]}, "effect", "Either steps, or effect, times and delay for one step."),
        ({"operation": "Wallet_Get_Balance", "effect": "reset", "amount": "1.00"}, "amount", "has no amount"),
        ({"operation": "Transaction_Get", "effect": "reset", "currency": "EUR"}, "currency", "by: wallet, invoice."),
        ({"operation": "Get_Date_Time", "effect": "reset", "wallet": MERCHANT}, "wallet", "has no wallet"),
        ({"operation": "ipn", "effect": "drop", "delay": 5}, "delay", "late:TIME"),
        ({"operation": "checkout", "effect": "fault:Internal_Error"}, "effect", "a checkout refuses with one of"),
        ({"operation": "ipn", "effect": "invalid"}, "effect", "There: succeed, drop, double"),
        ({"operation": "", "effect": "magic", "delay": 2}, "delay", "Only answers are delayed"),
        ({"name": "x" * 121}, "name", "no more than 120"),
        ({"invoice": "x" * 128}, "invoice", "no more than 127"),
    ],
)
def test_what_can_never_happen_is_refused_by_the_field(
    api: Api, changes: dict[str, Any], field: str, told: str
) -> None:
    refused = api.post("scenarios/", GOOD | changes)

    assert refused.status == 400
    assert told in " ".join(refused.errors[field])
    assert not Scenario.objects.exists()


@pytest.mark.parametrize(
    ("steps", "field", "told"),
    [
        ([], "steps", "1 to 50 steps."),
        ([{"effect": "failed"}] * 51, "steps", "1 to 50 steps."),
        ([{"times": 1}], "steps.0.effect", "required"),
        ([{"effect": "failed", "times": None}, {"effect": "succeed"}], "steps.0.times", "Only the last step"),
        ([{"effect": "failed"}, {"effect": "flop"}], "steps.1.effect", "There is no effect “flop”"),
        ([{"effect": "failed", "after": 1}], "steps.0.after", "There is no such field"),
        ([{"effect": "failed", "times": 900000}, {"effect": "succeed", "times": 900000}], "steps", "At most 1000000"),
        ("failed", "steps", "list"),
        ([5], "steps.0", "dictionary"),
    ],
)
def test_steps_that_cannot_be(api: Api, steps: Any, field: str, told: str) -> None:
    refused = api.post("scenarios/", {"operation": "Send_Money", "steps": steps})

    assert refused.status == 400
    found = {name: texts for name, texts in refused.errors.items() if name.startswith(field)}
    assert told in json.dumps(found, ensure_ascii=False), refused.errors


def test_nothing_to_happen(api: Api) -> None:
    assert "Say what shall happen" in api.post("scenarios/", {"operation": "Send_Money"}).errors["effect"][0]
    assert "Needed with times" in api.post("scenarios/", {"operation": "Send_Money", "times": 2}).errors["effect"][0]


def test_only_slow(api: Api) -> None:
    made = api.post("scenarios/", {"operation": "Send_Money", "delay": 2})

    assert made.body["steps"] == [{"effect": "succeed", "times": 1, "delay": 2.0, "used": 0}]


def test_magic_amounts_go_on_and_stand_alone(api: Api) -> None:
    made = api.post("scenarios/", {"wallet": MERCHANT, "effect": "magic"})
    assert (made.status, made.body["remaining"]) == (201, None)

    refused = api.post("scenarios/", {"steps": [{"effect": "magic"}, {"effect": "magic"}]})
    assert "magic stands alone" in refused.errors["steps.0.effect"][0]


def test_changed_paused_and_continued(api: Api) -> None:
    made = api.post("scenarios/", GOOD | {"effect": "fault:Access_Denied", "times": 3}).body
    path = f"scenarios/{made['id']}/"
    assert send() == "Access_Denied"

    assert api.patch(path, {"paused": True}).body["status"] == "paused"
    assert call("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="1.00")
    changed = api.patch(path, {"paused": False, "name": "again", "min_amount": "2.00"}).body
    assert (changed["status"], changed["used"], changed["name"]) == ("active", 1, "again")
    assert changed["min_amount"] == "2.00"

    # Another effect counts anew.
    changed = api.patch(path, {"effect": "fault:API_Disabled"}).body
    assert (changed["used"], changed["remaining"]) == (0, 1)
    assert send() == "API_Disabled"


def test_a_change_that_would_make_it_impossible_is_refused(api: Api) -> None:
    made = api.post("scenarios/", GOOD | {"amount": "10.00"}).body

    refused = api.patch(f"scenarios/{made['id']}/", {"operation": "Wallet_Get_Balance"})

    assert set(refused.errors) == {"amount", "effect"}
    assert api.patch(f"scenarios/{made['id']}/", {"amount": None}).body["min_amount"] is None


def test_reset_and_delete(api: Api, world: Sandbox) -> None:
    made = api.post("scenarios/", GOOD | {"effect": "fault:Access_Denied"}).body
    assert send() == "Access_Denied"
    assert api.get("scenarios/").results[0]["status"] == "finished"

    again = api.post(f"scenarios/{made['id']}/reset/").body
    assert (again["status"], again["used"], again["uses"]) == ("active", 0, [])
    assert send() == "Access_Denied"

    assert api.delete(f"scenarios/{made['id']}/").status == 204
    world.refresh_from_db()
    assert world.scripted is False
    assert api.get(f"scenarios/{made['id']}/").status == 404


def test_listed_by_operation_and_wallet(api: Api) -> None:
    api.post("scenarios/", GOOD)
    api.post("scenarios/", GOOD | {"wallet": MERCHANT})
    api.post("scenarios/", {"operation": "ipn", "effect": "drop"})

    assert len(api.get("scenarios/").results) == 3
    assert len(api.get("scenarios/", operation="ipn").results) == 1
    assert len(api.get("scenarios/", wallet=MERCHANT).results) == 1
    assert api.get("scenarios/", operation="nothing").status == 400


def test_who_used_it(api: Api) -> None:
    first = api.post("scenarios/", GOOD | {"times": 2}).body["id"]
    sent = call("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.00")
    other = call("Send_Money", BUYER, Receiver=MERCHANT, Currency="EUR", Amount="10.00", Invoice="[sandbox:slow=0.01]")

    (use,) = api.get("scenarios/uses/", scenario=first).results
    assert use["transaction"] == int(sent["ID"])
    (use,) = api.get("scenarios/uses/", transaction=other["ID"]).results
    assert (use["scenario"], use["directive"], use["delay"]) == (None, "[sandbox:slow=0.01]", 0.01)
    assert len(api.get("scenarios/uses/").results) == 2


def test_the_catalogue_has_everything(api: Api) -> None:
    found = api.get("scenarios/catalogue/").body

    assert [each["name"] for each in found["operations"]] == list(OPERATIONS)
    assert [each["name"] for each in found["effects"]] == list(EFFECTS)
    assert all(each["description"] for each in [*found["operations"], *found["effects"]])
    assert "Limits_Exceeded" in found["faults"]
    assert len(found["magic_amounts"]) > 20
    assert "ipn=late:TIME" in found["directives"]["process_html"]


def test_out_of_one_sandbox_and_into_it_again(api: Api) -> None:
    api.post("scenarios/", GOOD | {"name": "one", "amount": "10.00", "wallet": MERCHANT, "times": None})
    api.post("scenarios/", {"operation": "ipn", "steps": [{"effect": "drop", "times": 2}, {"effect": "late:30m"}]})
    before = [_said(each) for each in api.get("scenarios/").results]

    file = api.get("scenarios/export/").body
    api.post("reset/")
    assert api.get("scenarios/").results == []
    taken = api.post("scenarios/import/", file)

    assert taken.status == 201
    assert [_said(each) for each in api.get("scenarios/").results] == before
    assert file["scenarios"][1] == {
        "operation": "ipn",
        "steps": [{"effect": "drop", "times": 2, "delay": 0.0}, {"effect": "late:30m", "times": 1, "delay": 0.0}],
    }


def _said(scenario: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scenario.items() if name not in ("id", "created_at")}


def test_a_file_is_taken_in_whole_or_not_at_all(api: Api) -> None:
    file = {"format": "okpay-scenarios/1", "scenarios": [GOOD, GOOD | {"effect": "flop"}]}

    refused = api.post("scenarios/import/", file)

    assert refused.status == 400
    assert any("scenarios.1" in name for name in refused.errors), refused.errors
    assert (
        "okpay-scenarios/2" in api.post("scenarios/import/", file | {"format": "okpay-scenarios/2"}).errors["format"][0]
    )
    assert not Scenario.objects.exists()


def test_there_is_room_for_many_but_not_for_any_number(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_SCENARIOS", 1)
    assert api.post("scenarios/", GOOD).status == 201

    assert api.post("scenarios/", GOOD).status == 400


def test_sandboxes_do_not_see_one_another(api: Api, script: Script) -> None:
    Sandbox.objects.create(id="other")
    mine = script("failed", operation="Send_Money")

    assert api.get("scenarios/", sandbox="other").results == []
    assert api.get(f"scenarios/{mine.id}/", sandbox="other").status == 404
    refused = api.post("scenarios/", GOOD | {"wallet": MERCHANT}, sandbox="other")
    assert "in the sandbox other" in refused.errors["wallet"][0]


def test_a_reset_takes_them_along(api: Api, world: Sandbox, script: Script) -> None:
    script("failed", operation="Send_Money")

    reset(world)

    world.refresh_from_db()
    assert not Scenario.objects.exists()
    assert world.scripted is False


def test_a_sandbox_that_is_deleted_takes_its_scenarios_along(world: Sandbox) -> None:
    other = Sandbox.objects.create(id="other")
    Scenario.objects.create(sandbox=other, steps=[], created_at=world.created_at)

    other.delete()

    assert not Scenario.objects.exists()


def test_an_accounts_token_scripts_its_own_wallets_only(api: Api, script: Script) -> None:
    other = script("failed", operation="Send_Money", wallet=BUYER)
    anybodys = script("failed", operation="Send_Money")
    _token, text = access.issue(name="shop", scopes=["scenarios:write"], sandbox=other.sandbox, account_id="666146284")
    shop = Api(token=text)

    made = shop.post("scenarios/", GOOD | {"wallet": MERCHANT})
    assert made.status == 201
    assert [each["id"] for each in shop.get("scenarios/").results] == [made.body["id"]]
    assert len(shop.get("scenarios/export/").body["scenarios"]) == 1
    assert shop.get(f"scenarios/{anybodys.id}/").status == 404
    for wanted in (GOOD, GOOD | {"wallet": BUYER}):
        assert shop.post("scenarios/", wanted).status == 403
    assert shop.patch(f"scenarios/{made.body['id']}/", {"wallet": ""}).status == 403
    assert shop.post("scenarios/import/", {"format": "okpay-scenarios/1", "scenarios": [GOOD]}).status == 403
    assert shop.get("scenarios/uses/").results == []


def test_a_story_is_told_in_order_while_the_clock_stands_still(api: Api) -> None:
    form = {"ok_receiver": "OK702746927", "ok_item_1_name": "Robot", "ok_item_1_price": "50.00", "ok_currency": "USD"}
    api.post("clock/", {"freeze": True})
    sent = Client().post("/process.html", urlencode(form), content_type="application/x-www-form-urlencoded")
    checkout = sent["Location"].split("/")[-2]
    paid = api.post(f"checkout-sessions/{checkout}/pay/", {"payer": "buyer@example.com"}).body["transaction"]
    api.post(f"transactions/{paid}/refund/", {"amount": "5.00"})

    story = api.get("scenarios/export/", transaction=paid).body["story"]

    assert [step["do"] for step in story] == ["form", "pay", "refund", "wait"]
