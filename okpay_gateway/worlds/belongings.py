"""Which rows are a sandbox's own: found out from the foreign keys, so that no table can be forgotten.

A new model with a way to Sandbox takes part by itself in resets, snapshots and copies. One without a way has to be
named in EVERYBODYS; tests/worlds/test_belongings.py insists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, models

from marketplace.models import Category
from okpay_gateway.models import ShopSystemRequest
from sandbox.models import ControlToken, JournalEntry, JournalGap, Sandbox, Snapshot, SnapshotChunk
from wallets.models import Currency, DisabledApiFunction

Model = type[models.Model]

# Whose rows belong to no sandbox.
EVERYBODYS: dict[Model, str] = {
    Currency: "the rates are the same for all",
    DisabledApiFunction: "staff turn functions off for everybody",
    Category: "the shelves of the Marketplace are the same everywhere",
    ShopSystemRequest: "who asks lives outside of every sandbox",
    Permission: "Django's",
    Group: "of staff",
    Group.permissions.through: "of staff",
    ContentType: "Django's",
    Session: "a browser's; that of a login which is gone is nobody's",
}
# What belongs to a sandbox and is no part of its state: it stays when the state goes back, and no copy has it.
NO_STATE: dict[Model, str] = {
    Snapshot: "a state is not part of another",
    SnapshotChunk: "a state is not part of another",
    ControlToken: "who may come in is not undone by going back",
    JournalEntry: "what was asked was asked, also before a restore",
    JournalGap: "counts the journal's rows",
    LogEntry: "what staff did, they did",
}
# Columns that say what goes on at this moment; in a state they are empty.
PASSING = {"ipn_ipnmessage": ("claimed_until",)}


@dataclass(frozen=True)
class Belonging:
    """A model whose rows belong to sandboxes, and the lookups by which they do."""

    model: Model
    ways: tuple[str, ...]

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        return str(self.model._meta.pk.column)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that can be written."""
        return tuple(
            str(field.column)
            for field in self.model._meta.concrete_fields
            if not isinstance(field, models.GeneratedField)
        )

    @property
    def is_state(self) -> bool:
        return self.model not in NO_STATE

    @property
    def condition(self) -> str:
        """SQL for the WHERE of a statement about the table alone; it needs the parameter `sandbox`."""
        return "(" + " OR ".join(_condition(self.model, way.split("__")) for way in self.ways) + ")"


@cache
def every() -> tuple[Belonging, ...]:
    """All of them, children before parents."""
    ways: dict[Model, tuple[str, ...]] = {Sandbox: ()}
    pending = [model for model in apps.get_models(include_auto_created=True) if model not in {Sandbox, *EVERYBODYS}]
    progress = True
    while progress:
        found = {model: way for model in pending if (way := tuple(_ways(model, ways)))}
        ways |= found
        pending = [model for model in pending if model not in ways]
        progress = bool(found)
    del ways[Sandbox]
    return tuple(Belonging(model, way) for model, way in reversed(ways.items()))


def state() -> tuple[Belonging, ...]:
    """Those whose rows are a sandbox's state, children before parents."""
    return tuple(each for each in every() if each.is_state)


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _ways(model: Model, ways: dict[Model, tuple[str, ...]]) -> Iterator[str]:
    """By the first link that a row must have; a row without such links belongs to whatever it may have."""
    links = [field for field in model._meta.get_fields() if isinstance(field, models.ForeignKey)]
    must = [field for field in links if not field.null and field.related_model is not model]
    for link in must or links:
        target = link.related_model
        if target in ways:
            yield from (f"{link.name}__{way}" for way in ways[target]) if ways[target] else (link.name,)
            if must:
                return


def _condition(model: Model, path: list[str]) -> str:
    field = model._meta.get_field(path[0])
    assert isinstance(field, models.ForeignKey)
    column = quoted(field.column)
    if len(path) == 1:
        return f"{column} = %(sandbox)s"
    target: Model = field.related_model
    key = quoted(str(target._meta.pk.column))
    table = quoted(target._meta.db_table)
    return f"{column} IN (SELECT {key} FROM {table} WHERE {_condition(target, path[1:])})"  # noqa: S608
