"""The journal: what came to this gateway from outside and how it was answered, without secrets, for a while."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sandbox.models.sandboxes import Sandbox


class JournalEntry(models.Model):
    """One request and its answer. sandbox/journal.py writes it, by a statement of its own that names every column.

    What it is about stands in plain columns: this app knows no wallets, no transactions, no verifications.
    """

    class Kind(models.TextChoices):
        FORM = "form", _("Payment form")
        PAGE = "page", _("Checkout page")
        SOAP = "soap", _("SOAP call")
        VERIFY = "verify", _("ipn-verify")
        API = "api", _("Control API")

    # Without a constraint: each of a thousand rows a second would lock the sandbox's.
    sandbox = models.ForeignKey(
        Sandbox,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="journal",
        verbose_name=_("sandbox"),
    )
    is_stray = models.BooleanField(_("stray"), help_text=_("Nothing in it says whose it is."))
    at = models.DateTimeField(_("time"), help_text=_("The sandbox's."))
    real_at = models.DateTimeField(_("real time"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    correlation = models.CharField(_("correlation"), max_length=40)
    wallet_id = models.CharField(_("wallet"), max_length=11, blank=True)
    transaction_id = models.BigIntegerField(_("transaction"), null=True, blank=True)
    verification_id = models.BigIntegerField(_("verification"), null=True, blank=True)
    invoice = models.CharField(_("invoice"), max_length=127, blank=True)
    # What was asked, what came of it, and why, in a few words of the wire's.
    operation = models.CharField(_("operation"), max_length=60, blank=True)
    outcome = models.CharField(_("outcome"), max_length=60, blank=True)
    why = models.TextField(_("why"), blank=True)
    failed = models.BooleanField(_("failed"))

    method = models.CharField(_("method"), max_length=10)
    url = models.TextField(_("address"))
    remote_address = models.GenericIPAddressField(_("from"), null=True, blank=True)
    # Heads are lines of "Name: value". Sizes are those of the bodies on the wire, in bytes; a body may be cut.
    request_head = models.TextField(_("request"))
    request_body = models.TextField(_("request's body"), blank=True)
    request_size = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(_("status"))
    response_head = models.TextField(_("answer"))
    response_body = models.TextField(_("answer's body"), blank=True)
    response_size = models.PositiveIntegerField()
    duration = models.DurationField(_("duration"))

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=["sandbox", "at", "id"], name="journal_by_time"),
            models.Index(F("correlation"), name="journal_correlation"),
            # What went wrong for a merchant; what goes well is not in it and costs nothing.
            models.Index(fields=["wallet_id", "at"], name="journal_failures", condition=Q(failed=True)),
            # What one shop or another verifies lies far between all else that is asked.
            models.Index(fields=["sandbox", "at", "id"], name="journal_verify", condition=Q(kind="verify")),
            models.Index(
                fields=["verification_id"],
                name="journal_of_verification",
                condition=Q(verification_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class JournalGap(models.Model):
    """How many entries a sandbox's journal no longer has, or never had."""

    sandbox = models.OneToOneField(Sandbox, on_delete=models.CASCADE, primary_key=True, related_name="journal_gap")
    pruned = models.BigIntegerField(_("dropped, because newer ones came"), default=0)
    lost = models.BigIntegerField(_("never written, because the database was in trouble"), default=0)

    class Meta:
        verbose_name = _("gap in the journal")
        verbose_name_plural = _("gaps in the journal")

    def __str__(self) -> str:
        return f"{self.sandbox_id}: {self.pruned} + {self.lost}"
