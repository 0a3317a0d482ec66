"""What shall happen to the next calls, and what has happened so."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sandbox.models.sandboxes import Sandbox


class Scenario(models.Model):
    """A scripted outcome: calls that match get the effects of its steps, one after the other, until they are used up.

    Scenarios with a higher `priority` come first, of equal ones the older; the first that matches and is not used up
    has the call, and the others do not know of it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="scenarios", verbose_name=_("sandbox"))
    name = models.CharField(_("name"), max_length=120, blank=True)
    priority = models.SmallIntegerField(_("priority"), default=0, help_text=_("Higher ones come first."))

    # What a call must be like. Empty: any. The operation is one of sandbox.effects.OPERATIONS.
    operation = models.CharField(_("operation"), max_length=60, blank=True)
    wallet = models.CharField(
        _("wallet"), max_length=11, blank=True, help_text=_("It calls, pays or is paid. Empty: any.")
    )
    receiver = models.CharField(
        _("receiver"), max_length=127, blank=True, help_text=_("Who is paid, as the call says it or by wallet ID.")
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    min_amount = models.DecimalField(_("amount from"), max_digits=20, decimal_places=2, null=True, blank=True)
    max_amount = models.DecimalField(_("amount up to"), max_digits=20, decimal_places=2, null=True, blank=True)
    invoice = models.CharField(_("invoice"), max_length=127, blank=True)

    # [{"effect": "fault:Limits_Exceeded", "times": 2, "delay": 0}, ...]; times is null in the last only: for ever.
    steps = models.JSONField(_("steps"))
    # The sum of their times, null if it has no end.
    most = models.PositiveIntegerField(_("calls at most"), null=True, blank=True)
    used = models.PositiveIntegerField(_("calls so far"), default=0)
    paused = models.BooleanField(_("paused"), default=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ("-priority", "id")
        constraints = (
            models.CheckConstraint(condition=Q(most=None) | Q(used__lte=F("most")), name="scenario_used_in_bounds"),
        )
        indexes = (
            models.Index(
                F("sandbox"),
                F("operation"),
                name="scenario_live",
                condition=Q(paused=False) & (Q(most=None) | Q(used__lt=F("most"))),
            ),
        )

    def __str__(self) -> str:
        return self.name or f"{self.operation or '*'}: {', '.join(step['effect'] for step in self.steps)}"

    @property
    def remaining(self) -> int | None:
        """How many calls it still waits for. None: any number."""
        return None if self.most is None else self.most - self.used

    @property
    def status(self) -> Status:
        if self.remaining == 0:
            return self.Status.FINISHED
        return self.Status.PAUSED if self.paused else self.Status.ACTIVE


class ScenarioUse(models.Model):
    """One call that did not go its usual way: by which scenario, or by a directive of its own."""

    # Of a scenario the newest so many stay, and of a sandbox's directives.
    KEPT = 200

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="+", verbose_name=_("sandbox"))
    scenario = models.ForeignKey(
        Scenario, null=True, on_delete=models.CASCADE, related_name="uses", verbose_name=_("scenario")
    )
    # Which use of the scenario this was, from 1. Null for a directive.
    number = models.PositiveIntegerField(_("number"), null=True)
    directive = models.CharField(_("directive"), max_length=127, blank=True)
    at = models.DateTimeField(_("time"))
    operation = models.CharField(_("operation"), max_length=60)
    effect = models.CharField(_("effect"), max_length=400)
    delay = models.FloatField(_("delay"), default=0)
    wallet = models.CharField(_("wallet"), max_length=11, blank=True)
    correlation = models.CharField(_("correlation"), max_length=40, blank=True)
    # What came of the call, as far as there is anything.
    transaction_id = models.BigIntegerField(_("transaction"), null=True)
    message_id = models.BigIntegerField(_("IPN message"), null=True)

    class Meta:
        verbose_name = _("use of a scenario")
        verbose_name_plural = _("uses of scenarios")
        ordering = ("-id",)
        indexes = (
            models.Index(F("sandbox"), F("id").desc(), name="scenario_uses_newest_first"),
            models.Index(F("scenario"), F("id").desc(), name="scenario_own_uses"),
        )

    def __str__(self) -> str:
        return f"{self.operation} {self.effect}"
