"""What a withdrawal looks like at the payment system that it went to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.transactions import Transaction
from wallets.paysystems import Family


class Withdrawal(models.Model):
    """The payment system's side. Ours is the transaction: its `total` left the wallet, its `net` was sent."""

    transaction = models.OneToOneField(
        Transaction,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="withdrawal",
        verbose_name=_("transaction"),
    )
    family = models.CharField(_("family"), max_length=10, choices=Family.choices)
    account = models.CharField(
        _("account"), max_length=127, help_text=_("Of a card the last four digits only; the others are stored nowhere.")
    )
    currency = models.CharField(_("currency there"), max_length=5)
    amount = models.DecimalField(_("amount there"), max_digits=28, decimal_places=8)
    exchange_rate = models.DecimalField(
        _("exchange rate"),
        max_digits=28,
        decimal_places=12,
        help_text=_("Units there for one unit of the wallet's currency."),
    )
    paysystem_transaction_id = models.CharField(_("transaction ID there"), max_length=64)

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering = ("-transaction",)
        constraints = (
            models.CheckConstraint(
                name="no_card_number",
                condition=~Q(family__in=[Family.CARD_RU, Family.CARD_WORLD]) | Q(account__regex=r"^\*\*\*\* [0-9]{4}$"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.account}"
