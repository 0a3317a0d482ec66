"""The way back to the shop, from the official page "Auto Return URLs".

The browser carries the variables of the notification, and the very set verifies at ipn-verify: some shops have no
listener and ask there. A checkout that was canceled has no transaction, so only what is known goes along: CANCELED.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from django.urls import reverse

from checkout.models import CheckoutSession
from ipn import encoding, verification
from ipn.models import AutoReturn
from wallets import variables
from wallets.models import Transaction, Wallet
from wallets.variables import CHARSET, Pair

Status = CheckoutSession.Status
Method = Wallet.ReturnMethod

# Web servers commonly refuse a request line beyond 8 KB. A long order goes without its items then, and verifies so.
LONGEST_LOCATION = 8000


@dataclass(frozen=True)
class Return:
    """Where the browser goes, and what it carries. Our own page gets no variables."""

    url: str
    method: Wallet.ReturnMethod = Method.GET
    pairs: list[Pair] = field(default_factory=list)
    is_shop: bool = False

    @property
    def location(self) -> str:
        """The address with the variables in its query, behind what the shop's URL has there. For GET."""
        if not self.pairs:
            return self.url
        parts = urlsplit(self.url)
        query = "&".join(filter(None, [parts.query, encoding.encode(self.pairs)]))
        return urlunsplit(parts._replace(path=parts.path or "/", query=query))


def success(session: CheckoutSession, *, now: datetime) -> Return:
    """After a payment, also one that is still pending: ok_return_success, else the wallet's, else our receipt."""
    return _return(session, session.return_success or session.receiver.return_success, now)


def fail(session: CheckoutSession, *, now: datetime) -> Return:
    """After a payment that failed or was not made: ok_return_fail, else the wallet's, else our own page."""
    return _return(session, session.return_fail or session.receiver.return_fail, now)


def back(session: CheckoutSession, *, now: datetime) -> Return:
    """The one of the two that fits how the session ended."""
    if session.status in (Status.PAID, Status.PENDING):
        return success(session, now=now)
    return fail(session, now=now)


def _return(session: CheckoutSession, url: str, now: datetime) -> Return:
    if not _is_web_address(url):
        return Return(reverse("checkout-receipt", args=[session.token]))
    method = Method(session.receiver.return_method)
    if session.transaction is None:
        return Return(_ascii_host(url), method, _of_no_transaction(session), is_shop=True)
    transaction = Transaction.objects.select_related(
        "receiver_wallet__account", "payer_wallet__account", "payer_account", "sandbox", "delivery_address"
    ).get(id=session.transaction.id)
    way = Return(_ascii_host(url), method, variables.ipn_variables(transaction), is_shop=True)
    if method == Method.GET and len(way.location) > LONGEST_LOCATION:
        way = replace(way, pairs=[(name, value) for name, value in way.pairs if not name.startswith("ok_item_")])
    _seal(transaction, way.pairs, now)
    return way


def _seal(transaction: Transaction, pairs: list[Pair], now: datetime) -> None:
    """Once per state of the transaction: who reloads the page carries the same set."""
    if AutoReturn.objects.filter(transaction_id=transaction.id, variables=encoding.encode(pairs)).exists():
        return
    verification.seal_return(
        sandbox=transaction.sandbox,
        wallet_id=transaction.receiver_wallet_id,
        transaction_id=transaction.id,
        pairs=pairs,
        now=now,
    )


def _of_no_transaction(session: CheckoutSession) -> list[Pair]:
    """What a shop needs to recognise the order. There is nothing to verify: ipn-verify calls it INVALID."""
    return [
        ("ok_charset", CHARSET),
        ("ok_receiver", session.receiver_as_sent),
        ("ok_txn_kind", session.kind),
        ("ok_txn_currency", session.currency_id),
        ("ok_txn_status", Transaction.Status.CANCELED.value),
        ("ok_invoice", session.invoice),
    ]


def _is_web_address(url: str) -> bool:
    # A wallet's URL was checked when it was entered; whatever changed it since, a browser is sent to the web only.
    return urlsplit(url).scheme in ("http", "https")


def _ascii_host(url: str) -> str:
    """A host in other letters as the browser would write it: a Location header has room for ASCII only."""
    parts = urlsplit(url)
    if url.isascii() or not parts.hostname:
        return url
    try:
        host = parts.hostname.encode("idna").decode()
    except UnicodeError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.lower().replace(parts.hostname, host)))
