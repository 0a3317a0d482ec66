"""The books: entries, which are the truth, clients' balances, which follow them, and the seals upon the past."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sandbox.models import Sandbox
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


class LedgerCheckpoint(models.Model):
    """A seal upon a stretch of a sandbox's entries, chained to the one before. wallets/chain.py sets and reads them."""

    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="+", verbose_name=_("sandbox"))
    # From 1, without gaps.
    number = models.PositiveIntegerField(_("number"))
    # All entries of the sandbox after the checkpoint before, up to the last one here.
    first_entry = models.BigIntegerField(_("first entry"))
    last_entry = models.BigIntegerField(_("last entry"))
    count = models.PositiveIntegerField(_("entries"))
    # SHA-256 over the entries, as hexadecimal digits.
    entries_hash = models.CharField(_("hash of the entries"), max_length=64)
    # Sixteen bytes for each transaction: its ID and the start of a hash over its entries here.
    transactions = models.BinaryField()
    previous_hash = models.CharField(_("hash of the one before"), max_length=64, blank=True)
    hash = models.CharField(_("hash"), max_length=64, help_text=_("Of all the above."))

    class Meta:
        verbose_name = _("ledger checkpoint")
        verbose_name_plural = _("ledger checkpoints")
        ordering = ("sandbox", "number")
        constraints = (models.UniqueConstraint("sandbox", "number", name="one_checkpoint_per_number"),)

    def __str__(self) -> str:
        return f"{self.sandbox_id} #{self.number}"
