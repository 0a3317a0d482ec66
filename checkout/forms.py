"""The review: how to pay, and what only the buyer can say."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from checkout import orders
from checkout.models import CheckoutSession
from checkout.orders import Choices, Option
from wallets import countries, money
from wallets.models import Account
from wallets.payments import Address
from wallets.paysystems import OKPAY_BALANCE

# (field, label, longest, autocomplete)
ADDRESS_FIELDS = (
    ("name", _("Recipient"), 128, "name"),
    ("street", _("Street and number"), 200, "street-address"),
    ("zip", _("Postal code"), 20, "postal-code"),
    ("city", _("City"), 40, "address-level2"),
    ("state", _("State or province"), 40, "address-level1"),
)
OPTIONAL = {"zip", "state"}


class ReviewForm(forms.Form):
    """Fields under the official names for what the shop left open; an address for shipments; a comment; the method."""

    def __init__(self, session: CheckoutSession, payer: Account | None, *args: Any, **kwargs: Any) -> None:
        self.session, self.payer = session, payer
        self.questions = orders.questions(session)
        self.needs_address = orders.needs_address(session)
        kwargs["initial"] = self._filled_in() | self._chosen_before()
        super().__init__(*args, **kwargs)
        for question in self.questions:
            self.fields[question.name] = _field_of(question)
        if self.needs_address:
            for name, label, longest, autocomplete in ADDRESS_FIELDS:
                self.fields[f"address_{name}"] = forms.CharField(
                    label=label,
                    max_length=longest,
                    required=name not in OPTIONAL,
                    widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
                )
            self.fields["address_country_code"] = forms.ChoiceField(
                label=_("Country"),
                choices=[("", _("Choose a country")), *countries.choices(get_language() or "en")],
                widget=forms.Select(attrs={"autocomplete": "country"}),
            )
        self.fields["comment"] = forms.CharField(
            label=_("Comment for the shop"), max_length=orders.COMMENT_LENGTH, required=False
        )
        self.draft = orders.draft(session, Choices(values=self.values_so_far))
        self.balances = orders.balances(session, payer, self.draft) if payer else []
        self.systems = orders.systems(session, self.draft)

    @property
    def values_so_far(self) -> dict[str, str]:
        """What the buyer has answered, unchecked: what he pays is shown as soon as it is known."""
        source = self.data if self.is_bound else self.initial
        return {question.name: str(source.get(question.name, "")) for question in self.questions}

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[question.name] for question in self.questions]

    @property
    def address_fields(self) -> dict[str, forms.BoundField]:
        return {name.removeprefix("address_"): self[name] for name in self.fields if name.startswith("address_")}

    @property
    def asks_a_price(self) -> bool:
        return any(question.is_price for question in self.questions)

    @property
    def has_several_wallets(self) -> bool:
        return len({option.wallet for option in self.balances}) > 1

    @property
    def main_balances(self) -> list[Option]:
        return [option for option in self.balances if option.exchange_rate is None]

    @property
    def other_balances(self) -> list[Option]:
        return [option for option in self.balances if option.exchange_rate is not None]

    @property
    def selected(self) -> str:
        """The option that is marked: what was chosen, else the first balance if it is enough."""
        options = [*self.balances, *self.systems]
        chosen = str(self.data.get("method", "") or self.initial.get("method", ""))
        if chosen:
            return chosen if chosen in [option.value for option in options] else ""
        if len(options) == 1 or (self.balances and self.balances[0].sufficient):
            return options[0].value
        return ""

    @property
    def short_of_money(self) -> Option | None:
        """The balance in the order's currency, when it is too small: the page says so before anybody tries."""
        return next((option for option in self.main_balances if not option.sufficient), None)

    @property
    def another_currency_is_chosen(self) -> bool:
        return self.selected in [option.value for option in self.other_balances]

    def clean(self) -> dict[str, Any]:
        if not self._option():
            self.add_error(None, forms.ValidationError(_("Choose how to pay."), code="method"))
        return self.cleaned_data

    def choices(self) -> Choices:
        """The valid form as choices."""
        data, option = self.cleaned_data, self._option()
        assert option is not None
        return Choices(
            method=option.method,
            wallet=option.wallet,
            from_currency=option.from_currency,
            comment=data["comment"],
            values={question.name: str(data[question.name]) for question in self.questions},
            address=self._address() if self.needs_address else None,
        )

    def _option(self) -> Option | None:
        """What is chosen; when nothing is, the balance, whose error then says what is wrong with it."""
        options = [*self.balances, *self.systems]
        wanted = self.selected or ("" if self.data.get("method") else OKPAY_BALANCE)
        return next((option for option in options if option.value == wanted), None)

    def _filled_in(self) -> dict[str, str]:
        """The account's address, else the one that the shop sent."""
        account, sent = self.payer, self.session.payer_details
        if account and account.street:
            return {
                "address_name": account.name,
                "address_street": account.street,
                "address_zip": account.zip,
                "address_city": account.city,
                "address_state": account.state,
                "address_country_code": account.country_code,
            }
        name = f"{sent.get('first_name', '')} {sent.get('last_name', '')}".strip()
        return {
            "address_name": account.name if account else name,
            "address_street": sent.get("street", ""),
            "address_zip": sent.get("zip", ""),
            "address_city": sent.get("city", ""),
            "address_state": sent.get("state", ""),
            "address_country_code": country_of(sent),
        }

    def _chosen_before(self) -> dict[str, str]:
        """What was chosen before the buyer came back from a payment system's page."""
        if not self.session.choices:
            return {}
        choices = Choices.from_json(self.session.choices)
        address = {}
        if choices.address:
            address = {f"address_{name}": getattr(choices.address, name) for name, *_ in ADDRESS_FIELDS}
            address["address_country_code"] = choices.address.country_code
        return {"method": choices.method, "comment": choices.comment, **choices.values, **address}

    def _address(self) -> Address:
        given = {
            name.removeprefix("address_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("address_")
        }
        return Address(**given, confirmed=self._is_confirmed(given))

    def _is_confirmed(self, given: dict[str, str]) -> bool:
        """Only the account's own address can be: somebody has looked at its papers."""
        account = self.payer
        if account is None or not account.address_confirmed or given["name"] != account.name:
            return False
        return all(given[field] == getattr(account, field) for field in ("street", "zip", "city", "country_code"))


def country_of(sent: dict[str, str]) -> str:
    """The ISO code of ok_payer_country_code, else of ok_payer_country, which is an English name; "" if it is none."""
    named = dict(countries.choices("en"))
    code = sent.get("country_code", "").strip().upper()
    if code in named:
        return code
    wanted = sent.get("country", "").strip().casefold()
    return next((code for code, name in named.items() if name.casefold() == wanted), "")


def _field_of(question: orders.Question) -> forms.Field:
    if question.is_price:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "transaction-amount"})
        return PriceField(label=question.label, help_text=question.item.name, max_length=15, widget=widget)
    return forms.CharField(label=question.label, help_text=question.item.name, max_length=orders.CUSTOM_LENGTH)


class PriceField(forms.CharField):
    """A price above zero, as people write it; handed on as the wire writes it."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        try:
            return money.text(orders.read_price(text))
        except ValueError:
            raise forms.ValidationError(orders.ENTER_A_PRICE) from None
