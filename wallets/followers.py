"""Who inside this gateway goes along with payments of a kind: in their database transaction, before money is booked.

A layer above (the Marketplace holds stock for its payments) registers one function for a kind when it is loaded. It is
called with every payment that is made, with every one that is approved or declined, and with every reversal, whoever
does it and by whatever mouth; if it raises a PaymentError, nothing of it has happened.

The place of the call is a promise about locks: whatever a follower locks is locked after the payer's monthly turnover
and before any balance. So a payment and a refund that meet never wait for each other in a circle.
"""

from datetime import datetime
from typing import Protocol

from wallets.models import Transaction


class Follower(Protocol):
    def __call__(self, payment: Transaction, *, now: datetime) -> None: ...


_FOLLOWERS: dict[str, Follower] = {}


def register(kind: Transaction.Kind, follower: Follower) -> None:
    _FOLLOWERS[kind] = follower


def follow(payment: Transaction, *, now: datetime) -> None:
    """Let the kind's follower, if there is one, do its part. Raises the PaymentError by which it refuses."""
    if follower := _FOLLOWERS.get(payment.kind):
        follower(payment, now=now)
