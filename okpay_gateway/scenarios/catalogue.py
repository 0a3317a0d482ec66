"""All that can be scripted, in words: what `scenarios/catalogue/` answers, and the pages and documents show."""

from typing import Any

from rest_framework import serializers

from okpay_gateway.scenarios import api_examples as examples
from sandbox import directives, magic
from sandbox.effects import CHECKOUT, EFFECTS, EVERY_FACET, FACETS, OPERATIONS, SEND_MONEY, forms
from sandbox.examples import answers_with
from sandbox.fault_names import LATER, OFFICIAL


class OperationFields(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    matched_by = serializers.ListField(child=serializers.CharField(), help_text="What a scenario can wait for.")
    effects = serializers.ListField(child=serializers.CharField(), help_text="As they are written.")


class EffectFields(serializers.Serializer[Any]):
    name = serializers.CharField()
    form = serializers.CharField(help_text="How it is written; what stands in brackets may be left out.")
    description = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())
    examples = serializers.ListField(child=serializers.CharField())


class DirectivesFields(serializers.Serializer[Any]):
    process_html = serializers.ListField(child=serializers.CharField(), help_text="In ok_invoice.")
    send_money = serializers.ListField(child=serializers.CharField(), help_text="In Invoice.")
    examples = serializers.ListField(child=serializers.CharField())


class MagicFields(serializers.Serializer[Any]):
    cents = serializers.CharField()
    example = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())
    effect = serializers.CharField()
    delay = serializers.FloatField()


@answers_with(examples.CATALOGUE)
class CatalogueFields(serializers.Serializer[Any]):
    operations = OperationFields(many=True)
    effects = EffectFields(many=True)
    faults = serializers.ListField(child=serializers.CharField(), help_text="For N stands an amount.")
    directives = DirectivesFields()
    magic_amounts = MagicFields(many=True)


DIRECTIVES = (
    "order-17 [sandbox:pending=review,ipn=late:30]",
    "order-18 [sandbox:failed]",
    "order-19 [sandbox:slow=5,ipn=double]",
    "order-20 [sandbox:fault=Limits_Exceeded]",
    "order-21 [sandbox:verify=invalid]",
)


def catalogue() -> dict[str, Any]:
    return {
        "operations": [
            {
                "name": name,
                "description": str(words),
                "matched_by": matched_by(name),
                "effects": forms(name),
            }
            for name, words in OPERATIONS.items()
        ],
        "effects": [
            {
                "name": effect.name,
                "form": effect.form,
                "description": str(effect.words),
                "operations": [name for name in OPERATIONS if name in effect.operations],
                "examples": list(effect.examples),
            }
            for effect in EFFECTS.values()
        ],
        "faults": [*OFFICIAL.values(), *sorted(LATER)],
        "directives": {
            "process_html": directives.known(CHECKOUT),
            "send_money": directives.known(SEND_MONEY),
            "examples": list(DIRECTIVES),
        },
        "magic_amounts": [
            {
                "cents": each.cents,
                "example": f"10.{each.cents}",
                "operations": list(each.operations),
                "effect": each.effect,
                "delay": each.delay,
            }
            for each in magic.AMOUNTS
        ],
    }


def matched_by(operation: str) -> list[str]:
    """What a scenario for an operation can wait for."""
    if operation == "Get_Date_Time":
        return []
    return ["wallet", *(name for name in EVERY_FACET if name in FACETS.get(operation, ()))]
