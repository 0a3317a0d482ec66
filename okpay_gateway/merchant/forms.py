"""What a merchant may ask his overview and his list of checkouts for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.models import CheckoutSession

Wallets = list[tuple[str, str]]


class OverviewForm(forms.Form):
    PERIODS = (
        ("1", _("today")),
        ("7", _("7 days")),
        ("30", _("30 days")),
        ("90", _("90 days")),
        ("365", _("a year")),
    )
    DEFAULT = "30"

    wallet = forms.ChoiceField(label=_("Wallet"), required=False)
    days = forms.ChoiceField(label=_("Period"), choices=PERIODS)

    def __init__(self, *args: Any, wallets: Wallets, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["wallet"], wallets)


class CheckoutsForm(forms.Form):
    wallet = forms.ChoiceField(label=_("Wallet"), required=False)
    first_day = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label=_("Till"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any")), *CheckoutSession.Status.choices]
    )

    def __init__(self, *args: Any, wallets: Wallets, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["wallet"], wallets)

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", _("The last day lies before the first."))
        return self.cleaned_data


def _offer(field: forms.Field, wallets: Wallets) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", _("All")), *wallets]
