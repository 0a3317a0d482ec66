"""Forms of Wallets and Currencies: a wallet's title, its Integration tab, and what its history shows."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from wallets.forms.fields import CurrencyField, ListenerAddressField, NetworksField, ReturnAddressField
from wallets.models import Currency, Transaction, Wallet
from wallets.presses import OnceForm
from wallets.statement import EVERY_SALE, Direction, Filters

API_PASSWORD_LEAST, API_PASSWORD_MOST = 8, 64
API_PASSWORD_RULES = (
    password_validation.MinimumLengthValidator(API_PASSWORD_LEAST),
    password_validation.CommonPasswordValidator(),
    password_validation.NumericPasswordValidator(),
)


class TitleForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=127, help_text=_("What you call it; only you see it, such as “Shop”.")
    )


class NewWalletForm(OnceForm, TitleForm):
    """Pressed twice, it opens one wallet."""


class IntegrationForm(forms.Form):
    """The Integration tab, with the names of the official pages."""

    return_success = ReturnAddressField(
        label=_("Success URL"),
        required=False,
        help_text=_("Where a buyer returns to after paying. A form’s ok_return_success goes before it."),
    )
    return_fail = ReturnAddressField(
        label=_("Fail URL"),
        required=False,
        help_text=_("Where a buyer returns to after cancelling, or when the payment failed."),
    )
    return_method = forms.ChoiceField(
        label=_("Return method"),
        choices=[(method, method) for method in Wallet.ReturnMethod.values],
        widget=forms.RadioSelect,
    )
    ipn_enabled = forms.BooleanField(label=_("Enable IPN"), required=False)
    ipn_url = ListenerAddressField(
        label=_("Payment Notification (IPN) URL"),
        required=False,
        help_text=_("Your listener: it gets a POST for every payment. A form’s ok_ipn goes before it."),
    )
    encrypted_only = forms.BooleanField(
        label=_("Accept only encrypted buttons"),
        required=False,
        help_text=_(
            "A plain form or link, whose price anybody can change, is refused. Encrypted buttons and the"
            " short addresses of saved links go on."
        ),
    )
    api_enabled = forms.BooleanField(label=_("Enable API"), required=False)
    api_password = forms.CharField(
        label=_("Access Password"),
        required=False,
        strip=False,
        max_length=API_PASSWORD_MOST,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    api_security = forms.BooleanField(label=_("Enable API Security"), required=False)
    api_allowed_ips = NetworksField(
        label=_("IP addresses that may call the API"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=_("One a line: 203.0.113.7, 2001:db8::7, or a network such as 203.0.113.0/24. Empty: any address."),
    )

    def __init__(self, wallet: Wallet, data: Any = None) -> None:
        self.wallet = wallet
        names = [name for name in self.base_fields if name not in ("api_password", "api_security")]
        super().__init__(
            data,
            initial={name: getattr(wallet, name) for name in names} | {"api_security": bool(wallet.api_allowed_ips)},
        )
        self.fields["api_password"].help_text = (
            _("One is set. Leave this empty to keep it; what you write takes its place. It is never shown.")
            if wallet.api_password_sealed
            else _("At least eight characters, and none of the well-known passwords. It is never shown again.")
        )

    def clean_api_password(self) -> str:
        password: str = self.cleaned_data["api_password"]
        if password:
            check_api_password(password, self.wallet)
        return password

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("ipn_enabled") and data.get("ipn_url") == "":
            self.add_error("ipn_url", _("Write the URL of your listener, or leave IPN disabled."))
        has_password = bool(data.get("api_password") or self.wallet.api_password_sealed)
        if data.get("api_enabled") and not has_password and "api_password" not in self.errors:
            self.add_error(
                "api_password", _("The API needs an Access Password: write one, or have one generated below.")
            )
        return data

    def save(self) -> None:
        wallet, data = self.wallet, self.cleaned_data
        for name in (
            "return_success",
            "return_fail",
            "return_method",
            "ipn_enabled",
            "ipn_url",
            "encrypted_only",
            "api_enabled",
        ):
            setattr(wallet, name, data[name])
        wallet.api_allowed_ips = data["api_allowed_ips"] if data["api_security"] else []
        changed = [*data.keys() - {"api_password", "api_security"}]
        if data["api_password"]:
            wallet.api_password = data["api_password"]
            changed.append("api_password_sealed")
        # Only these: nobody's payment is undone by settings that were read before it.
        wallet.save(update_fields=changed)


class HistoryForm(forms.Form):
    """What of a wallet's history is shown. Everything is optional."""

    first_day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Till"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("Any")), (EVERY_SALE, _("Every sale")), *Transaction.Kind.choices],
    )
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("Any")), *Transaction.Status.choices])
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    direction = forms.ChoiceField(label=_("Direction"), required=False, choices=[("", _("Any")), *Direction.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = Currency.objects.values_list("code", flat=True)
        currency = self.fields["currency"]
        assert isinstance(currency, forms.ChoiceField)
        currency.choices = [("", _("Any")), *((code, code) for code in codes)]

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", _("The last day lies before the first."))
        return self.cleaned_data

    def filters(self) -> Filters | None:
        """None when what was asked for cannot be."""
        return Filters(**self.cleaned_data) if self.is_valid() else None


class ChartForm(forms.Form):
    """The picture of a balance over time."""

    PERIODS = (("30", _("30 days")), ("90", _("90 days")), ("365", _("a year")))

    currency = CurrencyField()
    days = forms.ChoiceField(label=_("Period"), choices=PERIODS)


@sensitive_variables("password")
def check_api_password(password: str, wallet: Wallet) -> None:
    """Raises ValidationError with everything that makes it weak."""
    errors = []
    for rule in API_PASSWORD_RULES:
        try:
            rule.validate(password)
        except ValidationError as error:
            errors.append(error)
    if wallet.id.lower() in password.lower() or password.lower() == wallet.account.email.lower():
        errors.append(ValidationError(_("Everybody can guess the wallet ID and the e-mail address.")))
    if not password.isprintable() or password != password.strip():
        errors.append(ValidationError(_("The password must not begin or end with a space or contain a line break.")))
    if errors:
        raise ValidationError(errors)
