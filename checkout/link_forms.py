"""The forms of Payment Links & Buttons: the generator in two steps, the developer's rows, a key for encrypted buttons.

What a variable may hold is known to the payment form alone (payment_form.py): these forms ask it, and put what it
finds wrong beside the fields.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from checkout import door, graphics, links
from checkout.links import Looks
from checkout.models import PaymentLink
from checkout.payment_form import Hint, Pair, PaymentFormError, Problem
from checkout.variable_reference import VARIABLES
from wallets.forms.fields import OwnWalletField
from wallets.models import Account, Currency, TransactionItem
from wallets.paysystems import PAYSYSTEMS
from wallets.presses import OnceForm

# In the developer's form.
ROWS_AT_FIRST, ROWS_MORE, MOST_ROWS = 8, 8, 200
OPTIONAL = gettext_lazy("Not set")
_TEXT = {"autocomplete": "off"}
_MONEY = _TEXT | {"inputmode": "decimal"}
_URL = _TEXT | {"inputmode": "url"}


class LooksForm(OnceForm):
    """What is no variable of the payment form: the graphic, encryption, how long it is valid."""

    graphic = forms.ChoiceField(
        label=gettext_lazy("Choose a graphic for your payment button"),
        required=False,
        choices=[("", gettext_lazy("Just a link")), *graphics.GRAPHICS.items()],
    )
    graphic_language = forms.ChoiceField(
        label=gettext_lazy("Language of the graphic"), choices=list(graphics.LANGUAGES.items())
    )
    caption = forms.CharField(
        label=gettext_lazy("Text of the link"),
        required=False,
        max_length=127,
        help_text=gettext_lazy("When you just create a link. Left blank: Click here to pay."),
    )
    is_encrypted = forms.BooleanField(
        label=gettext_lazy("Encrypt the button"),
        required=False,
        help_text=gettext_lazy("Nobody can read or change the price or anything else in its code."),
    )
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Valid until (UTC)"),
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("By the sandbox’s clock. Left blank: without end."),
    )
    refuse_older = forms.BooleanField(
        label=gettext_lazy("Refuse encrypted buttons of before"),
        required=False,
        help_text=gettext_lazy(
            "Those that are already on a page say what the link said then. Checked, they are refused from now on;"
            " otherwise they go on."
        ),
    )

    def __init__(self, client: Account, link: PaymentLink | None, now: datetime, data: Any = None) -> None:
        self.client, self.link, self.now = client, link, now
        super().__init__(data, initial=self.first_values())
        if link is None:
            del self.fields["refuse_older"]

    def first_values(self) -> dict[str, Any]:
        language = get_language() or "en"
        looks: dict[str, Any] = {
            "graphic": graphics.DEFAULT,
            "graphic_language": language if language in graphics.LANGUAGES else "en",
        }
        if self.link:
            names = ("graphic", "graphic_language", "caption", "is_encrypted", "expires_at")
            looks |= {name: getattr(self.link, name) for name in names}
        return looks

    @property
    def pictures(self) -> list[tuple[str, Any, str, bool]]:
        """(value, label, path of the picture, is chosen) of everything that may be chosen, in the chosen language."""
        chosen, language = str(self["graphic"].value() or ""), str(self["graphic_language"].value())
        if language not in graphics.LANGUAGES:
            language = "en"
        choices: list[tuple[str, StrOrPromise, str]] = [("", gettext_lazy("Just a link"), "")]
        choices += [(name, says, graphics.address(name, language)) for name, says in graphics.GRAPHICS.items()]
        return [(value, label, path, value == chosen) for value, label, path in choices]

    def clean_expires_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["expires_at"]
        if moment and moment <= self.now and not (self.link and self.link.expires_at == moment):
            raise forms.ValidationError(
                _("This moment is over; by the sandbox’s clock it is %(now)s.") % {"now": f"{self.now:{door.MOMENT}}"}
            )
        return moment

    def looks(self) -> Looks:
        data = self.cleaned_data
        return Looks(
            graphic=data["graphic"],
            graphic_language=data["graphic_language"],
            caption=data["caption"],
            is_encrypted=data["is_encrypted"],
            expires_at=data["expires_at"],
        )

    def pairs(self) -> list[Pair]:
        raise NotImplementedError

    def save(self) -> tuple[PaymentLink, list[Hint]]:
        """Raises PaymentFormError, TooManyLinks."""
        if self.link is None:
            return links.create(self.client, self.pairs(), self.looks(), now=self.now)
        refuse_older = self.cleaned_data["refuse_older"]
        hints = links.change(self.link, self.pairs(), self.looks(), now=self.now, refuse_older=refuse_older)
        return self.link, hints


class GeneratorForm(LooksForm):
    """The wizard of the official page "How to create an OKPAY Payment Link or Button". One item, any variable."""

    # Step 2, under headings.
    EXTRAS = (
        (
            gettext_lazy("Order"),
            (
                "ok_invoice",
                "ok_fees",
                "ok_item_1_tax",
                "ok_item_1_handling",
                "ok_item_1_shipping",
                "ok_item_1_shipping2",
            ),
        ),
        (
            gettext_lazy("Custom fields"),
            (
                *("ok_item_1_custom_1_title", "ok_item_1_custom_1_value"),
                *("ok_item_1_custom_2_title", "ok_item_1_custom_2_value"),
            ),
        ),
        (gettext_lazy("Ways on and back"), ("ok_return_success", "ok_return_fail", "ok_ipn")),
        (gettext_lazy("At the checkout"), ("ok_language", "ok_directdeposit", "ok_paysystems")),
        (
            gettext_lazy("Payer, to fill in the registration"),
            (
                *("ok_payer_first_name", "ok_payer_last_name", "ok_payer_business_name", "ok_payer_email"),
                *("ok_payer_phone", "ok_payer_street", "ok_payer_zip", "ok_payer_city", "ok_payer_state"),
                *("ok_payer_country", "ok_payer_country_code"),
            ),
        ),
        (gettext_lazy("Safety"), ("is_encrypted", "expires_at", "refuse_older")),
    )
    # A form says nothing about what is so anyway.
    DEFAULTS = {"ok_item_1_quantity": "1", "ok_fees": "0"}

    wallet = forms.Field()  # takes the place of ok_receiver; set in __init__
    ok_item_1_type = forms.ChoiceField(
        label=gettext_lazy("Item type"), choices=TransactionItem.Type.choices, initial=TransactionItem.Type.DIGITAL
    )
    ok_item_1_name = forms.CharField(label=gettext_lazy("Item name"), help_text=gettext_lazy("Your customers see it."))
    ok_item_1_article = forms.CharField(
        label=gettext_lazy("Article number"),
        required=False,
        help_text=gettext_lazy("To track the purchase in your database; comes back with the payment."),
    )
    ok_item_1_price = forms.CharField(
        label=gettext_lazy("Amount"),
        required=False,
        help_text=gettext_lazy("Leave this field blank to allow your customers to send any amount."),
        widget=forms.TextInput(attrs=_MONEY),
    )
    ok_currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    ok_item_1_quantity = forms.CharField(
        label=gettext_lazy("Quantity"),
        required=False,
        initial="1",
        widget=forms.TextInput(attrs=_TEXT | {"inputmode": "numeric"}),
    )

    ok_invoice = forms.CharField(
        label=gettext_lazy("Invoice"), required=False, help_text=gettext_lazy("Comes back with the payment.")
    )
    ok_fees = forms.ChoiceField(
        label=gettext_lazy("Who pays the commission"),
        required=False,
        choices=[("0", gettext_lazy("The merchant")), ("1", gettext_lazy("The buyer"))],
    )
    ok_item_1_tax = forms.CharField(label=gettext_lazy("Tax"), required=False, widget=forms.TextInput(attrs=_MONEY))
    ok_item_1_handling = forms.CharField(
        label=gettext_lazy("Handling"), required=False, widget=forms.TextInput(attrs=_MONEY)
    )
    ok_item_1_shipping = forms.CharField(
        label=gettext_lazy("Shipping"), required=False, widget=forms.TextInput(attrs=_MONEY)
    )
    ok_item_1_shipping2 = forms.CharField(
        label=gettext_lazy("Shipping of each further piece"), required=False, widget=forms.TextInput(attrs=_MONEY)
    )
    ok_item_1_custom_1_title = forms.CharField(label=gettext_lazy("Custom field 1: title"), required=False)
    ok_item_1_custom_1_value = forms.CharField(
        label=gettext_lazy("Custom field 1: value"),
        required=False,
        help_text=gettext_lazy("Left blank: the customer fills it in."),
    )
    ok_item_1_custom_2_title = forms.CharField(label=gettext_lazy("Custom field 2: title"), required=False)
    ok_item_1_custom_2_value = forms.CharField(label=gettext_lazy("Custom field 2: value"), required=False)
    ok_return_success = forms.CharField(
        label=gettext_lazy("Success URL"),
        required=False,
        widget=forms.TextInput(attrs=_URL),
        help_text=gettext_lazy("Instead of the wallet’s."),
    )
    ok_return_fail = forms.CharField(
        label=gettext_lazy("Fail URL"),
        required=False,
        widget=forms.TextInput(attrs=_URL),
        help_text=gettext_lazy("Instead of the wallet’s."),
    )
    ok_ipn = forms.CharField(
        label=gettext_lazy("Payment Notification (IPN) URL"),
        required=False,
        widget=forms.TextInput(attrs=_URL),
        help_text=gettext_lazy("Instead of the wallet’s listener, and also when IPN is disabled there."),
    )
    ok_language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=[("", gettext_lazy("The customer’s own")), *graphics.LANGUAGES.items()],
    )
    ok_directdeposit = forms.ChoiceField(
        label=gettext_lazy("Straight to a payment system"),
        required=False,
        choices=[("", OPTIONAL), *((system.code, system.name) for system in PAYSYSTEMS.values())],
        help_text=gettext_lazy("Without the review; no other method can be chosen then."),
    )
    ok_paysystems = forms.MultipleChoiceField(
        label=gettext_lazy("Payment methods"),
        required=False,
        choices=[(system.code, system.name) for system in PAYSYSTEMS.values()],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Beside the OKPAY balance. None checked: all."),
    )
    ok_payer_first_name = forms.CharField(label=gettext_lazy("First name"), required=False)
    ok_payer_last_name = forms.CharField(label=gettext_lazy("Last name"), required=False)
    ok_payer_business_name = forms.CharField(label=gettext_lazy("Business name"), required=False)
    ok_payer_email = forms.CharField(label=gettext_lazy("E-mail"), required=False)
    ok_payer_phone = forms.CharField(label=gettext_lazy("Phone"), required=False)
    ok_payer_street = forms.CharField(label=gettext_lazy("Street and number"), required=False)
    ok_payer_zip = forms.CharField(label=gettext_lazy("Postal code"), required=False)
    ok_payer_city = forms.CharField(label=gettext_lazy("City"), required=False)
    ok_payer_state = forms.CharField(label=gettext_lazy("State or province"), required=False)
    ok_payer_country = forms.CharField(label=gettext_lazy("Country, its English name"), required=False)
    ok_payer_country_code = forms.CharField(label=gettext_lazy("Country, two letters"), required=False)

    def __init__(self, client: Account, link: PaymentLink | None, now: datetime, data: Any = None) -> None:
        super().__init__(client, link, now, data)
        self.fields["wallet"] = OwnWalletField(client)
        currency = self.fields["ok_currency"]
        assert isinstance(currency, forms.ChoiceField)
        enabled = Currency.objects.filter(enabled=True)
        currency.choices = [(each.code, f"{each.code} · {each.name}") for each in enabled]
        for name in self.variables:
            length = VARIABLES[name.replace("_1_", "_#_", 1)].length
            if length and isinstance(self.fields[name].widget, forms.TextInput):
                self.fields[name].widget.attrs["maxlength"] = length
            if isinstance(self.fields[name].widget, forms.TextInput):
                self.fields[name].widget.attrs.setdefault("autocomplete", "off")

    @property
    def variables(self) -> list[str]:
        return [name for name in self.fields if name.startswith("ok_")]

    @classmethod
    def can_show(cls, link: PaymentLink) -> bool:
        """Whether everything that the link says has a field here."""
        for name, value in link.pairs:
            if name == "ok_receiver":
                if value != link.wallet_id:
                    return False
            elif name not in cls.base_fields or not name.startswith("ok_"):
                return False
            else:
                choice = cls.base_fields[name]
                if isinstance(choice, forms.ChoiceField) and name != "ok_currency":
                    values = value.split(" ") if name == "ok_paysystems" else [value]
                    if not all(choice.valid_value(each) for each in values):
                        return False
        names = [name for name, _value in link.pairs]
        return len(names) == len(set(names))

    def first_values(self) -> dict[str, Any]:
        values = super().first_values()
        if self.link is None:
            return values | {"ok_currency": VARIABLES["ok_currency"].default}
        said: dict[str, Any] = dict(self.link.pairs)
        said["ok_currency"] = said.get("ok_currency", VARIABLES["ok_currency"].default).strip().upper()
        if "ok_paysystems" in said:
            said["ok_paysystems"] = said["ok_paysystems"].split(" ")
        return values | said | {"wallet": self.link.wallet_id}

    @property
    def extras(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.EXTRAS]

    @property
    def shows_extras(self) -> bool:
        """Whether the extra details are open from the start: something in them is set or wrong."""
        names = {name for _title, names in self.EXTRAS for name in names if name in self.fields}
        if names & set(self.errors):
            return True
        default = {name: self.fields[name].initial or self.DEFAULTS.get(name, "") for name in names}
        return any((self[name].value() or default[name]) not in (default[name], []) for name in names)

    def pairs(self) -> list[Pair]:
        said = {name: self.cleaned_data.get(name, "") for name in self.variables}
        said["ok_paysystems"] = " ".join(said["ok_paysystems"] or [])
        order = [*(name for name in said if not name.startswith("ok_payer_")), *said]
        pairs = [("ok_receiver", self.cleaned_data["wallet"].id)]
        pairs += [(name, said[name]) for name in dict.fromkeys(order)]
        return [(name, value) for name, value in pairs if value and value != self.DEFAULTS.get(name)]

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                links.check(self.pairs(), self.client)
            except PaymentFormError as error:
                for problem in error.problems:
                    self.add_problem(problem)
        return self.cleaned_data

    def add_problem(self, problem: Problem) -> None:
        expected = _("Expected: %(what)s.") % {"what": problem.expected}
        if problem.variable in self.fields:
            self.add_error(problem.variable, expected)
        else:
            self.add_error(None, f"{problem.variable}: {expected}")


@dataclass
class Row:
    """A line of the developer's form."""

    name: str = ""
    value: str = ""
    problems: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


class RowsForm(LooksForm):
    """Any variable by name and value, as many as one likes. Says what would be wrong before anything is kept."""

    def __init__(self, client: Account, link: PaymentLink | None, now: datetime, data: QueryDict | None = None) -> None:
        super().__init__(client, link, now, data)
        self.rows = self._rows(data)
        # What is wrong with variables that stand in no row.
        self.missing: list[Problem] = []
        self.is_checked = False

    @property
    def known_names(self) -> Sequence[str]:
        return [name.replace("#", "1") for name in VARIABLES]

    @property
    def has_problems(self) -> bool:
        return bool(self.missing) or any(row.problems for row in self.rows)

    def add_rows(self) -> None:
        self.rows += [Row() for _row in range(min(ROWS_MORE, MOST_ROWS - len(self.rows)))]

    def pairs(self) -> list[Pair]:
        return [(row.name, row.value) for row in self.rows if row.name.strip()]

    def check(self) -> bool:
        """Whether the rows are a payment form; each row is told what is wrong or doubtful about it."""
        self.is_checked = True
        for row in self.rows:
            if row.value.strip() and not row.name.strip():
                row.problems.append(_("A value without a name."))
        try:
            _pairs, request = links.check(self.pairs(), self.client)
        except PaymentFormError as error:
            self._tell(error.problems, error.hints)
            return False
        self._tell([], list(request.hints))
        return not self.has_problems

    def _tell(self, problems: list[Problem], hints: list[Hint]) -> None:
        for problem in problems:
            rows = [row for row in self.rows if row.name.strip() == problem.variable]
            for row in rows:
                row.problems.append(_("Expected: %(what)s.") % {"what": problem.expected})
            if not rows:
                self.missing.append(problem)
        for hint in hints:
            for row in self.rows:
                if row.name.strip() == hint.variable:
                    row.hints.append(hint.text)

    def _rows(self, data: QueryDict | None) -> list[Row]:
        if data is not None:
            names, values = data.getlist("name")[:MOST_ROWS], data.getlist("value")[:MOST_ROWS]
            return [Row(name, value) for name, value in zip(names, values, strict=False)]
        if self.link:
            rows = [Row(name, value) for name, value in self.link.pairs]
        else:
            first = self.client.wallets.order_by("created_at", "id").values_list("id", flat=True).first()
            rows = [Row("ok_receiver", first or ""), Row("ok_currency", "EUR"), Row("ok_item_1_name")]
            rows.append(Row("ok_item_1_price"))
        return rows + [Row() for _row in range(max(2, ROWS_AT_FIRST - len(rows)))]


class KeyForm(forms.Form):
    """A key for the merchant's own program."""

    wallet = forms.Field()
    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=127, help_text=gettext_lazy("Which program uses it, such as “Shop”.")
    )

    def __init__(self, client: Account, data: Any = None) -> None:
        super().__init__(data)
        self.fields["wallet"] = OwnWalletField(client)
