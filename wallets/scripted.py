"""What a scenario wants of a payment, in the words of the verbs that pay."""

from datetime import datetime

from sandbox.effects import Play
from sandbox.scenarios import Cue
from wallets import decisions
from wallets.models import Transaction
from wallets.payments import PAID, Outcome


def outcome(play: Play, *, otherwise: Outcome = PAID) -> Outcome:
    """How the payment turns out."""
    return Outcome(Transaction.Status(play.status), play.reason) if play.status else otherwise


def was_paid(cue: Cue, payment: Transaction, *, now: datetime) -> None:
    """The payment that it concerned was made: in the same database transaction, say so and see to what comes of it."""
    cue.led_to(transaction_id=payment.id)
    if cue.play.decision and payment.pending_reason == cue.play.reason:
        decisions.schedule(payment, cue.play.decision, after=cue.play.after, now=now)
