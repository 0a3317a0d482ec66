"""The form that a client writes a scenario with: up to three steps, for one of his own wallets."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from okpay_gateway.scenarios import rules
from okpay_gateway.scenarios.fields import UNSAID
from sandbox import scenarios
from sandbox.effects import (
    EFFECTS,
    FACETS,
    IPN,
    LONGEST_DELAY,
    OPERATIONS,
    SOAP,
    SOAP_FUNCTIONS,
)
from sandbox.effects import (
    forms as written_forms,
)
from wallets.forms.fields import OwnWalletField
from wallets.models import Account

STEPS = (1, 2, 3)
MAGIC = "magic"
_BESIDE_SOAP = tuple(name for name in OPERATIONS if name not in (SOAP, *SOAP_FUNCTIONS))


def operation_choices() -> list[tuple[StrOrPromise, Any]]:
    """In groups, in words; magic amounts are chosen here too, since they are for every operation."""
    return [
        (_("Payments and notifications"), [(name, str(OPERATIONS[name])) for name in _BESIDE_SOAP]),
        (_("SOAP API"), [(SOAP, str(OPERATIONS[SOAP])), *((name, name) for name in SOAP_FUNCTIONS[1:])]),
        (_("By the amount"), [(MAGIC, _("The cents of an amount say what happens (magic amounts)"))]),
    ]


class OperationForm(forms.Form):
    """Step 1: what is scripted."""

    operation = forms.ChoiceField(label=gettext_lazy("What is scripted"), choices=operation_choices)


class ScenarioForm(forms.Form):
    """Step 2: for which calls, and what happens."""

    def __init__(self, client: Account, operation: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client, self.operation = client, "" if operation == MAGIC else operation
        self.is_magic = operation == MAGIC
        self.fields["wallet"] = OwnWalletField(client)
        if not self.is_magic:
            for number in STEPS:
                self.fields |= self._step(number)
        self.fields |= self._matches()
        self.fields["name"] = forms.CharField(
            label=gettext_lazy("Name"), required=False, max_length=120, help_text=gettext_lazy("For you to know it by.")
        )

    def _step(self, number: int) -> dict[str, forms.Field]:
        first = number == 1
        fields: dict[str, forms.Field] = {
            f"effect_{number}": forms.CharField(
                label=gettext_lazy("What happens"),
                required=first,
                max_length=400,
                widget=forms.TextInput(
                    attrs={
                        "list": "effects",
                        "placeholder": self.examples[1 if first else 0],
                        "autocomplete": "off",
                        "spellcheck": "false",
                        "autocapitalize": "none",
                    }
                ),
            ),
            f"times_{number}": forms.IntegerField(
                label=gettext_lazy("How often"),
                required=False,
                min_value=1,
                max_value=rules.MOST_TIMES,
                initial=1 if first else None,
            ),
        }
        if self.operation != IPN:
            fields[f"delay_{number}"] = forms.FloatField(
                label=gettext_lazy("Delay in seconds"), required=False, min_value=0, max_value=LONGEST_DELAY
            )
        return fields

    def _matches(self) -> dict[str, forms.Field]:
        point = {"invalid": gettext_lazy("Write an amount with a point, such as 25.00.")}
        money: dict[str, Any] = {"max_digits": 15, "decimal_places": 2, "required": False, "error_messages": point}
        fields: dict[str, forms.Field] = {
            "receiver": forms.CharField(label=gettext_lazy("Receiver"), required=False, max_length=127),
            "currency": forms.CharField(label=gettext_lazy("Currency"), required=False, max_length=3),
            "min_amount": forms.DecimalField(label=gettext_lazy("Amount from"), **money),
            "max_amount": forms.DecimalField(label=gettext_lazy("Amount up to"), **money),
            "invoice": forms.CharField(label=gettext_lazy("Invoice"), required=False, max_length=127),
        }
        facets = FACETS.get(self.operation, ())
        return {
            name: field for name, field in fields.items() if name.removeprefix("min_").removeprefix("max_") in facets
        }

    @property
    def steps(self) -> list[list[forms.BoundField]]:
        """The fields of each step."""
        names = ("effect", "times", "delay")
        return [
            [self[f"{name}_{number}"] for name in names if f"{name}_{number}" in self.fields]
            for number in STEPS
            if f"effect_{number}" in self.fields
        ]

    @property
    def matches(self) -> list[forms.BoundField]:
        return [
            self[name]
            for name in ("receiver", "currency", "min_amount", "max_amount", "invoice")
            if name in self.fields
        ]

    @property
    def examples(self) -> list[str]:
        """What can be written for this operation."""
        fitting = [effect for effect in EFFECTS.values() if self.operation in effect.operations]
        return [example for effect in fitting for example in effect.examples if self._is_possible(example)]

    @property
    def effects(self) -> list[tuple[str, StrOrPromise]]:
        """The effects of this operation, as they are written, in words."""
        return [
            (effect.form, effect.words) for effect in EFFECTS.values() if effect.form in written_forms(self.operation)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        self.wanted = {**UNSAID, **self._columns(cleaned)}
        for name, texts in rules.faults(self.wanted, self.client.sandbox).items():
            self.add_error(self._field_of(name), texts)
        return cleaned

    def _columns(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        steps = [{"effect": MAGIC, "times": None, "delay": 0}] if self.is_magic else self._written_steps(cleaned)
        matches = {name: cleaned[name] for name in UNSAID if name in cleaned and name != "wallet"}
        matches["currency"] = matches.get("currency", "").upper()
        return {
            **matches,
            "operation": self.operation,
            "wallet": cleaned["wallet"].id,
            "steps": steps,
            "most": scenarios.most_of(steps),
        }

    def _written_steps(self, cleaned: dict[str, Any]) -> list[dict[str, Any]]:
        self._numbers = [number for number in STEPS if cleaned.get(f"effect_{number}")]
        return [
            {
                "effect": cleaned[f"effect_{number}"],
                "times": cleaned.get(f"times_{number}"),
                "delay": cleaned.get(f"delay_{number}") or 0,
            }
            for number in self._numbers
        ]

    def _field_of(self, name: str) -> str | None:
        """The form's field for a fault: `steps.0.effect` is that of the first step that was filled in."""
        if name.startswith("steps."):
            _steps, place, field = name.split(".")
            name = f"{field}_{self._numbers[int(place)]}"
        name = {"amount": "min_amount"}.get(name, name)
        return name if name in self.fields else None

    def _is_possible(self, example: str) -> bool:
        wanted = {**UNSAID, "operation": self.operation, "steps": [{"effect": example, "times": 1, "delay": 0}]}
        return not rules.impossible_steps(wanted["steps"], self.operation)
