"""The stories that a listener has to survive, as a table: what it is told, and what a good one does with it.

From the official page "Implementing an IPN Listener". Each story is about an order of its own, CHECK-<STORY>-<number>,
and about transactions that no ledger knows: no money moves. What ipn-verify says of its messages is real.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ipn.models import Verification
from ipn.simulator import Pair, Receiver, payer_variables

Verdict = Verification.Verdict

# Paid by somebody who hopes that nobody looks.
A_TRIFLE = Decimal("0.01")
# No client can have this wallet, so the messages about it deceive nobody but a listener that does not look.
SOMEBODY_ELSE = Receiver("OK000000000", "somebody.else@okpay.invalid", "", "100000000")
# What a message is late by after fifteen retries, one every half an hour.
ALL_RETRIES = timedelta(hours=7, minutes=30)
AT_ONCE = 5


@dataclass(frozen=True)
class Order:
    """What the shop sold under the invoice of a story, and the transaction ID from which the story may count."""

    receiver: Receiver
    invoice: str
    amount: Decimal
    currency: str
    transaction: int
    now: datetime


@dataclass(frozen=True, eq=False)
class Sealed:
    """A message as ipn-verify knows it."""

    pairs: list[Pair]
    is_test: bool = False
    # The first verdict about it is kept back for a while.
    is_slow: bool = False
    # Its first attempt got lost on the way, so that what comes now is resent.
    is_resent: bool = False


@dataclass(frozen=True)
class Post:
    """What is posted, `copies` times at once: the sealed message, or something made of it that is not ours."""

    message: Sealed
    copies: int = 1
    altered: Mapping[str, str] = field(default_factory=dict)
    is_forged: bool = False  # with an ok_ipn_id that no message has

    @property
    def is_ours(self) -> bool:
        """Posted as it was sealed."""
        return not self.altered and not self.is_forged

    @property
    def expects(self) -> Verdict:
        """What ipn-verify says to a listener that asks about it letter for letter."""
        if not self.is_ours:
            return Verdict.INVALID
        return Verdict.TEST if self.message.is_test else Verdict.VERIFIED


@dataclass(frozen=True)
class Story:
    """`ships`: how many times a good shop delivers the order. That cannot be seen from outside."""

    key: str
    title: Promise
    told: Promise
    promise: Promise
    ships: int
    posts: Callable[[Order], list[Post]]

    def invoice(self, number: int) -> str:
        return f"CHECK-{self.key.upper()}-{number}"


def _original(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order)))]


def _forged(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order)), is_forged=True)]


def _altered_amount(order: Order) -> list[Post]:
    names = ("ok_txn_gross", "ok_txn_amount", "ok_txn_net", "ok_item_1_gross", "ok_item_1_price")
    return [Post(Sealed(_payment(order, amount=A_TRIFLE)), altered=dict.fromkeys(names, f"{order.amount:.2f}"))]


def _underpaid(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order, amount=A_TRIFLE)))]


def _wrong_currency(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order, currency="RUB" if order.currency != "RUB" else "NGN")))]


def _wrong_receiver(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order, receiver=SOMEBODY_ELSE)))]


def _duplicate(order: Order) -> list[Post]:
    message = Sealed(_payment(order))
    return [Post(message), Post(message)]


def _five_at_once(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order)), copies=AT_ONCE)]


def _resent(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order), is_resent=True))]


def _late(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order, at=order.now - ALL_RETRIES), is_resent=True))]


def _pending_then_completed(order: Order) -> list[Post]:
    pending = _payment(order, status=("pending", "review"))
    return [Post(Sealed(pending)), Post(Sealed(_payment(order)))]


def _completed_then_reversed(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order))), Post(Sealed(_reversal(order, "refund")))]


def _chargeback(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order))), Post(Sealed(_reversal(order, "chargeback")))]


def _test_message(order: Order) -> list[Post]:
    return [Post(Sealed([*_payment(order), ("ok_ipn_test", "1")], is_test=True))]


def _slow_verdict(order: Order) -> list[Post]:
    return [Post(Sealed(_payment(order), is_slow=True))]


STORIES = (
    Story(
        "original",
        _("A payment"),
        _("A completed payment of the whole amount, once."),
        _("Verify it, compare it with the order, deliver once, answer 200."),
        1,
        _original,
    ),
    Story(
        "forged",
        _("Forged message"),
        _("Somebody who found the URL of your listener makes a message up. ipn-verify knows nothing of it: INVALID."),
        _("Verify every message, keep this one for investigation, deliver nothing, answer 200."),
        0,
        _forged,
    ),
    Story(
        "altered-amount",
        _("Altered amount"),
        _("A message about a payment of 0.01, altered on its way to say the whole amount: INVALID."),
        _("Believe no variable before ipn-verify said VERIFIED. Deliver nothing, answer 200."),
        0,
        _altered_amount,
    ),
    Story(
        "underpaid",
        _("Wrong amount"),
        _("A genuine message, VERIFIED: but only 0.01 was paid for the order."),
        _("Compare ok_txn_gross with what the order costs. Deliver nothing, answer 200."),
        0,
        _underpaid,
    ),
    Story(
        "wrong-currency",
        _("Wrong currency"),
        _("A genuine message, VERIFIED: the right figure in a currency that is worth less."),
        _("Compare ok_txn_currency with that of the order. Deliver nothing, answer 200."),
        0,
        _wrong_currency,
    ),
    Story(
        "wrong-receiver",
        _("Wrong receiver"),
        _("A genuine message, VERIFIED: but the payment went to somebody else’s account."),
        _("Check that ok_receiver_email or ok_receiver_wallet is yours. Deliver nothing, answer 200."),
        0,
        _wrong_receiver,
    ),
    Story(
        "duplicate",
        _("Duplicate"),
        _("The same message twice, one after the other, as when your first answer was lost."),
        _("Remember ok_txn_id: deliver once, answer 200 both times."),
        1,
        _duplicate,
    ),
    Story(
        "five-at-once",
        _("Five at once"),
        _("The same message five times at the same moment."),
        _("Let a unique key of your database on ok_txn_id decide who is first: deliver once, answer 200 five times."),
        1,
        _five_at_once,
    ),
    Story(
        "resent",
        _("Resent"),
        _("The first attempt got lost; this one carries ok_ipn_resend=true."),
        _("Post ok_ipn_resend back with the others, and deliver: resent does not mean that you have had it."),
        1,
        _resent,
    ),
    Story(
        "late",
        _("Hours late"),
        _("A message about a payment of seven and a half hours ago, as after the last of fifteen retries."),
        _("Do not refuse old messages. Deliver once, answer 200."),
        1,
        _late,
    ),
    Story(
        "pending-then-completed",
        _("Pending, then completed"),
        _("Two messages about one transaction: pending, and some time later completed."),
        _(
            "Verify both, deliver nothing for the first and once for the second: it is no duplicate, though its "
            "ok_txn_id is the same."
        ),
        1,
        _pending_then_completed,
    ),
    Story(
        "completed-then-reversed",
        _("Completed, then refunded"),
        _("A payment, then its refund: another ok_txn_id, ok_txn_parent_id names the payment, amounts are negative."),
        _("Verify both, take the order back on reversed, never deliver for it, answer 200 to both."),
        1,
        _completed_then_reversed,
    ),
    Story(
        "chargeback",
        _("Chargeback"),
        _("A payment, then ok_txn_status=reversed with ok_txn_reversal_reason=chargeback."),
        _("Verify both, stop what can still be stopped, never deliver for it, answer 200 to both."),
        1,
        _chargeback,
    ),
    Story(
        "test",
        _("Test message"),
        _("A message of the IPN Simulator, with ok_ipn_test=1: ipn-verify says TEST."),
        _("Verify it and answer 200, but deliver only on VERIFIED."),
        0,
        _test_message,
    ),
    Story(
        "slow-verdict",
        _("Slow ipn-verify"),
        _("A payment whose verdict ipn-verify keeps back for some seconds."),
        _("Wait for the verdict with a patient timeout, or answer 200 first and verify afterwards. Deliver once."),
        1,
        _slow_verdict,
    ),
)
BY_KEY = {story.key: story for story in STORIES}
# How many transaction IDs a story may use.
IDS = 2


def _payment(
    order: Order,
    *,
    status: tuple[str, str] = ("completed", ""),
    amount: Decimal | None = None,
    currency: str = "",
    receiver: Receiver | None = None,
    at: datetime | None = None,
) -> list[Pair]:
    """In the order of the wire, as a real payment_link message: with letters that want encoding, and one empty."""
    gross = f"{order.amount if amount is None else amount:.2f}"
    return [
        *_head(receiver or order.receiver, order.transaction),
        *_amounts(gross, currency or order.currency, at or order.now),
        ("ok_txn_status", status[0]),
        *([("ok_txn_pending_reason", status[1])] if status[1] else []),
        ("ok_invoice", order.invoice),
        *payer_variables(),
        ("ok_items_count", "1"),
        ("ok_item_1_name", f"Listener Check {order.invoice}: “Käse” & Öl, 50% + more"),
        ("ok_item_1_article", ""),
        ("ok_item_1_type", "digital"),
        ("ok_item_1_quantity", "1"),
        ("ok_item_1_gross", gross),
        ("ok_item_1_price", gross),
    ]


def _reversal(order: Order, reason: str) -> list[Pair]:
    """The whole payment back. It repeats no items."""
    return [
        *_head(order.receiver, order.transaction + 1, parent=order.transaction),
        *_amounts(f"{-order.amount:.2f}", order.currency, order.now),
        ("ok_txn_status", "reversed"),
        ("ok_txn_reversal_reason", reason),
        ("ok_invoice", order.invoice),
        *payer_variables(),
    ]


def _head(receiver: Receiver, transaction: int, *, parent: int | None = None) -> Iterator[Pair]:
    yield "ok_charset", "utf-8"
    yield "ok_receiver", receiver.wallet
    yield "ok_receiver_id", receiver.account
    yield "ok_receiver_wallet", receiver.wallet
    yield "ok_receiver_email", receiver.email.lower()
    if receiver.phone:
        yield "ok_receiver_phone", receiver.phone
    yield "ok_txn_id", str(transaction)
    if parent is not None:
        yield "ok_txn_parent_id", str(parent)
    yield "ok_txn_kind", "payment_link"
    yield "ok_txn_payment_type", "instant"
    yield "ok_txn_payment_method", "OKB"


def _amounts(gross: str, currency: str, at: datetime) -> list[Pair]:
    return [
        ("ok_txn_gross", gross),
        ("ok_txn_amount", gross),
        ("ok_txn_net", gross),
        ("ok_txn_fee", "0.00"),
        ("ok_txn_currency", currency),
        ("ok_txn_datetime", at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")),
    ]
