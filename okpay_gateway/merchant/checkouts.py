"""The list of a merchant's checkouts, newest first, page by page. Each wallet is read by its own index."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db.models import Q

from checkout.models import CheckoutSession

PAGE_SIZE = 50
# Further than that nobody leafs within one moment of a frozen clock.
MOST_SKIPPED = 10_000


@dataclass(frozen=True)
class Page:
    sessions: list[CheckoutSession]
    older: str


def page(
    wallets: Sequence[str],
    *,
    status: str = "",
    first_day: date | None = None,
    last_day: date | None = None,
    older_than: str = "",
) -> Page:
    """One page. What `older_than` has comes from a Page; nonsense is the first page.

    A token opens an order, so none stands in an address: a page goes on from a moment, and says how many of that
    moment were on the pages before.
    """
    wanted = Q(status=status) if status else Q()
    if first_day:
        wanted &= Q(created_at__gte=datetime.combine(first_day, time.min, UTC))
    if last_day:
        wanted &= Q(created_at__lte=datetime.combine(last_day, time.max, UTC))
    moment, skipped = _place(older_than)
    if moment:
        wanted &= Q(created_at__lte=moment)
    rows = [
        session
        for wallet in wallets
        for session in CheckoutSession.objects.filter(wanted, receiver=wallet)
        .order_by("-created_at", "-token")
        .select_related("receiver")
        .prefetch_related("items")[: skipped + PAGE_SIZE + 1]
    ]
    rows.sort(key=lambda session: (session.created_at, session.token), reverse=True)
    shown, more = rows[skipped : skipped + PAGE_SIZE], len(rows) > skipped + PAGE_SIZE
    if not more:
        return Page(shown, "")
    last = shown[-1].created_at
    before = sum(session.created_at == last for session in shown) + (skipped if last == moment else 0)
    return Page(shown, f"{last.astimezone(UTC):%Y%m%d%H%M%S%f}-{before}")


def _place(text: str) -> tuple[datetime | None, int]:
    moment, _dash, skipped = text.partition("-")
    if not re.fullmatch(r"\d{1,5}", skipped, re.ASCII) or int(skipped) > MOST_SKIPPED:
        return None, 0
    try:
        return datetime.strptime(moment, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC), int(skipped)
    except ValueError:
        return None, 0
