"""States of a sandbox that were put aside, to be brought back or copied."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sandbox.models.sandboxes import Sandbox


class Snapshot(models.Model):
    """A state. Its rows lie in chunks; okpay_gateway/worlds/snapshots.py writes and reads them."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="snapshots", verbose_name=_("sandbox"))
    # Empty: the origin.
    name = models.SlugField(_("name"), max_length=60, blank=True)
    # How the sandbox was made: what a reset returns to. Nobody lists or deletes it.
    is_origin = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    taken_at = models.DateTimeField(_("at the sandbox's time"))
    # For each table the columns that it had.
    columns = models.JSONField()
    rows = models.PositiveIntegerField(_("rows"), default=0)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint("sandbox", "name", name="one_snapshot_per_name"),
            models.UniqueConstraint("sandbox", name="one_origin_per_sandbox", condition=Q(is_origin=True)),
        )

    def __str__(self) -> str:
        return f"{self.sandbox_id} {self.name}"


class SnapshotChunk(models.Model):
    """Some rows of one table, as a list of objects."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="chunks")
    relation = models.CharField(max_length=63)
    rows = models.JSONField()

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.relation}"
