"""Forms of the Profile: who the client is, how he is reached, his password, his papers."""

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from wallets import countries, parties
from wallets.documents import LARGEST_SIZE
from wallets.forms.entrance import EMAIL_TAKEN, PASSWORD_HELP
from wallets.forms.fields import plain_text
from wallets.models import Account, ClientDocument, User

NAMES = ("first_name", "last_name", "business_name")
ADDRESS = ("country_code", "street", "zip", "city", "state")


class ProfileForm(forms.ModelForm[Account]):
    """Names, phone, address. A verified client's names are those of his papers: only staff change them."""

    class Meta:
        model = Account
        fields = (*NAMES, "phone", *ADDRESS)
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "business_name": _("Business name"),
            "phone": _("Phone"),
            "street": _("Street and number"),
            "zip": _("Postal code"),
            "city": _("City"),
            "state": _("State or province"),
        }
        help_texts = {"phone": _("With the country code, such as +49 30 1234567.")}
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "business_name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "street": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "zip": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "state": forms.TextInput(attrs={"autocomplete": "address-level1"}),
        }

    country_code = forms.ChoiceField(
        label=_("Country"), required=False, widget=forms.Select(attrs={"autocomplete": "country"})
    )
    # As people write it: with spaces, which normal_phone takes out.
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        help_text=_("With the country code, such as +49 30 1234567. A new number has to be confirmed."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, client: Account, data: Any = None) -> None:
        super().__init__(data, instance=client)
        self.before = {name: getattr(client, name) for name in self.fields}
        country = self.fields["country_code"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [("", _("Choose a country")), *countries.choices(get_language() or "en")]
        for name in (*NAMES, *ADDRESS):
            if isinstance(field := self.fields.get(name), forms.CharField):
                field.validators.append(plain_text)
        if client.phone:
            self.initial["phone"] = f"+{client.phone.replace('-', ' ')}"
        if client.kind == Account.Kind.PERSON:
            del self.fields["business_name"]
        for name in NAMES:
            if name not in self.fields:
                continue
            self.fields[name].required = True
            if client.is_verified:
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Verified by your documents; only staff can change it.")

    def clean_phone(self) -> str:
        given = self.cleaned_data["phone"]
        if not given:
            return ""
        phone = parties.normal_phone(given)
        if not phone:
            raise ValidationError(_("This is no phone number with a country code, such as +49 30 1234567."))
        if Account.objects.filter(phone=phone).exclude(id=self.instance.id).exists():
            raise ValidationError(_("This phone number belongs to another account."), code="taken")
        return phone

    def save(self, commit: bool = True) -> Account:
        """What was confirmed is so no longer once it is another."""
        client = self.instance
        changed = [name for name in self.fields if getattr(client, name) != self.before[name]]
        written = list(changed)
        if "phone" in changed:
            client.phone_confirmed = False
            written.append("phone_confirmed")
        if set(changed) & set(ADDRESS):
            client.address_confirmed = False
            written.append("address_confirmed")
        client.save(update_fields=written)
        return client


class NewEmailForm(forms.Form):
    """Another e-mail address, by who knows the password."""

    email = forms.EmailField(
        label=_("New e-mail address"), max_length=127, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, data: Any = None) -> None:
        self.user = user
        super().__init__(data)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists() or Account.objects.filter(email__iexact=email).exists():
            raise ValidationError(EMAIL_TAKEN, code="taken")
        return email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your password."), code="wrong")
        return password


class CodeForm(forms.Form):
    """The code of a text message."""

    code = forms.CharField(
        label=_("Code"),
        max_length=10,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class NewPasswordForm(PasswordChangeForm):
    """Django's own, in the words of the other forms."""

    error_messages = {
        "password_mismatch": _("The two passwords differ."),
        "password_incorrect": _("This is not your password."),
    }

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        _in_our_words(self)
        self.fields["old_password"].label = _("Your present password")


class ForgottenForm(PasswordResetForm):
    email = forms.EmailField(
        label=_("E-mail"), max_length=127, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class SetNewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # it cannot be at run time
    error_messages = {"password_mismatch": _("The two passwords differ.")}

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        _in_our_words(self)


class DocumentForm(forms.Form):
    """A paper for staff to judge."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ClientDocument.Kind.choices)
    file = forms.FileField(
        label=_("File"),
        help_text=_("JPEG, PNG, GIF or PDF, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/gif,application/pdf"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_SIZE:
            raise ValidationError(_("The file may have at most 5 MB."))
        return file


def _in_our_words(form: Any) -> None:
    form.fields["new_password1"].label = _("New password")
    form.fields["new_password1"].help_text = PASSWORD_HELP
    form.fields["new_password2"].label = _("New password again")
    form.fields["new_password2"].help_text = ""
