"""The OKPAY Seal: whether a wallet has one, and what its page may tell. Official page "OKPAY Seal"."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallets.models.parties import Wallet


class OkpaySeal(models.Model):
    """Its owner's choice, field by field. Wallet ID and verification belong to every seal that is shown."""

    wallet = models.OneToOneField(
        Wallet, primary_key=True, on_delete=models.CASCADE, related_name="okpay_seal", verbose_name=_("wallet")
    )
    is_shown = models.BooleanField(_("shown to everybody"), default=False)
    shows_name = models.BooleanField(_("name"), default=False)
    shows_member_since = models.BooleanField(_("member since"), default=False)
    shows_reputation = models.BooleanField(_("reputation"), default=False)
    shows_place = models.BooleanField(_("city and country"), default=False)
    shows_email = models.BooleanField(_("e-mail"), default=False)
    shows_phone = models.BooleanField(_("phone"), default=False)
    shows_shop = models.BooleanField(_("name, logo and description of the shop"), default=False)
    shows_site = models.BooleanField(_("web address of the shop"), default=False)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("OKPAY Seal")
        verbose_name_plural = _("OKPAY Seals")

    def __str__(self) -> str:
        return self.wallet_id
