"""Tokens of the control API that may less than CONTROL_TOKEN: for a colleague, a merchant's script, one CI job."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sandbox.models.sandboxes import Sandbox


class ControlToken(models.Model):
    """A bearer token, restricted to scopes and, if it is to, to a sandbox or to one account in it.

    The token itself is told once and stored nowhere; sandbox/access.py says what it may.
    """

    name = models.CharField(_("name"), max_length=120)
    # SHA-256 is enough for what has 256 bits of its own.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("begins with"), max_length=12)
    sandbox = models.ForeignKey(
        Sandbox,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="tokens",
        verbose_name=_("sandbox"),
        help_text=_("None: every sandbox."),
    )
    # By its ID, for this app knows no accounts.
    account_id = models.CharField(_("account"), max_length=9, blank=True)
    scopes = models.JSONField(_("scopes"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, help_text=_("Real time. None: never."))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("control token")
        verbose_name_plural = _("control tokens")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="token_of_an_account_has_its_sandbox",
                condition=models.Q(account_id="") | models.Q(sandbox__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.hint}"
