"""Presses of a "Confirm" button, each of which counts once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallets.models.parties import Account
from wallets.models.transactions import Transaction


class Confirmation(models.Model):
    """What a client confirmed on the account pages, and the transaction that came of it."""

    # Made with the page that has the button. Two presses have the same, and only one of them finds it unused.
    key = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", verbose_name=_("account"))
    # Empty where no money moved, and within the database transaction that fills it.
    transaction = models.ForeignKey(
        Transaction, null=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("transaction")
    )
    created_at = models.DateTimeField(_("confirmed"), auto_now_add=True)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")

    def __str__(self) -> str:
        return str(self.key)
