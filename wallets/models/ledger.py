"""The books: entries, which are the truth, and clients' balances, which follow them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.currencies import Currency
from wallets.models.parties import Wallet


class Entry(models.Model):
    """One signed leg of a transaction. The legs of a transaction sum to zero in each currency; none is ever changed."""

    transaction = models.ForeignKey(
        "Transaction", on_delete=models.PROTECT, related_name="entries", verbose_name=_("transaction")
    )
    # No index of its own: that of `entries_by_time` begins with it.
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="entries", db_index=False, verbose_name=_("wallet")
    )
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=2)
    created_at = models.DateTimeField(_("booked"))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_money"),)
        indexes = (
            # A balance over time is read from the index alone.
            models.Index(fields=["wallet", "currency", "created_at"], include=["amount"], name="entries_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.wallet_id} {self.amount:+} {self.currency_id}"


class Balance(models.Model):
    """What a client's wallet holds in one currency. House wallets have none, so no payment waits for another's fee."""

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="balances", verbose_name=_("wallet"))
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=2)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        ordering = ("wallet", "currency__position")
        constraints = (
            models.UniqueConstraint("wallet", "currency", name="one_balance_per_currency"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="balance_never_below_zero"),
        )

    def __str__(self) -> str:
        return f"{self.wallet_id} {self.amount} {self.currency_id}"
