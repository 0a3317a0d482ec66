"""Orders of OKPAY debit cards, which staff ship or refuse."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallets.models.transactions import Transaction


class DebitCardOrder(models.Model):
    """A prepaid debit card for somebody.

    Who ordered, in which currency, at what price and when is its transaction's to say. The status too: the price waits
    in the hold wallet while the card is ordered, so no order can say another thing than the money does.
    """

    class Status(models.TextChoices):
        ORDERED = "ordered", _("Ordered")
        SHIPPED = "shipped", _("Shipped")
        REFUSED = "refused", _("Refused")

    # The number that DebitCard_Prepay answers is the transaction's, so that Transaction_Get follows the order.
    transaction = models.OneToOneField(
        Transaction,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="debit_card_order",
        verbose_name=_("transaction"),
    )
    email = models.EmailField(_("for"), max_length=127)
    courier = models.BooleanField(_("by courier"), default=False)

    class Meta:
        verbose_name = _("debit card order")
        verbose_name_plural = _("debit card orders")
        ordering = ("-transaction",)

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.email}"

    @property
    def status(self) -> Status:
        return STATUS_BY_TRANSACTION[Transaction.Status(self.transaction.status)]


STATUS_BY_TRANSACTION = {
    Transaction.Status.PENDING: DebitCardOrder.Status.ORDERED,
    Transaction.Status.COMPLETED: DebitCardOrder.Status.SHIPPED,
    Transaction.Status.FAILED: DebitCardOrder.Status.REFUSED,
}
