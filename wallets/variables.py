"""A transaction as ordered ok_* pairs, from the official page "IPN Variable Reference". A view: it does no arithmetic.

Notifications and auto-return URLs carry the same pairs. Amounts have two decimals and a point, times are UTC.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from babel import Locale

from wallets.models import Account, DeliveryAddress, Transaction, TransactionItem
from wallets.money import ZERO, text

Pair = tuple[str, str]
CHARSET = "utf-8"
# Who pays without logging in.
ANONYMOUS = "Anonymous"


def ipn_variables(transaction: Transaction) -> list[Pair]:
    """All pairs in the order of the wire, without what belongs to the message itself (ok_ipn_resend, ok_ipn_id)."""
    items = list(transaction.items.all())
    return [
        ("ok_charset", CHARSET),
        *_receiver(transaction),
        *_transaction(transaction, items),
        ("ok_invoice", transaction.invoice),
        *_payer(transaction),
        *_items(items),
    ]


def _receiver(transaction: Transaction) -> Iterator[Pair]:
    wallet = transaction.receiver_wallet
    yield "ok_receiver", transaction.receiver_as_sent
    yield "ok_receiver_id", wallet.account_id
    yield "ok_receiver_wallet", wallet.id
    yield "ok_receiver_email", wallet.account.email.lower()
    if wallet.account.phone:
        yield "ok_receiver_phone", wallet.account.phone


def _transaction(transaction: Transaction, items: list[TransactionItem]) -> Iterator[Pair]:
    yield "ok_txn_id", str(transaction.id)
    if transaction.parent_id:
        yield "ok_txn_parent_id", str(transaction.parent_id)
    yield "ok_txn_kind", transaction.kind
    yield "ok_txn_payment_type", "instant"
    yield "ok_txn_payment_method", transaction.payment_method
    yield "ok_txn_gross", text(transaction.gross)
    yield "ok_txn_amount", text(transaction.net)
    yield "ok_txn_net", text(transaction.net)
    yield "ok_txn_fee", text(transaction.receiver_fee)
    yield "ok_txn_currency", transaction.currency_id
    if transaction.exchange_rate is not None:
        yield "ok_txn_exchange_rate", rate_text(transaction.exchange_rate)
    yield "ok_txn_datetime", date_and_time(transaction.created_at)
    yield "ok_txn_status", transaction.status
    if transaction.pending_reason:
        yield "ok_txn_pending_reason", transaction.pending_reason
    if transaction.reversal_reason:
        yield "ok_txn_reversal_reason", transaction.reversal_reason
    for name in ("handling", "shipping", "tax"):
        if total := sum((getattr(item, name) for item in items), ZERO):
            yield f"ok_txn_{name}", text(total)
    if transaction.comment:
        yield "ok_txn_comment", transaction.comment


def _payer(transaction: Transaction) -> Iterator[Pair]:
    payer = transaction.payer
    address: DeliveryAddress | Account | None = getattr(transaction, "delivery_address", None) or payer
    if payer:
        yield "ok_payer_status", "verified" if payer.is_verified else "unverified"
        yield "ok_payer_id", payer.id
        yield "ok_payer_reputation", str(payer.reputation)
    yield "ok_payer_first_name", payer.first_name if payer else ANONYMOUS
    yield "ok_payer_last_name", payer.last_name if payer else ANONYMOUS
    if payer and payer.business_name:
        yield "ok_payer_business_name", payer.business_name
    yield "ok_payer_email", payer.email.lower() if payer else ""
    yield "ok_payer_phone", payer.phone if payer else ""
    yield "ok_payer_country", country_name(address.country_code) if address else ""
    yield "ok_payer_city", address.city if address else ""
    yield "ok_payer_country_code", address.country_code if address else ""
    yield "ok_payer_state", address.state if address else ""
    yield "ok_payer_address_status", _address_status(address)
    yield "ok_payer_street", address.street if address else ""
    yield "ok_payer_zip", address.zip if address else ""
    yield "ok_payer_address_name", address.name if address else ""


def _items(items: list[TransactionItem]) -> Iterator[Pair]:
    if not items:
        return
    yield "ok_items_count", str(len(items))
    for number, item in enumerate(items, start=1):
        prefix = f"ok_item_{number}_"
        if item.product_id is not None:
            yield prefix + "id", str(item.product_id)
        yield prefix + "name", item.name
        # Present even when empty, like ok_invoice: shop plugins read it without asking whether it is there.
        yield prefix + "article", item.article
        yield prefix + "type", item.type
        yield prefix + "quantity", str(item.quantity)
        yield prefix + "gross", text(item.gross)
        yield prefix + "price", text(item.price)
        for name in ("handling", "shipping", "tax"):
            if amount := getattr(item, name):
                yield prefix + name, text(amount)
        for custom in ("custom_1", "custom_2"):
            if title := getattr(item, f"{custom}_title"):
                yield f"{prefix}{custom}_title", title
                yield f"{prefix}{custom}_value", getattr(item, f"{custom}_value")


def country_name(code: str) -> str:
    """The English name of an ISO 3166 country, "" for none."""
    return str(Locale("en").territories.get(code.upper(), "")) if code else ""


def date_and_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _address_status(address: DeliveryAddress | Account | None) -> str:
    if address is None or not address.country_code:
        return ""
    confirmed = address.address_confirmed if isinstance(address, Account) else address.confirmed
    return "confirmed" if confirmed else "unconfirmed"


def rate_text(rate: Decimal) -> str:
    """At most ten characters, at least four decimals: 1.1234, 0.006123."""
    return f"{rate:.4f}" if rate >= 1 else f"{rate:.6f}"
