"""The form of the Listener Check page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ipn.forms import Choices
from ipn.listener_check import checks
from ipn.listener_check.orders import INVOICE
from ipn.listener_check.stories import A_TRIFLE
from sandbox.api import is_web_address


class CheckForm(forms.Form):
    """Whose listener, where it is, and what its shop is supposed to have sold."""

    wallet = forms.ChoiceField(label=_("Wallet"))
    url = forms.CharField(
        label=_("URL of your listener"), max_length=2000, widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    amount = forms.DecimalField(
        label=_("Amount of each order"),
        max_digits=12,
        decimal_places=2,
        initial=checks.AMOUNT,
        localize=False,
        error_messages={"invalid": _("Write an amount with a point, such as 25.00.")},
    )
    currency = forms.CharField(label=_("Currency"), initial=checks.CURRENCY, max_length=3)
    number = forms.IntegerField(
        label=_("Number"), min_value=0, max_value=2**31 - 1, help_text=_("Ends the invoices: CHECK-DUPLICATE-1.")
    )
    orders_url = forms.CharField(
        label=_("Orders URL"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"inputmode": "url"}),
        help_text=_(
            "Where your shop says how often it delivered an invoice: a number, or JSON with “shipped”. Write {invoice} "
            "where the invoice belongs: https://shop.example.com/delivered?invoice={invoice}"
        ),
    )

    def __init__(self, *args: Any, wallets: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["wallet"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = list(wallets)

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount <= A_TRIFLE:
            raise forms.ValidationError(
                _("More than %(least)s: that much is paid by somebody who cheats.") % {"least": A_TRIFLE}
            )
        return amount

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError(_("Write three letters, such as USD."))
        return currency

    def clean_orders_url(self) -> str:
        url = str(self.cleaned_data["orders_url"])
        if url and not (is_web_address(url) and INVOICE in url):
            raise forms.ValidationError(_("Write a web address that holds {invoice}."))
        return url
