"""The form for a shop system that is missing, and that of staff for the answer."""

import re

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _


class MissingSystemForm(forms.Form):
    shop_system = forms.CharField(label=_("Shop system"), max_length=80, help_text=_("Its name, such as Shopware."))
    version = forms.CharField(label=_("Version"), max_length=40, required=False)
    website = forms.URLField(
        label=_("Where it can be found"),
        max_length=200,
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text=_("The address of the system, or of its OKPAY module."),
    )
    email = forms.EmailField(
        label=_("Your e-mail address"), required=False, help_text=_("Only for the answer. Nobody else sees it.")
    )
    message = forms.CharField(
        label=_("What do you need?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What you have tried, and what happened. No passwords, please."),
    )

    def clean_shop_system(self) -> str:
        name = " ".join(self.cleaned_data["shop_system"].split())
        if not re.search(r"\w", name):
            raise forms.ValidationError(_("Write the name of the shop system, with letters or digits."))
        return name


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Answer"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 80}),
        help_text=_("Goes to who asked by e-mail, if an address was left."),
    )
