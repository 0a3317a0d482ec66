"""Everything of a sandbox back to the start, at once and whole, whatever else is going on at that moment."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from checkout.models import CheckoutSession
from ipn.models import IpnMessage
from marketplace import seed as marketplace
from marketplace.models import Product
from okpay_gateway.worlds import belongings, snapshots
from okpay_gateway.worlds.belongings import Model, quoted
from okpay_gateway.worlds.gates import LOCK_TIMEOUT_MS, giving_way
from sandbox import clock, scenarios
from sandbox.models import DEFAULT, ControlToken, JournalEntry, JournalGap, Sandbox, Snapshot, SnapshotChunk
from wallets import chain, seed
from wallets.models import Account, DisabledApiFunction, MonthlyTurnover, Transaction, User, Wallet

GATES: tuple[Model, ...] = (CheckoutSession, MonthlyTurnover, Transaction, Product, IpnMessage)
# Who may come in, and what was put aside, outlives a reset.
KEPT = (ControlToken, Snapshot, SnapshotChunk)
# Without entries the house's wallets are as good as new.
STAYS: dict[Model, str] = {
    Account: f"kind <> '{Account.Kind.HOUSE}'",
    Wallet: f"role = '{Wallet.Role.CLIENT}'",
}


def reset(sandbox: Sandbox) -> None:
    """The default sandbox back to the demo cast, another to how it was made.

    Raises OperationalError if the tables are never free: a payment must hang for many seconds for that.
    """
    origin = sandbox.snapshots.filter(is_origin=True).first()
    if origin is not None:
        snapshots.restore(sandbox, origin)
        _begin_anew(sandbox)
        return
    seed.hash_passwords()
    marketplace.draw_pictures()
    giving_way(lambda: _reset(sandbox))


def _begin_anew(sandbox: Sandbox) -> None:
    """The journal is empty, and a clock that was given a start stands there again."""
    JournalEntry.objects.filter(sandbox=sandbox).delete()
    JournalGap.objects.filter(sandbox=sandbox).delete()
    if sandbox.starts_at is not None and sandbox.frozen_at is None:
        clock.set_to(sandbox, sandbox.starts_at)


@transaction.atomic
def _reset(sandbox: Sandbox) -> None:
    _close_the_gates(sandbox)
    _keep_staff(sandbox)
    with connection.cursor() as cursor:
        cursor.execute("; ".join(_deletions()), {"sandbox": sandbox.id})
    clock.restore(sandbox)
    scenarios.look_again(sandbox)
    _restore(sandbox, now=timezone.now())


def _deletions() -> Iterator[str]:
    """Sent together: each on its own would be a way to the database and back."""
    for each in belongings.every():
        if each.model not in KEPT:
            stays = f" AND {STAYS[each.model]}" if each.model in STAYS else ""
            yield f"DELETE FROM {quoted(each.table)} WHERE {each.condition}{stays}"  # noqa: S608


def _close_the_gates(sandbox: Sandbox) -> None:
    """Wait until no money moves and no result is written down, and let nothing begin: half a payment stays unseen.

    In the order in which payments come by, so that nobody waits for us who holds what we want. What comes by in another
    order is why `reset` tries again.
    """
    names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in GATES)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [chain.lock_of(sandbox.id)])
        cursor.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def _keep_staff(sandbox: Sandbox) -> None:
    """A member of the staff who is a client too keeps the login. The cast's own are made anew."""
    cast = [who["login"][0] for who in seed.CAST]
    User.objects.filter(account__sandbox=sandbox, is_staff=True).exclude(email__in=cast).update(account=None)


def _restore(sandbox: Sandbox, *, now: datetime) -> None:
    if sandbox.id != DEFAULT:
        return
    seed.currencies(restore_rates=True)
    marketplace.categories()
    DisabledApiFunction.objects.all().delete()
    if settings.SANDBOX:
        seed.demo_cast(sandbox, now=now)
        marketplace.demo_store(sandbox, now=now)
        seed.restore_staff()
