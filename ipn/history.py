"""IPN History: find messages again, and have them sent again. Official page "IPN Operations on OKPAY".

Whoever calls says whose messages may be seen by giving wallet IDs; no question here looks beyond them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ipn import delivery
from ipn.models import IpnMessage, ListenerCheck, Verification
from sandbox.paging import beyond

PAGE_SIZE = 50
# How many messages one click may send again.
MAX_RESEND = 500
# Among how many messages of a wallet the ones are looked for that were acknowledged and never verified.
LOOK_BACK = 5_000
MOST_WITHOUT_THEIR_ID = 5

NEWEST_FIRST, OLDEST_FIRST = ("-created_at", "-id"), ("created_at", "id")

# A copy verifies as what it is a copy of, a forgery never.
SENT_AS_THEY_ARE = (IpnMessage.Scripted.COPY, IpnMessage.Scripted.FORGED, IpnMessage.Scripted.ALTERED)
GENUINE = (Verification.Verdict.VERIFIED, Verification.Verdict.TEST)


@dataclass(frozen=True)
class Search:
    """What the form of the IPN History asks for. Dates are days in UTC, both included; None and "" mean any."""

    wallets: Sequence[str]
    first_day: date | None = None
    last_day: date | None = None
    status: str = ""
    transaction: int | None = None
    never_verified: bool = False

    @property
    def condition(self) -> Q:
        wanted = Q()
        if self.first_day:
            wanted &= Q(created_at__gte=datetime.combine(self.first_day, time.min, UTC))
        if self.last_day:
            wanted &= Q(created_at__lte=datetime.combine(self.last_day, time.max, UTC))
        if self.status:
            wanted &= Q(status=self.status)
        if self.status == IpnMessage.Status.QUEUED:
            wanted &= Q(next_attempt_at__isnull=False)  # it always is; this tells PostgreSQL of a small index
        if self.transaction is not None:
            wanted &= Q(transaction_id=self.transaction)
        if self.never_verified:
            wanted &= Q(status=IpnMessage.Status.SENT) & ~Q(scripted__in=SENT_AS_THEY_ARE)
        return wanted

    def messages(self, wallet: str) -> QuerySet[IpnMessage]:
        """What is found in one of the wallets. One by one, because then an index gives the rows in their order."""
        found = IpnMessage.objects.filter(self.condition, wallet_id=wallet).order_by(*NEWEST_FIRST)
        if self.never_verified:
            # If all are verified, it takes a look at each to know that. So it looks at the latest only.
            earliest = found.values_list("created_at", flat=True)[LOOK_BACK - 1 : LOOK_BACK].first()
            latest = Q(created_at__gte=earliest) if earliest else Q()
            found = found.filter(latest, ~Exists(_genuine(OuterRef("pk"))))
        return found


@dataclass(frozen=True)
class Page:
    """Messages, newest first, and the IDs that the neighbouring pages go on from, None where there is no page."""

    messages: list[IpnMessage]
    newer: int | None
    older: int | None


def page(search: Search, *, older_than: int | None = None, newer_than: int | None = None) -> Page:
    """One page. It goes on from a message, not from a count, so that the thousandth page is as fast as the first."""
    start = newer_than or older_than
    anchor = IpnMessage.objects.filter(wallet_id__in=search.wallets, id=start).first() if start else None
    if anchor and newer_than:
        found = _first(search, PAGE_SIZE + 1, _beyond(anchor, newer=True), newest_first=False)
        rows = found[:PAGE_SIZE][::-1]
        return Page(rows, rows[0].id if len(found) > PAGE_SIZE else None, rows[-1].id if rows else None)
    found = _first(search, PAGE_SIZE + 1, _beyond(anchor, newer=False) if anchor else Q())
    rows = found[:PAGE_SIZE]
    return Page(rows, rows[0].id if anchor and rows else None, rows[-1].id if len(found) > PAGE_SIZE else None)


def count(search: Search) -> int:
    """How many were found, counted up to one more than MAX_RESEND."""
    found = 0
    for wallet in search.wallets:
        found += search.messages(wallet)[: MAX_RESEND + 1 - found].count()
        if found > MAX_RESEND:
            break
    return found


def resend_found(search: Search, *, now: datetime) -> int:
    """Send what the search finds again, newest MAX_RESEND at most; returns how many messages that are."""
    with transaction.atomic():
        found = [message for message in _first(search, MAX_RESEND) if can_be_resent(message)]
        for message in sorted(found, key=lambda message: message.id):
            delivery.resend(message, now=now)
    return len(found)


def can_be_resent(message: IpnMessage) -> bool:
    """What is still to be sent for the first time needs no resending."""
    return message.attempts_made > 0 or message.status == IpnMessage.Status.WITHHELD


def acknowledged_at(message: IpnMessage) -> int | None:
    """The number of the attempt that was answered with 200 first; the original message is 1."""
    return message.deliveries.filter(error="").order_by("number").values_list("number", flat=True).first()


def with_verified(messages: QuerySet[IpnMessage]) -> QuerySet[IpnMessage]:
    """Each with `verified`: its listener asked ipn-verify and was told VERIFIED or TEST."""
    return messages.annotate(verified=Exists(_genuine(OuterRef("pk"))))


def unverified_among(messages: Iterable[IpnMessage]) -> set[int]:
    """The IDs of those that were acknowledged, but whose listener never got VERIFIED or TEST."""
    sent = {
        message.id
        for message in messages
        if message.status == IpnMessage.Status.SENT and message.scripted not in SENT_AS_THEY_ARE
    }
    verified = Verification.objects.filter(message_id__in=sent, verdict__in=GENUINE)
    return sent - {message_id for message_id in verified.values_list("message_id", flat=True) if message_id}


def asked_without_its_id(message: IpnMessage) -> list[Verification]:
    """Questions about the message's payment that named no message: perhaps meant for this one.

    Who leaves ok_ipn_id out is compared with what the browser brought to the shop, which never had it.
    """
    if message.transaction_id is None:
        return []
    asked = Verification.objects.filter(
        wallet_id=message.wallet_id,
        message=None,
        auto_return__transaction_id=message.transaction_id,
        asked_at__gte=message.created_at,
    )
    return list(asked.order_by("-id")[:MOST_WITHOUT_THEIR_ID])


def listener_check_of(message: IpnMessage) -> ListenerCheck | None:
    """The Listener Check that told its listener of it, if it was one of the latest."""
    told = [{"messages": [{"id": message.id}]}]
    return ListenerCheck.objects.filter(wallet_id=message.wallet_id, facts__contains=told).first()


def verifications(wallets: Collection[str]) -> QuerySet[Verification]:
    """Every call of ipn-verify that concerns these wallets, newest first."""
    return Verification.objects.filter(wallet_id__in=wallets).select_related("message", "auto_return").order_by("-id")


@dataclass(frozen=True)
class LogPage:
    """Calls of ipn-verify, newest first, and the ID that the next page goes on from, None where there is none."""

    verifications: list[Verification]
    older: int | None


def log_page(wallets: Sequence[str], *, verdict: str = "", older_than: int | None = None) -> LogPage:
    """One page of the log of ipn-verify."""
    wanted = Q(verdict=verdict) if verdict else Q()
    if older_than is not None:
        wanted &= Q(id__lt=older_than)
    # Each wallet for itself, as in _first.
    found = [row for wallet in wallets for row in verifications([wallet]).filter(wanted)[: PAGE_SIZE + 1]]
    found.sort(key=lambda verification: verification.id, reverse=True)
    return LogPage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None)


def _first(search: Search, limit: int, beyond: Q | None = None, *, newest_first: bool = True) -> list[IpnMessage]:
    """The first of what is found in all the wallets."""
    order = NEWEST_FIRST if newest_first else OLDEST_FIRST
    rows = [
        message
        for wallet in search.wallets
        for message in search.messages(wallet).filter(beyond or Q()).order_by(*order)[:limit]
    ]
    rows.sort(key=lambda message: (message.created_at, message.id), reverse=newest_first)
    return rows[:limit]


def _beyond(anchor: IpnMessage, *, newer: bool) -> Q:
    return beyond(OLDEST_FIRST, (anchor.created_at, anchor.id), ascends=newer)


def _genuine(message: OuterRef) -> QuerySet[Verification]:
    return Verification.objects.filter(message=message, verdict__in=GENUINE)
