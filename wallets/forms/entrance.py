"""Forms by which a client comes in: log in, register. The checkout shows the same two."""

import ipaddress
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from wallets import countries, parties
from wallets.forms.fields import plain_text
from wallets.models import Account, User
from wallets.throttle import Throttle

# By address and e-mail together: who guesses waits, the owner who comes from elsewhere does not.
GUESSES = Throttle("login", allowed=10, period=timedelta(minutes=5))
# By address alone: many e-mails tried with one password. An office behind one address logs in less often than that.
GUESSES_FROM_AN_ADDRESS = Throttle("login-address", allowed=200, period=timedelta(minutes=5))
PASSWORD_HELP = _("At least eight characters, and not only digits.")


class LoginForm(AuthenticationForm):
    """E-mail and password. One message for both, so that nobody can ask which e-mail addresses are registered.

    `retry_after`: how many seconds whoever guessed too often has to wait, else 0.
    """

    retry_after = 0

    username = forms.EmailField(
        label=_("E-mail"), max_length=127, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    error_messages = {
        "invalid_login": _("E-mail or password is wrong. The password is case-sensitive."),
        "inactive": _("This login is switched off."),
        "too_often": _("Too many attempts to log in with this e-mail from your address. Wait %(seconds)d seconds."),
    }

    def clean(self) -> dict[str, Any]:
        email, address = self.cleaned_data.get("username", "").lower(), self._remote_address()
        self.retry_after = GUESSES.attempt(address, email) or GUESSES_FROM_AN_ADDRESS.attempt(address)
        if self.retry_after:
            raise ValidationError(
                self.error_messages["too_often"], code="too_often", params={"seconds": self.retry_after}
            )
        data = super().clean()
        GUESSES.forget(address, email)
        GUESSES_FROM_AN_ADDRESS.give_back(address)
        return data

    def _remote_address(self) -> str:
        address = str(self.request.META.get("REMOTE_ADDR", "")) if self.request else ""
        # Whoever has one IPv6 address has a whole /64.
        return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address


class RegistrationForm(forms.Form):
    """Everything that `registration.register` needs of a new client; `details()` hands it over."""

    kind = forms.ChoiceField(
        label=_("Account for"),
        choices=[(Account.Kind.PERSON, _("A person")), (Account.Kind.BUSINESS, _("A business"))],
        initial=Account.Kind.PERSON,
        widget=forms.RadioSelect,
    )
    first_name = forms.CharField(
        label=_("First name"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    business_name = forms.CharField(
        label=_("Business name"),
        max_length=127,
        required=False,
        help_text=_("Needed for a business. Payers see it."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=127, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Password again"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        help_text=_("With the country code, such as +49 30 1234567."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    country_code = forms.ChoiceField(label=_("Country"), required=False)
    street = forms.CharField(
        label=_("Street and number"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    zip = forms.CharField(
        label=_("Postal code"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label=_("City"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level2"}),
    )
    state = forms.CharField(
        label=_("State or province"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level1"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = self.fields["country_code"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [("", _("Choose a country")), *countries.choices(get_language() or "en")]
        country.widget.attrs["autocomplete"] = "country"
        for name in ("first_name", "last_name", "business_name", "street", "zip", "city", "state"):
            self.fields[name].validators.append(plain_text)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists() or Account.objects.filter(email=email).exists():
            raise ValidationError(EMAIL_TAKEN, code="taken")
        return email

    def clean_phone(self) -> str:
        given = self.cleaned_data["phone"]
        if not given:
            return ""
        phone = parties.normal_phone(given)
        if not phone:
            raise ValidationError(_("This is no phone number with a country code, such as +49 30 1234567."))
        if Account.objects.filter(phone=phone).exists():
            raise ValidationError(_("This phone number belongs to another account."), code="taken")
        return phone

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("kind") == Account.Kind.BUSINESS and not data.get("business_name"):
            self.add_error("business_name", _("Enter the name of the business."))
        if data.get("kind") == Account.Kind.PERSON:
            data["business_name"] = ""
        password, again = data.get("password"), data.get("password_again")
        if password and again and password != again:
            self.add_error("password_again", _("The two passwords differ."))
        elif password:
            try:
                password_validation.validate_password(password, User(email=data.get("email", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data

    def details(self) -> dict[str, Any]:
        """The valid form as arguments of `registration.register`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "password_again"}


EMAIL_TAKEN = _("There is an account with this e-mail address already. Log in with it, or use another address.")
