"""Milestones in a wallet's history, so that page 20,000 of it is found as fast as page 1."""

from django.db import models

from wallets.models.parties import Wallet
from wallets.models.transactions import Transaction


class HistorySegment(models.Model):
    """A fixed number of transactions of a wallet that follow one another in the order of IDs, up to `position`.

    wallets/history.py makes them when it needs them, and can do without any.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveBigIntegerField()
    # The last ID before the segment, and the transaction that ends it.
    after = models.PositiveBigIntegerField()
    last = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="+")
    # Times need not follow IDs: the sandbox's clock can be set back.
    earliest = models.DateTimeField()
    latest = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint("wallet", "position", name="one_segment_per_position"),)

    def __str__(self) -> str:
        return f"{self.wallet_id} to #{self.position}"
