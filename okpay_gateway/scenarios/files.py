"""Scenarios in a file: to keep beside a shop's tests, and to take in again, in another sandbox or next year."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from okpay_gateway.scenarios import api_examples as examples
from okpay_gateway.scenarios.fields import UNSAID, ScenarioFields, StepFields
from okpay_gateway.scenarios.story import Story
from sandbox.api import Amount, Strict
from sandbox.examples import answers_with
from sandbox.models import Scenario

FORMAT = "okpay-scenarios/1"


class PersonFields(Strict):
    """Somebody of a story. Who plays it elsewhere puts the people of that place into it."""

    account = serializers.CharField()
    wallet = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


class StoryStep(Strict):
    """Something that came in from outside, and what came of it: `expect`."""

    do = serializers.ChoiceField(
        choices=["form", "pay", "cancel", "soap", "approve", "decline", "refund", "chargeback", "advance", "wait"]
    )
    expect = serializers.CharField(required=False, help_text="`opened`, `paid`, `pending:review`, `OK`, `reset` ...")
    variables = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="Of a payment form."
    )
    payer = serializers.CharField(
        required=False, allow_null=True, help_text="Who presses Pay; null: nobody is logged in."
    )
    paysystem = serializers.CharField(required=False)
    outcome = serializers.CharField(required=False)
    currency = serializers.CharField(required=False)
    comment = serializers.CharField(required=False)
    custom = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    price = serializers.CharField(required=False)
    address = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    operation = serializers.CharField(required=False, help_text="A function of the SOAP API.")
    wallet = serializers.CharField(required=False, allow_blank=True, help_text="Which calls it.")
    parameters = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, help_text="Without the credentials."
    )
    amount = serializers.CharField(required=False, help_text="Of a refund.")
    by = serializers.CharField(required=False, help_text="How far the clock goes on, as ISO 8601 writes it.")


class WrittenStep(StepFields):
    """A step as a file has it: without what it has done."""

    used = None  # type: ignore[assignment]


class WrittenScenario(ScenarioFields):
    """A scenario as a file has it: what is said of it, and no number, status or count."""

    id = status = used = remaining = created_at = None  # type: ignore[assignment]
    steps = WrittenStep(many=True, required=False)


@answers_with(examples.FILE)
class ScenarioFile(Strict):
    """What `scenarios/export/` writes and `scenarios/import/` reads. The story is for `sandboxctl replay`."""

    format = serializers.ChoiceField(choices=[FORMAT])
    scenarios = WrittenScenario(many=True)
    merchant = PersonFields(required=False, help_text="Of the story: who was paid.")
    buyer = PersonFields(required=False, help_text="Who paid.")
    story = StoryStep(many=True, required=False)


def written(scenarios: Iterable[Scenario]) -> dict[str, Any]:
    """A file of scenarios, each only with what is said of it."""
    return {"format": FORMAT, "scenarios": [_written(scenario) for scenario in scenarios]}


def told(found: Story) -> dict[str, Any]:
    """A file of a story and the scenarios that it needs."""
    people = {name: person for name, person in (("merchant", found.merchant), ("buyer", found.buyer)) if person}
    return {"format": FORMAT, "scenarios": found.scenarios, **people, "story": found.steps}


def _written(scenario: Scenario) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, unsaid in UNSAID.items():
        value = getattr(scenario, name)
        if value != unsaid:
            fields[name] = Amount().to_representation(value) if name.endswith("_amount") else value
    return {**fields, "steps": scenario.steps}
