"""A pending payment whose end is known already: when, and how it will be decided."""

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
from wallets.models.transactions import Transaction


class Decision(models.Model):
    """It goes as soon as the payment is decided, be it by hand before that."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("Approve")
        DECLINE = "decline", _("Decline")

    transaction = models.OneToOneField(
        Transaction, on_delete=models.CASCADE, related_name="decision", verbose_name=_("transaction")
    )
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="decisions", verbose_name=_("sandbox"))
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    due_at = models.DateTimeField(_("due"), help_text=_("In the sandbox's time."))

    class Meta:
        verbose_name = _("decision to come")
        verbose_name_plural = _("decisions to come")
        ordering = ("due_at", "id")
        indexes = (models.Index(F("sandbox"), F("due_at"), name="decisions_due"),)

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.verdict} {self.due_at:%Y-%m-%d %H:%M:%S}"
