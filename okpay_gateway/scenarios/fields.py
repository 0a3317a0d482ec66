"""A scenario as JSON: read strictly, shown with what it has done so far."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from okpay_gateway.scenarios import api_examples as examples
from okpay_gateway.scenarios import rules
from sandbox import scenarios
from sandbox.api import Amount, Strict, TrueOrFalse
from sandbox.effects import LONGEST_DELAY, OPERATIONS
from sandbox.examples import answers_with
from sandbox.models import Sandbox, Scenario, ScenarioUse

# How they are stored when nothing is said.
UNSAID: dict[str, Any] = {
    "name": "",
    "priority": 0,
    "paused": False,
    "operation": "",
    "wallet": "",
    "receiver": "",
    "currency": "",
    "min_amount": None,
    "max_amount": None,
    "invoice": "",
}


SHOWN = ("id", *UNSAID, "status", "used", "remaining", "created_at")


class StepFields(Strict):
    """So many calls get this effect; then it is the next step's turn."""

    effect = serializers.CharField(
        max_length=400, help_text="Such as `fault:Limits_Exceeded`; `GET scenarios/catalogue/` has all of them."
    )
    times = serializers.IntegerField(
        min_value=1,
        max_value=rules.MOST_TIMES,
        allow_null=True,
        default=1,
        help_text="For how many calls; null, in the last step only: for ever.",
    )
    delay = serializers.FloatField(
        min_value=0, max_value=LONGEST_DELAY, default=0, help_text="Seconds of real time before the answer goes out."
    )
    used = serializers.IntegerField(read_only=True, help_text="By how many calls so far.")


@answers_with(examples.USE)
class UseFields(serializers.ModelSerializer[ScenarioUse]):
    """A call that a scenario, or a directive in its own invoice, has had."""

    scenario = serializers.IntegerField(source="scenario_id", allow_null=True, help_text="null: a directive.")
    number = serializers.IntegerField(allow_null=True, help_text="Its how-manieth use this was.")
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True, help_text="What came of it.")
    message = serializers.IntegerField(
        source="message_id", allow_null=True, help_text="The notification, by ok_ipn_id."
    )

    class Meta:
        model = ScenarioUse
        fields = (
            *("id", "scenario", "directive", "number", "at", "operation", "effect", "delay", "wallet"),
            *("transaction", "message", "correlation"),
        )


@answers_with(examples.SCENARIO)
class ScenarioFields(Strict):
    """The next calls that match get the effects of the steps, one after the other.

    `effect`, `times` and `delay` are a short way to write a scenario of one step. What is not given matches everything.
    """

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=120, allow_blank=True, required=False, help_text="For you to know it by.")
    status = serializers.ChoiceField(choices=Scenario.Status.choices, read_only=True)
    operation = serializers.ChoiceField(
        choices=[(name, name) for name in OPERATIONS],
        allow_blank=True,
        required=False,
        help_text="What is scripted. `OkPayAPI` is any function of the SOAP API; only `magic` does without one.",
    )
    wallet = serializers.CharField(
        max_length=11, allow_blank=True, required=False, help_text="It takes part: calls, pays or is paid."
    )
    receiver = serializers.CharField(
        max_length=127, allow_blank=True, required=False, help_text="Who is paid, by wallet ID or as the call says it."
    )
    currency = serializers.CharField(max_length=3, allow_blank=True, required=False)
    amount = Amount(write_only=True, required=False, allow_null=True, help_text="Exactly; else a range:")
    min_amount = Amount(required=False, allow_null=True)
    max_amount = Amount(required=False, allow_null=True)
    invoice = serializers.CharField(max_length=127, allow_blank=True, required=False, help_text="Exactly.")
    priority = serializers.IntegerField(
        min_value=-1000,
        max_value=1000,
        required=False,
        help_text="Of several that match, the one with the highest has the call; of equal ones the oldest.",
    )
    paused = TrueOrFalse(required=False, help_text="true: it lets calls pass until it is set to false.")
    effect = serializers.CharField(write_only=True, max_length=400, required=False, help_text="Of the only step.")
    times = serializers.IntegerField(
        write_only=True,
        min_value=1,
        max_value=rules.MOST_TIMES,
        allow_null=True,
        required=False,
        help_text="Of the only step. 1 if not given; null: for ever.",
    )
    delay = serializers.FloatField(
        write_only=True, min_value=0, max_value=LONGEST_DELAY, required=False, help_text="Of the only step, in seconds."
    )
    steps = StepFields(many=True, required=False)
    used = serializers.IntegerField(read_only=True, help_text="Calls so far.")
    remaining = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Calls that it still waits for; null: any number."
    )
    created_at = serializers.DateTimeField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What the scenario is afterwards, every column of it. Raises ValidationError for what can never happen."""
        before = {name: getattr(self.instance, name) for name in (*UNSAID, "steps")} if self.instance else UNSAID
        wanted = {**before, **{name: value for name, value in attrs.items() if name in UNSAID}}
        wanted["currency"], wanted["wallet"] = wanted["currency"].upper(), wanted["wallet"].strip().upper()
        if attrs.get("amount") is not None:
            if attrs.get("min_amount") is not None or attrs.get("max_amount") is not None:
                raise ValidationError({"amount": [_("Either amount, or min_amount and max_amount.")]})
            wanted["min_amount"] = wanted["max_amount"] = attrs["amount"]
        elif "amount" in attrs:
            wanted["min_amount"], wanted["max_amount"] = attrs.get("min_amount"), attrs.get("max_amount")
        steps = _steps(attrs)
        if steps is None and not self.instance:
            raise ValidationError(
                {"effect": [_("Say what shall happen, such as fault:Limits_Exceeded, or give steps.")]}
            )
        wanted["steps"] = wanted["steps"] if steps is None else steps
        sandbox: Sandbox = self.context["view"].sandbox
        if errors := rules.faults(wanted, sandbox):
            raise ValidationError(_as_written(errors, attrs))
        if steps is not None:
            wanted |= {"most": scenarios.most_of(steps), "used": 0}
        return wanted

    def to_representation(self, instance: Scenario) -> dict[str, Any]:
        steps, left = [], instance.used
        for step in instance.steps:
            used = left if step["times"] is None else min(left, step["times"])
            left -= used
            steps.append({**step, "used": used})
        # A copy to be shown, so that nobody saves the counts into the row.
        shown = {name: getattr(instance, name) for name in SHOWN}
        return dict(super().to_representation({**shown, "steps": steps}))


@answers_with(examples.SCENARIO | {"uses": [examples.USE]})
class ScenarioWithUses(ScenarioFields):
    uses = serializers.SerializerMethodField(help_text="The newest twenty; `scenarios/uses/` has more.")

    @extend_schema_field(UseFields(many=True))
    def get_uses(self, shown: Mapping[str, Any]) -> Any:
        return UseFields(ScenarioUse.objects.filter(scenario_id=shown["id"]).order_by("-id")[:20], many=True).data


def _steps(attrs: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Those that are written, in one way or the other; None when there are none."""
    short = [name for name in ("effect", "times", "delay") if name in attrs]
    if "steps" in attrs:
        if short:
            raise ValidationError(
                {name: [_("Either steps, or effect, times and delay for one step.")] for name in short}
            )
        return [dict(step) for step in attrs["steps"]]
    if not short:
        return None
    if "effect" not in attrs and not attrs.get("delay"):
        raise ValidationError({"effect": [_("Needed with times; say what shall happen.")]})
    effect, delay = attrs.get("effect", "succeed"), attrs.get("delay", 0)
    magic_goes_on = None if effect.strip() == "magic" else 1
    return [{"effect": effect, "times": attrs.get("times", magic_goes_on), "delay": delay}]


def _as_written(errors: rules.Errors, attrs: Mapping[str, Any]) -> rules.Errors:
    """Errors under the names that were used for a scenario of one step."""
    if "steps" in attrs:
        return errors
    return {name.removeprefix("steps.0."): texts for name, texts in errors.items()}
