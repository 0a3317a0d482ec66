"""What a merchant may say of his shop: plain text and whole web addresses, nothing that passes for something else."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallets import shops
from wallets.documents import LARGEST_SIZE
from wallets.errors import NotAPicture
from wallets.forms.fields import WebAddressField, plain_text
from wallets.models import Shop, Wallet

TEXTS = ("name", "description", "site", "email", "phone", "support_url")


class ShopForm(forms.ModelForm[Shop]):
    class Meta:
        model = Shop
        fields = ("name", "description", "email", "phone")
        labels = {
            "name": _("Name of the shop"),
            "description": _("Description"),
            "email": _("E-mail for buyers"),
            "phone": _("Phone for buyers"),
        }
        help_texts = {"description": _("One or two sentences, at most 300 characters of plain text.")}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    site = WebAddressField(
        label=_("Web address of the shop"), required=False, help_text=_("Such as https://shop.example.com/.")
    )
    support_url = WebAddressField(label=_("Address of customer support"), required=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("JPEG, PNG, GIF or WebP, at most 5 MB. It is drawn anew, at most 320 pixels wide and high."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/gif,image/webp"}),
    )

    def __init__(self, wallet: Wallet, shop: Shop | None, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, instance=shop or Shop(wallet=wallet))
        self.wallet = wallet
        for name in ("site", "support_url"):
            self.initial[name] = getattr(self.instance, name)

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return _one_line(self.cleaned_data["description"])

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and not re.fullmatch(r"\+?[0-9][0-9 ()./-]{2,28}", phone, re.ASCII):
            raise ValidationError(_("Write a phone number such as +49 30 1234567."))
        return phone

    def clean_site(self) -> str:
        return _address(self.cleaned_data["site"])

    def clean_support_url(self) -> str:
        return _address(self.cleaned_data["support_url"])

    def clean_logo(self) -> bytes | None:
        file = self.cleaned_data["logo"]
        if file and file.size > LARGEST_SIZE:
            raise ValidationError(_("The picture may have at most 5 MB."))
        return bytes(file.read()) if file else None

    def keep(self, *, now: datetime) -> bool:
        """False when the logo is no picture; the form says so then, and nothing is kept."""
        told = {name: self.cleaned_data[name] for name in TEXTS}
        try:
            shops.describe(self.wallet, told, logo=self.cleaned_data["logo"], now=now)
        except NotAPicture as refused:
            self.add_error("logo", str(refused))
            return False
        return True


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    plain_text(line)
    return line


def _address(address: str) -> str:
    """What a buyer reads there is where it leads. Raises ValidationError."""
    if len(address) > 400:
        raise ValidationError(_("The address may have at most 400 characters."))
    if "@" in urlsplit(address).netloc:
        raise ValidationError(_("Write the address without a user name: what stands before an @ can deceive."))
    if not address.isascii():
        raise ValidationError(_("Write the address as browsers send it, with xn-- and %, in ASCII letters."))
    return address
