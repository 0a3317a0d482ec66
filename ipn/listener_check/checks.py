"""A check from its beginning to its end: all stories, then what the listener and its shop made of them.

Seen from outside: how it answers a POST, whether it asks ipn-verify about it, in what time and with what verdict.
Whether it delivered is asked of the shop, if the tester gives an address for that.
"""

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ipn.listener_check import orders, questions
from ipn.listener_check.facts import NOT_REACHED, OUT_OF_TIME, UNREACHABLE, Facts, Interrupted, posts
from ipn.listener_check.posts import tell
from ipn.listener_check.stories import IDS, STORIES, Order, Story
from ipn.models import ListenerCheck
from ipn.simulator import Receiver
from sandbox.locks import one_at_a_time
from sandbox.models import Sandbox

logger = logging.getLogger(__name__)

AMOUNT, CURRENCY = Decimal("100.00"), "USD"
BUDGET = 120.0  # seconds for all stories; a listener that is slow in each is not waited for any longer
# After this a check that has not ended never will: whoever ran it is dead.
LONGEST = timedelta(seconds=BUDGET + 120)
MOST_AT_ONCE = 2  # per installation; each takes a thread of a worker
MOST_KEPT = 20  # per wallet


def prepare(
    *,
    sandbox: Sandbox,
    wallet_id: str,
    url: str,
    now: datetime,
    orders_url: str = "",
    amount: Decimal = AMOUNT,
    currency: str = CURRENCY,
    number: int = 1,
    invoices: Mapping[str, str] | None = None,
    timeout: float | None = None,
    for_worker: bool = False,
) -> ListenerCheck:
    """A check for the caller to run, or for a worker to take up.

    `invoices` names the invoices of some stories, `number` ends those of the others.
    """
    check = ListenerCheck.objects.create(
        sandbox=sandbox,
        wallet_id=wallet_id,
        url=url,
        orders_url=orders_url,
        amount=amount,
        currency=currency,
        number=number,
        invoices={story.key: story.invoice(number) for story in STORIES} | dict(invoices or {}),
        timeout=min(timeout or settings.IPN_TIMEOUT, settings.IPN_TIMEOUT),
        created_at=now,
        begun_at=None if for_worker else timezone.now(),
    )
    kept = ListenerCheck.objects.filter(wallet_id=wallet_id).order_by("-id").values_list("id", flat=True)[:MOST_KEPT]
    ListenerCheck.objects.filter(wallet_id=wallet_id).exclude(id__in=list(kept)).delete()
    return check


def waiting() -> list[int]:
    """Checks that nobody has begun, the oldest first."""
    return list(ListenerCheck.objects.filter(begun_at=None).order_by("id").values_list("id", flat=True)[:MOST_AT_ONCE])


def under_way() -> Q:
    """Those that wait or are being run. Longer than LONGEST nobody runs one."""
    return Q(ended_at=None) & (Q(begun_at=None) | Q(begun_at__gte=timezone.now() - LONGEST))


def take_up(check_id: int) -> None:
    """Run a check in this worker, unless another one has it or enough are under way: then the scheduler comes again."""
    with one_at_a_time("listener checks"):
        if ListenerCheck.objects.filter(under_way(), begun_at__isnull=False).count() >= MOST_AT_ONCE:
            return
        if not ListenerCheck.objects.filter(id=check_id, begun_at=None).update(begun_at=timezone.now()):
            return
    try:
        run(ListenerCheck.objects.select_related("sandbox").get(id=check_id))
    except (Interrupted, ListenerCheck.DoesNotExist):
        logger.info("Listener check %d: gone, the sandbox was reset", check_id)


def run(check: ListenerCheck) -> None:
    """Tell all stories, and wait for what comes of them. Raises Interrupted."""
    newest = questions.newest()
    receiver = _receiver(check)
    deadline = time.monotonic() + BUDGET
    # Other ones each time, for a listener refuses what it has had before; they fit into 32 bits.
    first_transaction = 10**9 + secrets.randbelow(10**7) * 100
    check.facts = []
    delivered_before = orders.count(check, check.invoices.values())
    for place, story in enumerate(STORIES):
        facts: Facts = {
            "story": story.key,
            "invoice": check.invoices[story.key],
            "skipped": _why_skip(check.facts, deadline),
            "since": questions.newest(),
            "messages": [],
            "strays": [],
            "shipped": None,
            "orders_trouble": "",
        }
        check.facts.append(facts)
        if not facts["skipped"]:
            now = check.sandbox.time_at(timezone.now())
            tell(check, story, facts, _order(check, story, receiver, first_transaction + place * IDS, now))
            _save(check)
    questions.wait_for_them(check, newest)
    _save(check)
    orders.note(check, delivered_before)
    check.ended_at = timezone.now()
    _save(check)


def is_lost(check: ListenerCheck) -> bool:
    """Whoever ran it has died."""
    return check.ended_at is None and check.begun_at is not None and check.begun_at < timezone.now() - LONGEST


def _receiver(check: ListenerCheck) -> Receiver:
    account = check.sandbox.accounts.filter(wallets__id=check.wallet_id).first()
    if account is None:
        raise Interrupted
    return Receiver(check.wallet_id, account.email, account.phone, account.id)


def _order(check: ListenerCheck, story: Story, receiver: Receiver, first: int, now: datetime) -> Order:
    return Order(receiver, check.invoices[story.key], check.amount, check.currency, first, now)


def _why_skip(told: Sequence[Facts], deadline: float) -> str:
    """No further story, if the first one, or two in a row, did not reach the listener."""
    if time.monotonic() > deadline:
        return OUT_OF_TIME
    if told and told[-1]["skipped"]:
        return str(told[-1]["skipped"])
    missed = [any(post["error"] in UNREACHABLE for post in posts(facts)) for facts in told]
    return NOT_REACHED if missed == [True] or missed[-2:] == [True, True] else ""


def _save(check: ListenerCheck) -> None:
    if not ListenerCheck.objects.filter(id=check.id).update(facts=check.facts, ended_at=check.ended_at):
        raise Interrupted
