"""What visitors tell the people who run this server."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ShopSystemRequest(models.Model):
    """ "My shop system is missing": asked on the public page, read and answered by staff."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        ANSWERED = "answered", _("Answered")

    shop_system = models.CharField(_("shop system"), max_length=80)
    version = models.CharField(_("version"), max_length=40, blank=True)
    website = models.URLField(_("where it can be found"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    message = models.TextField(_("message"), max_length=2000)
    # Of all that was filled in: the same twice is one request, as long as it is new.
    fingerprint = models.CharField(max_length=64, editable=False)
    # Real time: who asks lives outside of every sandbox.
    created_at = models.DateTimeField(_("asked"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.NEW)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("request for a shop system")
        verbose_name_plural = _("requests for shop systems")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint("fingerprint", name="one_new_request_of_a_kind", condition=models.Q(status="new")),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.shop_system}"
