"""What a merchant tells buyers about his shop. Official page "Payment Links & Buttons Overview"."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallets.models.parties import Wallet


def new_logo_name() -> str:
    """Part of the logo's address. It cannot be guessed, and another logo never has the same."""
    return secrets.token_urlsafe(12)


class Shop(models.Model):
    """The shop behind a wallet: it stands at the top of the checkout, and on the OKPAY Seal if its owner wants that.

    All of it is plain text. Whoever has said nothing has no row.
    """

    wallet = models.OneToOneField(
        Wallet, primary_key=True, on_delete=models.CASCADE, related_name="shop", verbose_name=_("wallet")
    )
    name = models.CharField(_("name"), max_length=80, blank=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    site = models.CharField(_("web address"), max_length=400, blank=True)
    email = models.EmailField(_("e-mail for buyers"), max_length=127, blank=True)
    phone = models.CharField(_("phone for buyers"), max_length=30, blank=True)
    support_url = models.CharField(_("address of customer support"), max_length=400, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")

    def __str__(self) -> str:
        return self.name or self.wallet_id

    @property
    def says_something(self) -> bool:
        texts = (self.name, self.description, self.site, self.email, self.phone, self.support_url)
        return any(texts) or hasattr(self, "logo")


class ShopLogo(models.Model):
    """The logo, drawn anew by us: nothing of the file that was uploaded is kept or served."""

    shop = models.OneToOneField(
        Shop, primary_key=True, on_delete=models.CASCADE, related_name="logo", verbose_name=_("shop")
    )
    name = models.CharField(_("name"), max_length=16, unique=True, default=new_logo_name)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    content = models.BinaryField()

    class Meta:
        verbose_name = _("logo of a shop")
        verbose_name_plural = _("logos of shops")

    def __str__(self) -> str:
        return self.name
