"""Papers of a client: who he is, where he lives. Staff judge them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.parties import Account, Wallet


class ClientDocument(models.Model):
    """A picture or PDF, kept in the database: so it is in every backup of the client and under no web address."""

    class Kind(models.TextChoices):
        PASSPORT = "passport", _("Passport")
        ID_CARD = "id_card", _("Identity card")
        UTILITY_BILL = "utility_bill", _("Utility bill")
        PHOTO = "photo", _("Photo of the person")
        OTHER = "other", _("Other")

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("To be judged")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="documents", verbose_name=_("account"))
    uploaded_by = models.ForeignKey(
        Wallet,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("uploaded by"),
        help_text=_("The merchant's wallet that sent it by the API; none if the client did it himself."),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    content_type = models.CharField(_("content type"), max_length=20)
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    uploaded_at = models.DateTimeField(_("uploaded"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.UPLOADED)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    judged_at = models.DateTimeField(_("judged"), null=True, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("judged by"),
    )

    class Meta:
        verbose_name = _("client document")
        verbose_name_plural = _("client documents")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                "account", "kind", "sha256", name="one_document_waits_once", condition=Q(status="uploaded")
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind}"

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")
