"""A sandbox: a gateway of one's own inside this one, with its own people, money and time."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DEFAULT = "default"


class Sandbox(models.Model):
    """Every account belongs to one. Strangers meet the sandbox `default`; the control API makes others."""

    id = models.SlugField(primary_key=True, max_length=40)
    clock_offset = models.DurationField(
        _("clock offset"), default=timedelta, help_text=_("How far this sandbox's time is ahead of the real one.")
    )
    frozen_at = models.DateTimeField(
        _("frozen at"), null=True, blank=True, help_text=_("If set, time stands still at this moment.")
    )
    # Kept true by sandbox.scenarios: it comes along with every wallet, so that a call without a script costs nothing.
    scripted = models.BooleanField(
        _("has scenarios"), default=False, db_default=False, help_text=_("Whether any scenario waits for calls.")
    )
    starts_at = models.DateTimeField(
        _("starts at"), null=True, blank=True, help_text=_("Where a reset puts its clock. Empty: real time.")
    )
    # The wallets of those whom it was made for, by name: {"merchant": "OK...", "buyer": "OK..."}.
    people = models.JSONField(_("people"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # Real time. Who has not been used for long is dropped.
    used_at = models.DateTimeField(_("last used"), default=timezone.now)

    class Meta:
        verbose_name = _("sandbox")
        verbose_name_plural = _("sandboxes")

    def __str__(self) -> str:
        return self.id

    def time_at(self, real: datetime) -> datetime:
        """This sandbox's time at a moment of real time."""
        return self.frozen_at or real + self.clock_offset
