"""The IPN Simulator: messages with made-up contents, so that a listener can be tried before there is a payment.

Official page "IPN Testing". Nothing is checked: a tester may send a listener whatever he likes. But a message from here
is a test for ever: it carries ok_ipn_test, and ipn-verify answers TEST for it, never VERIFIED.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ipn import delivery
from ipn.models import IpnMessage
from sandbox.models import Sandbox

Pair = tuple[str, str]

# The words of the official page "IPN Variable Reference", and those that were also seen on the wire.
KINDS = ("payment_link", "send_money", "mass_pay", "marketplace", "subscription")
STATUSES = ("completed", "pending", "reversed", "failed", "canceled", "error", "hold")
PENDING_REASONS = ("review", "unilateral", "verify", "other")
REVERSAL_REASONS = ("refund", "chargeback", "other")
ITEM_TYPES = ("shipment", "digital", "service", "donation")

KINDS_WITH_ITEMS = frozenset({"payment_link", "marketplace"})

# What the message itself adds, or what only a listener says: not a tester's to fill in.
RESERVED = frozenset({"ok_ipn_test", "ok_ipn_resend", "ok_ipn_id", "ok_verify"})


@dataclass(frozen=True)
class Receiver:
    """Whose listener is tried. A phone is <country code>-<number>; empty when there is none."""

    wallet: str
    email: str
    phone: str
    account: str


def default_variables(kind: str, status: str, receiver: Receiver, now: datetime, *, reason: str = "") -> list[Pair]:
    """The test data that the simulator's form starts with, in the order of the wire, without RESERVED variables.

    `reason` is the pending or the reversal reason, by default the first of those that go with the status. Raises
    ValueError for a kind or a status that is none.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")
    if status not in STATUSES:
        raise ValueError(f"status: {status!r} is none of {', '.join(STATUSES)}")
    return [
        ("ok_charset", "utf-8"),
        ("ok_txn_kind", kind),
        *_receiver(kind, receiver),
        *payer_variables(),
        *_transaction(status, reason, now),
        *(_subscription(status) if kind == "subscription" else ()),
        ("ok_invoice", "INVOICE-1"),
        *(_items() if kind in KINDS_WITH_ITEMS else ()),
    ]


def send(*, sandbox: Sandbox, wallet_id: str, url: str, kind: str, pairs: Iterable[Pair], now: datetime) -> IpnMessage:
    """Queue a test message with these variables, whatever they are. It belongs to no transaction."""
    own = [(name, value) for name, value in pairs if name not in RESERVED]
    return delivery.queue(
        sandbox=sandbox,
        wallet_id=wallet_id,
        transaction_id=None,
        kind=kind,
        url=url,
        pairs=[*own, ("ok_ipn_test", "1")],
        now=now,
        is_test=True,
    )


def _receiver(kind: str, receiver: Receiver) -> Iterator[Pair]:
    yield "ok_receiver_wallet", receiver.wallet
    yield "ok_receiver_email", receiver.email.lower()
    yield "ok_receiver_phone", receiver.phone
    yield "ok_receiver_id", receiver.account
    if kind == "payment_link":
        yield "ok_receiver", receiver.wallet  # as the shop's form has it


def payer_variables() -> list[Pair]:
    """A made-up payer with every field filled in."""
    return [
        ("ok_payer_status", "verified"),
        ("ok_payer_id", "123456789"),
        ("ok_payer_reputation", "100"),
        ("ok_payer_first_name", "Zoë"),  # two bytes in UTF-8: a listener in another charset shows itself
        ("ok_payer_last_name", "Test & Sons"),
        ("ok_payer_business_name", "Test & Sons Ltd."),
        ("ok_payer_email", "payer@example.com"),
        ("ok_payer_phone", "44-7700900999"),
        ("ok_payer_country", "United Kingdom"),
        ("ok_payer_city", "London"),
        ("ok_payer_country_code", "GB"),
        ("ok_payer_state", "Greater London"),
        ("ok_payer_address_status", "confirmed"),
        ("ok_payer_street", "10 Test Street"),
        ("ok_payer_zip", "N1 9GU"),
        ("ok_payer_address_name", "Zoë Test"),
    ]


def _transaction(status: str, reason: str, now: datetime) -> Iterator[Pair]:
    # Money that goes back is negative; the sums beside it are documented as unsigned.
    sign = "-" if status == "reversed" else ""
    # Growing and always another one: a listener refuses a transaction that it has met before.
    yield "ok_txn_id", str(int(now.timestamp()))
    yield "ok_txn_parent_id", "10"
    yield "ok_txn_payment_type", "instant"
    yield "ok_txn_payment_method", "OKB"
    yield "ok_txn_gross", f"{sign}100.00"
    yield "ok_txn_amount", f"{sign}90.00"
    yield "ok_txn_net", f"{sign}90.00"
    yield "ok_txn_fee", f"{sign}10.00"
    yield "ok_txn_currency", "USD"
    yield "ok_txn_exchange_rate", "1.1234"
    yield "ok_txn_datetime", now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    yield "ok_txn_status", status
    if status == "pending":
        yield "ok_txn_pending_reason", reason or PENDING_REASONS[0]
    if status == "reversed":
        yield "ok_txn_reversal_reason", reason or REVERSAL_REASONS[0]
    yield "ok_txn_handling", "100.00"
    yield "ok_txn_shipping", "10.00"
    yield "ok_txn_shipping_method", "Courier"
    yield "ok_txn_tax", "1.00"
    yield "ok_txn_comment", "Test comment"


def _subscription(status: str) -> list[Pair]:
    return [
        ("ok_s_title", "Test subscription"),
        ("ok_s_trial_price", "1.00"),
        ("ok_s_trial_cycle", "7 D"),
        ("ok_s_regular_price", "100.00"),
        ("ok_s_regular_cycle", "1 M"),
        ("ok_s_regular_count", "12"),
        ("ok_s_regular_payments_done", "1" if status == "completed" else "0"),
    ]


def _items() -> Iterator[Pair]:
    """Two, whose gross amounts add up to ok_txn_gross of a payment."""
    yield "ok_items_count", "2"
    for number, kind in ((1, "shipment"), (2, "digital")):
        prefix = f"ok_item_{number}_"
        yield prefix + "id", f"{100 + number}"
        yield prefix + "name", f"Test item {number}"
        yield prefix + "article", f"ARTICLE-{number}"
        yield prefix + "type", kind
        yield prefix + "quantity", "1"
        yield prefix + "gross", "50.00"
        yield prefix + "price", "44.00"
        yield prefix + "handling", "3.00"
        yield prefix + "shipping", "2.00"
        yield prefix + "tax", "1.00"
        yield prefix + "custom_1_title", "Colour"
        yield prefix + "custom_1_value", "Green"
        yield prefix + "custom_2_title", "Size"
        yield prefix + "custom_2_value", "M"
