"""The sandbox's own mailbox: what would have gone out by e-mail or as a text message."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox


class MailboxMessage(models.Model):
    """A message to one address, an e-mail's or a phone's. wallets/mailbox.py puts it here and says who may read it."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="+", verbose_name=_("sandbox"))
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    body = models.TextField(_("text"))
    # Real time, by which the links and codes in it expire.
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)

    class Meta:
        verbose_name = _("mailbox message")
        verbose_name_plural = _("mailbox messages")
        ordering = ("-id",)
        indexes = (models.Index(Lower("to"), F("id").desc(), name="mailbox_newest_first"),)

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"
