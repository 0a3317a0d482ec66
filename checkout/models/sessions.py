"""An open order at the checkout: what the shop asked for, what the buyer chose so far, and how it ended."""

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from checkout import shops
from checkout.models.links import PaymentLink
from sandbox import correlation
from sandbox.models import Sandbox
from wallets.models import Account, Currency, PaymentItem, Transaction, Wallet


def new_token() -> str:
    """Whoever knows it may see and pay the order, so it cannot be guessed."""
    return secrets.token_urlsafe(24)


class CheckoutSession(models.Model):
    """One payment form that was sent. It is paid at most once."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        PAID = "paid", _("Paid")
        PENDING = "pending", _("Pending")
        FAILED = "failed", _("Failed")
        CANCELED = "canceled", _("Canceled")
        EXPIRED = "expired", _("Expired")

    token = models.CharField(_("token"), primary_key=True, max_length=43, default=new_token)
    sandbox = models.ForeignKey(
        Sandbox, on_delete=models.CASCADE, related_name="checkout_sessions", verbose_name=_("sandbox")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    # What the payment will be: that of a shop's form, or of a purchase in the Marketplace.
    kind = models.CharField(
        _("kind"), max_length=20, choices=Transaction.Kind.choices, default=Transaction.Kind.PAYMENT_LINK
    )
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    link = models.ForeignKey(
        PaymentLink,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        related_name="sessions",
        verbose_name=_("payment link"),
    )
    # No index of its own: that of `sessions_by_time` begins with it.
    receiver = models.ForeignKey(
        Wallet,
        on_delete=models.CASCADE,
        related_name="checkout_sessions",
        db_index=False,
        verbose_name=_("receiver"),
    )
    receiver_as_sent = models.CharField(_("receiver as sent"), max_length=127)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))
    fee_payer = models.CharField(_("fee paid by"), max_length=10, choices=Transaction.FeePayer.choices)
    invoice = models.CharField(_("invoice"), max_length=127, blank=True)
    ipn_url = models.CharField(_("notification URL"), max_length=400, blank=True)
    return_success = models.CharField(_("success URL"), max_length=400, blank=True)
    return_fail = models.CharField(_("fail URL"), max_length=400, blank=True)
    paysystems = models.JSONField(
        _("payment systems"), null=True, blank=True, help_text=_("Those that the shop allows. Empty: all.")
    )
    direct_method = models.CharField(
        _("direct method"), max_length=10, blank=True, help_text=_("ok_directdeposit: the only one, without a review.")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Empty: the buyer's cookie or browser decides.")
    )
    payer_details = models.JSONField(_("payer, to fill in"), default=dict, blank=True, help_text=_("ok_payer_*"))
    hints = models.JSONField(_("hints for the shop"), default=list, blank=True)

    payer_account = models.ForeignKey(
        Account,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="checkout_sessions",
        verbose_name=_("payer"),
    )
    # That of the form; whatever comes of it carries it on.
    correlation = models.CharField(_("correlation"), max_length=40, default=correlation.current, db_default="")
    # orders.Choices as JSON, null until the buyer has chosen a payment system and left for it.
    choices = models.JSONField(_("choices"), null=True, blank=True)
    transaction = models.OneToOneField(
        Transaction,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="checkout_session",
        verbose_name=_("transaction"),
    )

    class Meta:
        verbose_name = _("checkout session")
        verbose_name_plural = _("checkout sessions")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(transaction__isnull=False, status__in=("paid", "pending", "failed"))
                | Q(transaction__isnull=True, status__in=("open", "canceled", "expired")),
                name="checkout_ends_with_a_transaction",
            ),
        )
        indexes = (
            models.Index(F("sandbox"), F("expires_at"), name="checkout_due", condition=Q(status="open")),
            # A merchant's list, and how many ended in which way.
            models.Index(fields=["receiver", "-created_at"], include=["status"], name="sessions_by_time"),
            models.Index(F("created_at").desc(), F("token").desc(), name="checkouts_newest_first"),
            models.Index(
                fields=["link", "-created_at"],
                include=["transaction"],
                name="checkouts_of_link",
                condition=Q(link__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.token

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def merchant_name(self) -> str:
        return self.receiver.account.name

    @cached_property
    def shop(self) -> shops.Front | None:
        """What the shop says of itself, None if nothing."""
        return shops.of(self)

    @property
    def fee_on_buyer(self) -> bool:
        return self.fee_payer == Transaction.FeePayer.PAYER


class SessionItem(PaymentItem):
    """One line of the order as the shop sent it."""

    session = models.ForeignKey(CheckoutSession, on_delete=models.CASCADE, related_name="items")
    price = models.DecimalField(
        _("price"), max_digits=20, decimal_places=2, null=True, blank=True, help_text=_("Empty: the buyer enters it.")
    )

    class Meta(PaymentItem.Meta):
        constraints = (models.UniqueConstraint("session", "number", name="one_session_item_per_number"),)
