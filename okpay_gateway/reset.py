"""Everything of a sandbox back to the demo cast, at once and whole, whatever else is going on at that moment."""

import time
from collections.abc import Iterator
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from checkout.models import CheckoutSession
from ipn.models import IpnMessage, Verification
from marketplace import seed as marketplace
from marketplace.models import Product
from sandbox import clock, scenarios
from sandbox.models import DEFAULT, Sandbox
from wallets import seed
from wallets.models import Account, DisabledApiFunction, MonthlyTurnover, Transaction, User, Wallet

Model = type[models.Model]

APPS = ("sandbox", "ipn", "wallets", "checkout", "marketplace", "soapapi")
# Shorter than PostgreSQL's deadlock_timeout (1 s): in a circle of waiting it is us who gives way, never a payment.
LOCK_TIMEOUT_MS = 300
TRIES = 40
# lock_not_available, deadlock_detected, foreign_key_violation (somebody added to what was being deleted)
GAVE_WAY = ("55P03", "40P01", "23503")
GATES: tuple[Model, ...] = (CheckoutSession, MonthlyTurnover, Transaction, Product, IpnMessage)


def reset(sandbox: Sandbox) -> None:
    """Raises OperationalError if the tables are never free: a payment must hang for many seconds for that."""
    seed.hash_passwords()
    marketplace.draw_pictures()
    for left in reversed(range(TRIES)):
        try:
            _reset(sandbox)
        except (OperationalError, IntegrityError) as error:
            if not left or getattr(error.__cause__, "pgcode", "") not in GAVE_WAY:
                raise
            time.sleep(0.05)
        else:
            return


@transaction.atomic
def _reset(sandbox: Sandbox) -> None:
    ways = _ways_to_sandbox()
    _close_the_gates()
    _keep_staff(sandbox)
    for model in ways:
        rows = _rows(model, ways[model], sandbox)
        rows._raw_delete(rows.db)
    clock.restore(sandbox)
    scenarios.look_again(sandbox)
    _restore(sandbox, now=timezone.now())


def _ways_to_sandbox() -> dict[Model, list[str]]:
    """Every model whose rows belong to a sandbox, children before parents, with the lookups that lead there.

    Found out from the foreign keys, so that no table can be forgotten.
    """
    wanted: list[Model] = [
        model for label in APPS for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    ways: dict[Model, list[str]] = {Sandbox: []}
    wanted.append(LogEntry)
    pending = [model for model in wanted if model is not Sandbox]
    progress = True
    while progress:
        found = {model: way for model in pending if (way := list(_way(model, ways)))}
        ways |= found
        pending = [model for model in pending if model not in ways]
        progress = bool(found)
    del ways[Sandbox]
    return dict(reversed(ways.items()))


def _way(model: Model, ways: dict[Model, list[str]]) -> Iterator[str]:
    """By the first link that a row must have; a row without such links belongs to whatever it may have."""
    links = [field for field in model._meta.get_fields() if isinstance(field, models.ForeignKey)]
    must = [field for field in links if not field.null and field.related_model is not model]
    for link in must or links:
        target = link.related_model
        if target in ways:
            yield from (f"{link.name}__{way}" for way in ways[target]) if ways[target] else (link.name,)
            if must:
                return


def _rows(model: Model, ways: list[str], sandbox: Sandbox) -> QuerySet[models.Model]:
    rows = model._base_manager.filter(Q(*((way, sandbox) for way in ways), _connector=Q.OR))
    if model is Account:
        return rows.exclude(kind=Account.Kind.HOUSE)
    if model is Wallet:
        # Without entries the house's wallets are as good as new.
        return rows.filter(role=Wallet.Role.CLIENT)
    if model is Verification and sandbox.id == DEFAULT:
        # What nobody ever sent concerns strangers.
        return rows | model._base_manager.filter(message=None, auto_return=None)
    return rows


def _close_the_gates() -> None:
    """Wait until no money moves and no result is written down, and let nothing begin: half a payment stays unseen.

    In the order in which payments come by, so that nobody waits for us who holds what we want. What comes by in another
    order is why `reset` tries again.
    """
    names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in GATES)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
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
