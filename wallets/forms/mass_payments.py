"""The form that a list of payments comes in by."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallets import mass_payments
from wallets.errors import IncorrectParameters
from wallets.forms.fields import CurrencyField, OwnWalletField
from wallets.models import Account, MassPaymentRow

LARGEST_FILE = 2 * 1024 * 1024


class MassPaymentForm(forms.Form):
    """A list, pasted or as a file. `rows` are read; whether they can be paid is not this form's question."""

    currency = CurrencyField()
    receiver_pays_fee = forms.BooleanField(label=_("The receivers pay the fees"), required=False)
    pasted = forms.CharField(
        label=_("Rows"),
        required=False,
        help_text=_("One payment a row: receiver, amount, comment, invoice. The last two may be left out."),
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        help_text=_("UTF-8, columns divided by commas, semicolons or tabs; at most 10,000 rows and 2 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )

    def __init__(self, client: Account, data: Any = None, files: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, files, initial=initial)
        self.rows: list[MassPaymentRow] = []
        self.fields["wallet"] = OwnWalletField(client)
        self.order_fields(["wallet", "currency", "receiver_pays_fee", "pasted", "file"])

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > LARGEST_FILE:
            raise ValidationError(_("The file may have at most 2 MB."))
        try:
            # Spreadsheets put a mark before the first row.
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise ValidationError(_("The file is not in UTF-8.")) from None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        pasted, from_file = data.get("pasted", ""), data.get("file", "")
        if pasted.strip() and from_file:
            self.add_error("file", _("Paste rows or choose a file, not both."))
            return data
        if self.errors:
            return data
        try:
            self.rows = mass_payments.read(from_file or pasted)
        except IncorrectParameters as error:
            self.add_error("file" if from_file else "pasted", str(error))
        return data
