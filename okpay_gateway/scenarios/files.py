"""Scenarios in a file: to keep beside a shop's tests, and to take in again, in another sandbox or next year."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from okpay_gateway.scenarios.fields import UNSAID, ScenarioFields
from sandbox.api import Amount, Strict
from sandbox.models import Scenario

FORMAT = "okpay-scenarios/1"


class ScenarioFile(Strict):
    """What `scenarios/export/` writes and `scenarios/import/` reads."""

    format = serializers.ChoiceField(choices=[FORMAT])
    scenarios = ScenarioFields(many=True)


def written(scenarios: Iterable[Scenario]) -> dict[str, Any]:
    """A file of scenarios, each only with what is said of it."""
    return {"format": FORMAT, "scenarios": [_written(scenario) for scenario in scenarios]}


def _written(scenario: Scenario) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, unsaid in UNSAID.items():
        value = getattr(scenario, name)
        if value != unsaid:
            fields[name] = Amount().to_representation(value) if name.endswith("_amount") else value
    return {**fields, "steps": scenario.steps}
