"""Messages to listeners, the attempts to deliver them, and every call that asked whether a message is ours.

A message is a snapshot, sealed when it is queued: its URL and its variables never change, a resend repeats it.
`ipn` does not know what a payment is, so a message names its wallet and its transaction by plain columns.
"""

from datetime import datetime
from urllib.parse import parse_qsl

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Left, Lower
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox


def body_of(message_id: int, variables: str, *, resend: bool) -> str:
    """What is posted: the sealed variables, then what tells one POST from another."""
    ipn_id = str(message_id)
    if "&ok_ipn_id=" in variables:  # a scenario's: it has the number of another one, or of none
        variables, _name, ipn_id = variables.rpartition("&ok_ipn_id=")
    return f"{variables}{'&ok_ipn_resend=true' if resend else ''}&ok_ipn_id={ipn_id}"


class IpnMessage(models.Model):
    """One Instant Payment Notification. The official page is "IPN Operations on OKPAY"."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        RETRYING = "retrying", _("Retrying")
        FAILED = "failed", _("Failed")
        WITHHELD = "withheld", _("Withheld by a scenario")

    class Scripted(models.TextChoices):
        """What a scenario made of it. The last three are sent as they are, with the ok_ipn_id in their variables."""

        DROP = "drop", _("Never sent")
        DOUBLE = "double", _("Sent more than once")
        LATE = "late", _("Late")
        REORDER = "reorder", _("Waits for the next one")
        ALTER = "alter", _("Another one was sent in its place")
        COPY = "copy", _("Copy")
        FORGED = "forged", _("Forged")
        ALTERED = "altered", _("Altered")

    # ok_ipn_id: seven digits, growing (the migration starts the sequence).
    id = models.BigAutoField(primary_key=True)
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="ipn_messages")
    wallet_id = models.CharField(_("wallet"), max_length=11)
    transaction_id = models.BigIntegerField(_("transaction"), null=True, db_index=True)
    kind = models.CharField(_("type"), max_length=40)
    url = models.TextField(_("URL"))
    # Whose slots its deliveries take: host and port of the URL. Empty for what is no URL.
    host = models.GeneratedField(
        expression=Coalesce(
            Left(Lower(Func(F("url"), Value("^[^:/]*://(?:[^/?#]*@)?([^/?#]*)"), function="substring")), 255), Value("")
        ),
        output_field=models.CharField(max_length=255, db_collation="C"),
        db_persist=True,
    )
    # Without what the wire adds to it: ok_ipn_resend on every POST after the first, ok_ipn_id last.
    variables = models.TextField(_("variables"), help_text=_("Form-encoded, in the order in which they are sent."))
    is_test = models.BooleanField(_("test"), default=False)
    scripted = models.CharField(
        _("by a scenario"), max_length=10, choices=Scripted.choices, blank=True, default="", db_default=""
    )

    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts_made = models.PositiveIntegerField(_("attempts"), default=0)
    # Retries are counted from here, so that a resend by hand starts a series of its own.
    series_start = models.PositiveIntegerField(default=0)
    response_code = models.PositiveSmallIntegerField(_("HTTP code"), null=True)
    created_at = models.DateTimeField(_("created"))
    last_attempt_at = models.DateTimeField(_("last sent"), null=True)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, help_text=_("Empty: nothing is due."))
    # The lease of the worker that is posting it. Real time, unlike the others: a worker dies by the real clock.
    claimed_until = models.DateTimeField(null=True)
    # Of a Listener Check only: how long ipn-verify keeps its first verdict about it back.
    verdict_delay = models.DurationField(null=True)

    class Meta:
        verbose_name = _("IPN message")
        verbose_name_plural = _("IPN messages")
        ordering = ("-id",)
        indexes = (
            # The IPN History goes from page to page along it, and counts what became of the messages.
            models.Index(fields=["wallet_id", "-created_at", "-id"], include=["status"], name="ipn_newest_first"),
            # And so it finds the few that trouble a client. What is delivered at once is never in this one.
            models.Index(
                F("wallet_id"),
                F("created_at").desc(),
                F("id").desc(),
                name="ipn_troubled",
                condition=Q(status__in=("retrying", "failed")),
            ),
            models.Index(
                F("sandbox"), F("next_attempt_at"), name="ipn_due", condition=Q(next_attempt_at__isnull=False)
            ),
            # For the walk over hosts that claims what is due.
            models.Index(
                F("host"),
                F("next_attempt_at"),
                F("id"),
                name="ipn_due_by_host",
                condition=Q(next_attempt_at__isnull=False),
            ),
            # First attempts that a pump has in hand: what comes after them waits.
            models.Index(
                F("wallet_id"),
                F("id"),
                name="ipn_in_hand",
                condition=Q(claimed_until__isnull=False, attempts_made=0, next_attempt_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"

    def body(self, *, resend: bool) -> str:
        return body_of(self.id, self.variables, resend=resend)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The variables of the original message in their order, decoded."""
        return parse_qsl(self.body(resend=False), keep_blank_values=True)

    @property
    def story(self) -> str:
        """The correlation of a message that no transaction has caused; else the transaction knows it."""
        return f"ipn-{self.id}" if self.transaction_id is None else ""

    @property
    def resent(self) -> bool:
        """Whether it went out more than once: the asterisk of the IPN History.

        A claim counts: a listener that asks ipn-verify before it answers asks while the attempt is being made.
        """
        return self.attempts_made + (self.claimed_until is not None) > 1


class DeliveryAttempt(models.Model):
    """One POST of a message, or why there was none."""

    class Error(models.TextChoices):
        """What went wrong. Only an answer with status 200 is none of these."""

        INCORRECT_URL = "incorrect_url", _("Incorrect URL")
        FORBIDDEN_ADDRESS = "forbidden_address", _("Forbidden address")
        NAME_NOT_FOUND = "name_not_found", _("Host name not found")
        REFUSED = "refused", _("Connection refused")
        UNREACHABLE = "unreachable", _("Host unreachable")
        TIMED_OUT = "timed_out", _("Timed out")
        TLS = "tls", _("TLS error")
        DISCONNECTED = "disconnected", _("Disconnected without an answer")
        MALFORMED_ANSWER = "malformed_answer", _("Malformed answer")
        HEADER_TOO_BIG = "header_too_big", _("Header of the answer too big")
        REDIRECT = "redirect", _("Redirect, not followed")
        STATUS = "status", _("Status is not 200")

    message = models.ForeignKey(IpnMessage, on_delete=models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField(_("number"))
    sent_at = models.DateTimeField(_("sent"))
    duration = models.DurationField(_("duration"))
    request_body = models.TextField(_("request"))
    response_code = models.PositiveSmallIntegerField(_("HTTP code"), null=True)
    response_head = models.TextField(_("response"), blank=True, help_text=_("Status line, headers, start of the body."))
    error = models.CharField(
        _("error"), max_length=30, blank=True, choices=Error.choices, help_text=_("Empty when the answer was 200.")
    )
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        ordering = ("message", "number")
        constraints = (models.UniqueConstraint("message", "number", name="one_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}"


class AutoReturn(models.Model):
    """The variables that a browser carried back to a shop: they verify too, though they have no ok_ipn_id."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="auto_returns")
    wallet_id = models.CharField(_("wallet"), max_length=11)
    transaction_id = models.BigIntegerField(_("transaction"), db_index=True)
    variables = models.TextField(_("variables"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("auto return")
        verbose_name_plural = _("auto returns")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.transaction_id)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The variables in their order, decoded."""
        return parse_qsl(self.variables, keep_blank_values=True)


class Verification(models.Model):
    """One call of ipn-verify: what was asked, the verdict and why."""

    class Verdict(models.TextChoices):
        VERIFIED = "VERIFIED"
        INVALID = "INVALID"
        TEST = "TEST"

    # That of what it matched, else of the wallet that it names, else the default one: strangers are met there.
    sandbox = models.ForeignKey(
        Sandbox, on_delete=models.CASCADE, db_index=False, related_name="verifications", verbose_name=_("sandbox")
    )
    asked_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(_("asked"), db_index=True)
    # What it matched, or came nearest to; both empty when no such message is known.
    message = models.ForeignKey(
        IpnMessage, null=True, on_delete=models.CASCADE, related_name="verifications", verbose_name=_("message")
    )
    auto_return = models.ForeignKey(
        AutoReturn, null=True, on_delete=models.CASCADE, related_name="verifications", verbose_name=_("auto return")
    )
    # Whom it concerns: the wallet of that message, else the one that the call itself names in ok_receiver_wallet.
    wallet_id = models.CharField(_("wallet"), max_length=11, blank=True)
    method = models.CharField(_("method"), max_length=10)
    remote_address = models.GenericIPAddressField(_("address"), null=True)
    content_type = models.CharField(_("content type"), max_length=200, blank=True)
    body = models.TextField(_("body"))
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    # A sentence in words, and the same as data: ipn.verification says what its keys are.
    reason = models.TextField(_("reason"), blank=True)
    differences = models.JSONField(_("differences"), default=dict)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ("-id",)
        indexes = (
            models.Index(F("wallet_id"), F("id").desc(), name="verification_newest_first"),
            models.Index(F("sandbox"), F("id").desc(), name="verifications_of_sandbox"),
            models.Index(F("wallet_id"), F("id").desc(), name="verification_invalid", condition=Q(verdict="INVALID")),
        )

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M:%S} {self.verdict}"


class ListenerCheck(models.Model):
    """One Listener Check: what a listener was told, story by story, and what could be seen of what it did."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="listener_checks")
    wallet_id = models.CharField(_("wallet"), max_length=11)
    url = models.TextField(_("URL"))
    orders_url = models.TextField(_("orders URL"), blank=True)
    # What the shop is supposed to have sold, under an invoice for each story.
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    number = models.PositiveIntegerField(_("number"), help_text=_("Ends the invoices."))
    invoices = models.JSONField(_("invoices"), default=dict)
    timeout = models.FloatField(_("timeout"), help_text=_("Seconds that the listener has for an answer."))
    created_at = models.DateTimeField(_("created"))
    # Real time: whoever runs it may die.
    begun_at = models.DateTimeField(_("begun"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    # ipn.listener_check says what its keys are.
    facts = models.JSONField(_("facts"), default=list)

    class Meta:
        verbose_name = _("listener check")
        verbose_name_plural = _("listener checks")
        ordering = ("-id",)
        indexes = (
            models.Index(F("wallet_id"), F("id").desc(), name="listener_check_newest_first"),
            models.Index(F("id"), name="listener_check_waiting", condition=Q(begun_at=None)),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.url}"
