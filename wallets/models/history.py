"""Milestones in a wallet's history, so that page 20,000 of it is found as fast as page 1."""

from django.db import models

from wallets.models.parties import Wallet
from wallets.models.transactions import Transaction


class HistoryMark(models.Model):
    """`transaction` is the one at `position` of the wallet's history, counted from 1 in the order of IDs.

    Every so many transactions have one. wallets/history.py makes them when it needs them, and can do without any.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveBigIntegerField()
    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="+")
    # The latest time of a transaction up to here.
    latest = models.DateTimeField()
    # Whether times follow IDs up to here. They do not when the sandbox's clock was set back in between.
    in_order = models.BooleanField()

    class Meta:
        constraints = (models.UniqueConstraint("wallet", "position", name="one_mark_per_position"),)
        indexes = (models.Index("wallet", "latest", name="marks_by_time"),)

    def __str__(self) -> str:
        return f"{self.wallet_id} #{self.position}"
