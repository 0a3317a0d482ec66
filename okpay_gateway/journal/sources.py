"""Where events come from: each source reads the rows of one table, by time and number, as a Search narrows them.

Unless stories are asked for by name, a source looks at its newest rows only, as the journal keeps but the newest
requests: what it costs does not grow with the books.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, Min, Model, OuterRef, Q, QuerySet

from ipn.models import AutoReturn, DeliveryAttempt, IpnMessage, Verification
from okpay_gateway.journal import events
from okpay_gateway.journal.events import Event, Kind
from okpay_gateway.journal.search import Search
from sandbox.models import JournalEntry
from wallets.models import Entry, Transaction

# How far back a source looks, in rows of the whole installation.
WINDOW = 8_000
BODIES = ("request_head", "request_body", "response_head", "response_body")

Key = tuple[datetime, int, int]


@dataclass(frozen=True)
class Source:
    kinds: tuple[Kind, ...]
    rank: int
    # What its rows are called in an event's ID, and where they lie: the table that a follower watches.
    prefix: str
    model: type[Model]
    time: str
    rows: Callable[[Search], QuerySet[Any]]
    make: Callable[[Sequence[Any], Search, bool], list[Event]]
    number: str = "id"

    def is_asked(self, search: Search) -> bool:
        return bool(search.kinds.intersection(self.kinds))

    def read(
        self, search: Search, *, limit: int, only: Q | None = None, whole: bool = False, **part: Any
    ) -> list[Event]:
        """At most `limit` events of a `part` as `_ordered` has it. `whole`: with what went over the wire."""
        found = self.rows(search).filter(only or Q())
        if self.model is JournalEntry and not whole:
            found = found.defer(*BODIES)
        return self.make(list(self._ordered(found, search, **part)[:limit]), search, whole)

    def keys(self, search: Search, *, limit: int) -> list[Key]:
        """Where the newest events are, without a word of what they say."""
        places = self._ordered(self.rows(search), search).values_list(self.time, self.number)
        return [(at, self.rank, number) for at, number in places[:limit]]

    def _ordered(
        self,
        found: QuerySet[Any],
        search: Search,
        *,
        older_than: Key | None = None,
        newer_than: Key | None = None,
        oldest_first: bool = False,
    ) -> QuerySet[Any]:
        """Newest first unless `oldest_first`."""
        if search.since:
            found = found.filter(**{f"{self.time}__gte": search.since})
        if search.till:
            found = found.filter(**{f"{self.time}__lte": search.till})
        if older_than:
            found = found.filter(self._beside(older_than, "lt"))
        if newer_than:
            found = found.filter(self._beside(newer_than, "gt"))
        return found.order_by(*((self.time, self.number) if oldest_first else (f"-{self.time}", f"-{self.number}")))

    def _beside(self, key: Key, side: str) -> Q:
        at, rank, number = key
        beyond = Q(**{f"{self.time}__{side}": at})
        if self.rank == rank:
            return beyond | Q(**{self.time: at, f"{self.number}__{side}": number})
        return beyond | Q(**{self.time: at}) if (self.rank < rank) == (side == "lt") else beyond


def _window(model: type[Model], rows: int = WINDOW) -> Q:
    newest = model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
    return Q(pk__gt=newest - rows)


def _contains(text: str, *columns: str) -> Q:
    return Q(*((f"{column}__icontains", text) for column in columns), _connector=Q.OR) if text else Q()


# Requests


def _requests(search: Search, kinds: Iterable[Kind]) -> QuerySet[JournalEntry]:
    wanted = Q(sandbox=search.sandbox, kind__in=search.kinds.intersection(kinds))
    if search.wallets is not None:
        wanted &= Q(wallet_id__in=search.wallets)
    if stories := search.stories:
        of = Q(correlation__in=stories.correlations)
        if search.transaction is not None:
            of |= Q(transaction_id=search.transaction)
        if search.invoice:
            of |= Q(invoice=search.invoice)
        wanted &= of
    if search.status is not None:
        wanted &= Q(status=search.status)
    if search.failed is not None:
        wanted &= Q(failed=search.failed)
    wanted &= _contains(search.text, "url", "invoice", "operation", "outcome", "why", *BODIES)
    return JournalEntry.objects.filter(wanted)


def _of_requests(rows: Sequence[JournalEntry], search: Search, whole: bool) -> list[Event]:
    return [events.of_request(row, whole=whole) for row in rows]


# Money


def _payments(search: Search) -> QuerySet[Transaction]:
    if search.status is not None:
        return Transaction.objects.none()
    wanted = Q(sandbox=search.sandbox)
    if search.wallets is not None:
        wanted &= Q(payer_wallet__in=search.wallets) | Q(receiver_wallet__in=search.wallets)
    wanted &= Q(id__in=search.stories.transactions) if search.stories else _window(Transaction)
    if search.failed is not None:
        refused = Q(status=Transaction.Status.FAILED)
        wanted &= refused if search.failed else ~refused
    wanted &= _contains(search.text, "comment", "invoice", "receiver_as_sent")
    return Transaction.objects.filter(wanted)


def _of_payments(rows: Sequence[Transaction], search: Search, whole: bool) -> list[Event]:
    entries: dict[int, list[Entry]] = {}
    for entry in _visible(Entry.objects.filter(transaction__in=[row.id for row in rows]), search).order_by("id"):
        entries.setdefault(entry.transaction_id, []).append(entry)
    return [
        events.of_payment(row, [each for each in entries.get(row.id, ()) if each.created_at <= row.created_at])
        for row in rows
    ]


def _visible(entries: QuerySet[Entry], search: Search) -> QuerySet[Entry]:
    """A client sees his own legs: what the other side pays in fees is none of his business."""
    return entries if search.own is None else entries.filter(wallet__in=search.own)


def _bookings(search: Search) -> QuerySet[Any]:
    if search.status is not None or search.failed:
        return _grouped(Entry.objects.none())
    # Whatever is booked later changes the payment. The second condition says nothing new, but has an index of the few.
    changed = Q(transaction__updated_at__gt=F("transaction__created_at"))
    wanted = Q(transaction__sandbox=search.sandbox, created_at__gt=F("transaction__created_at")) & changed
    if search.wallets is not None:
        wanted &= Q(wallet__in=search.wallets)
    wanted &= Q(transaction__in=search.stories.transactions) if search.stories else _window(Entry, 3 * WINDOW)
    wanted &= _contains(search.text, "transaction__comment", "transaction__invoice")
    return _grouped(Entry.objects.filter(wanted))


def _grouped(entries: QuerySet[Entry]) -> QuerySet[Any]:
    return entries.values("transaction_id", "created_at").annotate(number=Min("id"))


def _of_bookings(groups: Sequence[dict[str, Any]], search: Search, whole: bool) -> list[Event]:
    """Entries of one payment and moment are one booking."""
    moments = Q()
    for group in groups:
        moments |= Q(transaction=group["transaction_id"], created_at=group["created_at"])
    if not groups:
        return []
    together: dict[tuple[int, datetime], list[Entry]] = {}
    for entry in _visible(Entry.objects.filter(moments), search).select_related("transaction").order_by("id"):
        together.setdefault((entry.transaction_id, entry.created_at), []).append(entry)
    return [
        events.of_booking(group["number"], entries)
        for group in groups
        if (entries := together.get((group["transaction_id"], group["created_at"])))
    ]


# Notifications


def _attempts(search: Search) -> QuerySet[DeliveryAttempt]:
    wanted = search.stories.of_message("message__") if search.stories else _window(DeliveryAttempt)
    messages = IpnMessage.objects.filter(sandbox=search.sandbox)
    if search.wallets is not None:
        messages = messages.filter(wallet_id__in=search.wallets)
    if not search.stories:
        # Those before the oldest that is wanted are none of them, which the database would not see by itself. For the
        # smallest of a column that has an index it would read that from its beginning; a sum has none.
        oldest = DeliveryAttempt.objects.filter(wanted).aggregate(oldest=Min(F("message") + 0))["oldest"]
        messages = messages.filter(id__gte=oldest or 0)
    wanted &= Q(message__in=messages.values("id"))
    if search.status is not None:
        wanted &= Q(response_code=search.status)
    if search.failed is not None:
        wanted &= ~Q(error="") if search.failed else Q(error="")
    wanted &= _contains(search.text, "message__url", "request_body", "response_head", "detail")
    return DeliveryAttempt.objects.filter(wanted).prefetch_related("message")


def _of_attempts(rows: Sequence[DeliveryAttempt], search: Search, whole: bool) -> list[Event]:
    stories = _stories(row.message.transaction_id for row in rows)
    return [events.of_attempt(row, stories) for row in rows]


def _returns(search: Search) -> QuerySet[AutoReturn]:
    if search.status is not None or search.failed:
        return AutoReturn.objects.none()
    wanted = Q(sandbox=search.sandbox)
    if search.wallets is not None:
        wanted &= Q(wallet_id__in=search.wallets)
    wanted &= Q(transaction_id__in=search.stories.transactions) if search.stories else _window(AutoReturn)
    wanted &= _contains(search.text, "variables")
    return AutoReturn.objects.filter(wanted)


def _of_returns(rows: Sequence[AutoReturn], search: Search, whole: bool) -> list[Event]:
    stories = _stories(row.transaction_id for row in rows)
    return [events.of_return(row, stories) for row in rows]


def _verifications(search: Search) -> QuerySet[Verification]:
    """Those without a request in the journal: it is off, or has dropped it."""
    if search.status not in (None, 200):
        return Verification.objects.none()
    wanted = Q(sandbox=search.sandbox)
    if search.wallets is not None:
        wanted &= Q(wallet_id__in=search.wallets)
    if stories := search.stories:
        # By their numbers: a condition on either of two other tables would have no index.
        messages = IpnMessage.objects.filter(stories.of_message()).values_list("id", flat=True)
        returns = AutoReturn.objects.filter(transaction_id__in=stories.transactions).values_list("id", flat=True)
        wanted &= Q(message__in=list(messages)) | Q(auto_return__in=list(returns))
    else:
        wanted &= _window(Verification)
    if search.failed is not None:
        invalid = Q(verdict=Verification.Verdict.INVALID)
        wanted &= invalid if search.failed else ~invalid
    wanted &= _contains(search.text, "body", "reason", "verdict")
    journalled = JournalEntry.objects.filter(verification_id=OuterRef("id"))
    return Verification.objects.filter(wanted, ~Exists(journalled)).select_related("message", "auto_return")


def _of_verifications(rows: Sequence[Verification], search: Search, whole: bool) -> list[Event]:
    known = [row.message or row.auto_return for row in rows]
    stories = _stories(each.transaction_id for each in known if each)
    return [events.of_verification(row, stories) for row in rows]


def _stories(transactions: Iterable[int | None]) -> dict[int, Transaction]:
    wanted = {each for each in transactions if each is not None}
    found = Transaction.objects.filter(id__in=wanted).only("id", "correlation", "invoice")
    return {transaction.id: transaction for transaction in found}


BEFORE_VERIFY = (Kind.FORM, Kind.PAGE, Kind.SOAP, Kind.API)

SOURCES = (
    Source(
        kinds=BEFORE_VERIFY,
        rank=events.REQUEST_RANK,
        prefix="",
        model=JournalEntry,
        time="at",
        rows=lambda search: _requests(search, BEFORE_VERIFY),
        make=_of_requests,
    ),
    Source(
        kinds=(Kind.PAYMENT,),
        rank=events.PAYMENT_RANK,
        prefix="payment-",
        model=Transaction,
        time="created_at",
        rows=_payments,
        make=_of_payments,
    ),
    Source(
        kinds=(Kind.BOOKING,),
        rank=events.BOOKING_RANK,
        prefix="booking-",
        model=Entry,
        time="created_at",
        rows=_bookings,
        make=_of_bookings,
        number="number",
    ),
    Source(
        kinds=(Kind.RETURN,),
        rank=events.RETURN_RANK,
        prefix="return-",
        model=AutoReturn,
        time="created_at",
        rows=_returns,
        make=_of_returns,
    ),
    Source(
        kinds=(Kind.IPN,),
        rank=events.ATTEMPT_RANK,
        prefix="attempt-",
        model=DeliveryAttempt,
        time="sent_at",
        rows=_attempts,
        make=_of_attempts,
    ),
    Source(
        kinds=(Kind.VERIFY,),
        rank=events.VERIFY_RANK,
        prefix="",
        model=JournalEntry,
        time="at",
        rows=lambda search: _requests(search, (Kind.VERIFY,)),
        make=_of_requests,
    ),
    Source(
        kinds=(Kind.VERIFY,),
        rank=events.VERIFICATION_RANK,
        prefix="verification-",
        model=Verification,
        time="asked_at",
        rows=_verifications,
        make=_of_verifications,
    ),
)
