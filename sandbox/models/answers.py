"""The answers that an Idempotency-Key calls back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sandbox.models.sandboxes import Sandbox


class RememberedAnswer(models.Model):
    """The first answer to an Idempotency-Key; idempotency.py keeps and repeats it."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="+", verbose_name=_("sandbox"))
    # A hash over token, address and key, and one over the request's body: neither is stored itself.
    scope = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    content_type = models.CharField(max_length=100)
    body = models.TextField(_("answer"))
    # Real time: the caller who repeats a request lives by it.
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("remembered answer")
        verbose_name_plural = _("remembered answers")

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d %H:%M:%S}"
