"""The OKPAY Seal's form: shown or not, and what it tells; beside each choice stands what that would be."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallets import okpay_seal, shops
from wallets.models import OkpaySeal


class OkpaySealForm(forms.ModelForm[OkpaySeal]):
    CHOICES = (
        *("shows_name", "shows_member_since", "shows_reputation", "shows_place"),
        *("shows_email", "shows_phone", "shows_shop", "shows_site"),
    )

    class Meta:
        model = OkpaySeal
        fields = (
            *("is_shown", "shows_name", "shows_member_since", "shows_reputation", "shows_place"),
            *("shows_email", "shows_phone", "shows_shop", "shows_site"),
        )
        labels = {
            "is_shown": gettext_lazy("Show the seal to everybody"),
            "shows_name": gettext_lazy("Name"),
            "shows_member_since": gettext_lazy("Member since"),
            "shows_reputation": gettext_lazy("Reputation"),
            "shows_place": gettext_lazy("City and country"),
            "shows_email": gettext_lazy("E-mail"),
            "shows_phone": gettext_lazy("Phone"),
            "shows_shop": gettext_lazy("Name, logo and description of the shop"),
            "shows_site": gettext_lazy("Web address of the shop"),
        }
        help_texts = {
            "is_shown": gettext_lazy(
                "The wallet ID and whether the account is verified belong to every seal."
                " Without this nobody sees any of it."
            )
        }

    def __init__(self, seal: OkpaySeal, data: Any = None) -> None:
        super().__init__(data, instance=seal)
        account, shop = seal.wallet.account, shops.of(seal.wallet)
        told = {
            "shows_name": okpay_seal.public_name(account),
            "shows_member_since": f"{account.created_at:%Y-%m-%d}",
            "shows_reputation": str(account.reputation),
            "shows_place": okpay_seal.public_place(account),
            "shows_email": account.email,
            "shows_phone": account.phone and f"+{account.phone}",
            "shows_shop": shop.name or shop.description if shop else "",
            "shows_site": shop.site if shop else "",
        }
        for name, value in told.items():
            self.fields[name].help_text = value or _("Not given, so there is nothing to show yet.")

    @property
    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CHOICES]

    def keep(self, *, now: datetime) -> OkpaySeal:
        self.instance.changed_at = now
        return self.save()
