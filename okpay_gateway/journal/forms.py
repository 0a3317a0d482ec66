"""What a person may look for in the journal."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from okpay_gateway.journal.events import REQUESTS, Kind
from okpay_gateway.journal.search import Search
from sandbox.models import DEFAULT, Sandbox

BIGGEST_ID = 2**63 - 1
REQUESTS_ONLY = "requests"


class JournalSearch(forms.Form):
    kind = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), (REQUESTS_ONLY, _("Requests only")), *Kind.choices],
    )
    outcome = forms.ChoiceField(
        label=_("How it went"), required=False, choices=[("", _("Any")), ("failed", _("Failures only"))]
    )
    wallet = forms.ChoiceField(label=_("Wallet"), required=False)
    transaction = forms.IntegerField(
        label=_("Transaction ID"),
        required=False,
        min_value=0,
        max_value=BIGGEST_ID,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    invoice = forms.CharField(label=_("Invoice"), required=False, max_length=127)
    text = forms.CharField(label=_("Text"), required=False, max_length=200)

    def __init__(self, *args: Any, wallets: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["wallet"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [("", _("All")), *wallets]

    def search(self, everything: Search) -> Search | None:
        """`everything` that may be seen, as far as it was asked for. None: the question is no valid one."""
        if not self.is_valid():
            return None
        asked = self.cleaned_data
        kinds = frozenset(Kind)
        if asked["kind"]:
            kinds = frozenset(REQUESTS if asked["kind"] == REQUESTS_ONLY else [Kind(asked["kind"])])
        return Search(
            everything.sandbox,
            everything.own,
            kinds,
            wallet=asked["wallet"],
            transaction=asked["transaction"],
            invoice=asked["invoice"],
            failed=True if asked["outcome"] else None,
            text=asked["text"],
        )


class StaffSearch(JournalSearch):
    """Staff see every wallet of a sandbox."""

    sandbox = forms.CharField(label=_("Sandbox"), required=False, max_length=40)
    wallet = forms.CharField(label=_("Wallet"), required=False, max_length=11)  # type: ignore[assignment]
    field_order = ("sandbox",)

    def __init__(self, *args: Any, wallets: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        forms.Form.__init__(self, *args, **kwargs)

    def clean_sandbox(self) -> str:
        name: str = self.cleaned_data["sandbox"] or DEFAULT
        if not Sandbox.objects.filter(id=name).exists():
            raise forms.ValidationError(_("There is no such sandbox."))
        return name
