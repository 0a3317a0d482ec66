"""What somebody asks of the timeline, and how far he may see."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Q

from ipn.models import IpnMessage
from okpay_gateway.journal.events import Kind
from sandbox.models import Sandbox
from wallets.models import Transaction

# Transactions that share an invoice, or one correlation: beyond these the timeline shows no more of them.
MOST_TRANSACTIONS = 1000


@dataclass(frozen=True)
class Search:
    """What to show. Empty and None mean any; `since` and `till` are the sandbox's time and included."""

    sandbox: Sandbox
    # A client's own wallets: nothing that concerns none of them exists. None: everything may be seen.
    own: Collection[str] | None = None
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    since: datetime | None = None
    till: datetime | None = None
    wallet: str = ""
    transaction: int | None = None
    invoice: str = ""
    correlation: str = ""
    status: int | None = None
    failed: bool | None = None
    text: str = ""

    @property
    def wallets(self) -> list[str] | None:
        """Whose events: those of the one that is asked for, if it may be seen; None for everybody's."""
        if self.own is None:
            return [self.wallet] if self.wallet else None
        return [wallet for wallet in self.own if self.wallet in ("", wallet)]

    @cached_property
    def stories(self) -> "Stories | None":
        """Which transactions and correlations are asked for; None when any."""
        if not (self.transaction is not None or self.invoice or self.correlation):
            return None
        found = Transaction.objects.filter(self._of_transactions, sandbox=self.sandbox).order_by("-id")
        rows = list(found.values_list("id", "correlation")[:MOST_TRANSACTIONS])
        ids = frozenset(transaction_id for transaction_id, _name in rows)
        if self.correlation:
            return Stories(ids, frozenset({self.correlation}), self._message)
        names = {name or f"transaction-{transaction_id}" for transaction_id, name in rows}
        return Stories(ids, frozenset(names))

    @property
    def _of_transactions(self) -> Q:
        wanted = Q()
        if self.transaction is not None:
            wanted &= Q(id=self.transaction)
        if self.invoice:
            wanted &= Q(invoice=self.invoice)
        if self.correlation:
            named = Q(correlation=self.correlation)
            if (number := _number(self.correlation, "transaction-")) is not None:
                named |= Q(id=number, correlation="")
            wanted &= named
        return wanted

    @property
    def _message(self) -> int | None:
        """Of a message without a transaction, such as the simulator's."""
        number = _number(self.correlation, "ipn-")
        if number is None:
            return None
        messages = IpnMessage.objects.filter(id=number, transaction_id=None, sandbox=self.sandbox)
        return number if messages.exists() else None


@dataclass(frozen=True)
class Stories:
    transactions: frozenset[int]
    correlations: frozenset[str]
    message: int | None = None

    def of_message(self, prefix: str = "") -> Q:
        """The condition on rows that point to a message, or (`prefix` empty) on messages."""
        wanted = Q(**{f"{prefix}transaction_id__in": self.transactions})
        if self.message is not None:
            wanted |= Q(**{f"{prefix}id": self.message})
        return wanted


def _number(correlation: str, prefix: str) -> int | None:
    digits = correlation.removeprefix(prefix)
    is_one = correlation.startswith(prefix) and digits.isascii() and digits.isdigit() and len(digits) < 19
    return int(digits) if is_one else None
