"""What a buyer has chosen about buying."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallets.models import Account


class OneClick(models.Model):
    """Whose purchases need no confirmation: one click on "Buy now" pays. Whoever has no row is asked each time."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="one_click", verbose_name=_("account")
    )
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("one-click buyer")
        verbose_name_plural = _("one-click buyers")

    def __str__(self) -> str:
        return self.account_id
