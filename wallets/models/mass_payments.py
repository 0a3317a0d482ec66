"""Mass Payment: a list of payments out of one wallet, checked row by row, then sent."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from wallets import fees
from wallets.models.currencies import Currency
from wallets.models.parties import Wallet
from wallets.models.transactions import Transaction


class MassPayment(models.Model):
    class Status(models.TextChoices):
        """`checked` waits for its owner; `sending` is due until a worker has been through all rows."""

        CHECKED = "checked", _("Checked, not sent")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        REFUSED = "refused", _("Refused: nothing was sent")

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="mass_payments", verbose_name=_("wallet"))
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))
    receiver_pays_fee = models.BooleanField(_("receivers pay the fee"), default=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.CHECKED)
    all_or_nothing = models.BooleanField(_("all or nothing"), default=False)
    # Why all of it was refused, by the name of the error.
    error = models.CharField(_("error"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("mass payment")
        verbose_name_plural = _("mass payments")
        ordering = ("-id",)
        indexes = (
            models.Index(F("wallet"), F("id").desc(), name="mass_payments_newest_first"),
            models.Index("id", name="mass_payments_due", condition=Q(status="sending")),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.wallet_id}"


class MassPaymentRow(models.Model):
    """One payment of the list, as it was read. `error` names why it is not, or was not, sent."""

    mass_payment = models.ForeignKey(
        MassPayment, on_delete=models.CASCADE, related_name="rows", verbose_name=_("mass payment")
    )
    number = models.PositiveIntegerField(_("row"))
    receiver = models.CharField(_("receiver"), max_length=127, blank=True)
    # As written, so that what is wrong can be shown.
    amount_as_sent = models.CharField(_("amount as sent"), max_length=40, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=2, null=True, blank=True)
    comment = models.CharField(_("comment"), max_length=255, blank=True)
    invoice = models.CharField(_("invoice"), max_length=127, blank=True)
    # A name of the error table, or one of wallets/mass_payments.py.
    error = models.CharField(_("error"), max_length=255, blank=True)
    transaction = models.ForeignKey(
        Transaction, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("transaction")
    )

    class Meta:
        verbose_name = _("row of a mass payment")
        verbose_name_plural = _("rows of mass payments")
        ordering = ("number",)
        constraints = (models.UniqueConstraint("mass_payment", "number", name="one_row_per_number"),)
        indexes = (
            # What is still to be sent.
            models.Index(
                "mass_payment", "number", name="rows_to_send", condition=Q(error="", transaction__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.mass_payment_id}/{self.number}"

    @property
    def fee(self) -> Decimal | None:
        return fees.send_money_fee(self.amount) if self.amount is not None else None
