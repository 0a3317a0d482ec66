"""A sandbox's whole state put aside and brought back: people, money, messages, settings and clock, to the row.

The work is done where the rows are: a state is taken by one statement, so that no payment is in it by half, and brought
back by comparing it with what is there. Rows that are as they were stay untouched; so going back costs what has changed
since. Values travel as JSON, which a newer version of a table still reads: a column that came since gets its default.
"""

import json
from collections.abc import Iterator, Set
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from ipn import kicks
from okpay_gateway.worlds import belongings, gates
from okpay_gateway.worlds.belongings import Belonging, quoted
from sandbox.models import Sandbox, Snapshot, SnapshotChunk

CHUNK = 2000  # rows
# A picture or document may have megabytes, and a chunk has an end.
CHUNK_OF_FILES = 10  # rows
UNIQUE_VIOLATION, NOT_NULL_VIOLATION = "23505", "23502"
# Of the sandbox's own row: what it is, and no state of it.
IDENTITY = ("id", "created_at", "used_at")


class CannotRestore(Exception):
    """Nothing was changed."""


class Taken(CannotRestore):
    """What was free meanwhile belongs to another sandbox now: an e-mail address, a phone number."""


class Outdated(CannotRestore):
    """The snapshot is older than a table, and there is no telling what a new column would have had."""


@transaction.atomic
def take(sandbox: Sandbox, name: str = "", *, now: datetime, is_origin: bool = False) -> Snapshot:
    """Put the present state aside. Raises IntegrityError for a name that is taken."""
    snapshot = Snapshot.objects.create(
        sandbox=sandbox, name=name, is_origin=is_origin, taken_at=now, columns=_columns_of_tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(_take_sql(), {"sandbox": sandbox.id, "snapshot": snapshot.id})
        snapshot.rows = int(cursor.fetchone()[0])
    snapshot.save(update_fields=["rows"])
    return snapshot


def restore(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Bring a state of this sandbox back. Payments of it that are under way come before or after, never in between.

    A running clock gets back its distance from real time, a frozen one its moment. What a worker is posting just now
    goes out, and its result is forgotten with the rest. Raises CannotRestore; OperationalError if others are in the way
    for many seconds.
    """
    try:
        gates.giving_way(lambda: _restore(sandbox, snapshot, in_place=True))
    except IntegrityError as error:
        if _code(error) != UNIQUE_VIOLATION:
            raise explained(error) from error
        # Two rows may have exchanged something that only one can have.
        try:
            gates.giving_way(lambda: _restore(sandbox, snapshot, in_place=False))
        except IntegrityError as conflict:
            raise explained(conflict) from conflict
    sandbox.refresh_from_db()


@transaction.atomic
def _restore(sandbox: Sandbox, snapshot: Snapshot, *, in_place: bool) -> None:
    gates.close(sandbox)
    _let_go_of_staff(sandbox, snapshot)
    _exchange(sandbox, snapshot, in_place=in_place)


@transaction.atomic
def bring_to_life(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """The state becomes that of a sandbox which nobody knows yet."""
    _exchange(sandbox, snapshot, in_place=False)


def _exchange(sandbox: Sandbox, snapshot: Snapshot, *, in_place: bool) -> None:
    relations = set(SnapshotChunk.objects.filter(snapshot=snapshot).values_list("relation", flat=True))
    statements = "; ".join(_restore_sql(relations, in_place=in_place))
    bases = _bases(snapshot)
    parameters: dict[str, Any] = {"sandbox": sandbox.id, "snapshot": snapshot.id, **bases}
    with connection.cursor() as cursor:
        cursor.execute(statements, parameters)
    transaction.on_commit(kicks.kick)


def _take_sql() -> str:
    parts = [
        _part(each.table, each.key, each.condition, _chunk_size(each), belongings.PASSING.get(each.table, ()))
        for each in belongings.state()
    ]
    own = quoted(Sandbox._meta.db_table)
    parts.append(_part(Sandbox._meta.db_table, "id", f"{own}.id = %(sandbox)s", CHUNK, IDENTITY))
    return (
        "WITH taken AS (INSERT INTO sandbox_snapshotchunk (snapshot_id, relation, rows)"  # noqa: S608
        f" SELECT %(snapshot)s, relation, jsonb_agg(row ORDER BY place) FROM ({' UNION ALL '.join(parts)}) state"
        f" GROUP BY relation, chunk RETURNING jsonb_array_length(rows) AS count)"
        " SELECT coalesce(sum(count), 0) FROM taken"
    )


def _part(table: str, key: str, condition: str, chunk: int, emptied: tuple[str, ...]) -> str:
    row = "to_jsonb(t)" + "".join(f" - '{column}'" for column in emptied)
    place = f"row_number() OVER (ORDER BY t.{quoted(key)})"
    return (
        f"SELECT '{table}' AS relation, {place} AS place, ({place} - 1) / {chunk} AS chunk, {row} AS row"  # noqa: S608
        f" FROM (SELECT * FROM {quoted(table)} WHERE {condition}) t"
    )


def _chunk_size(each: Belonging) -> int:
    files = any(isinstance(field, models.BinaryField) for field in each.model._meta.concrete_fields)
    return CHUNK_OF_FILES if files else CHUNK


def _restore_sql(relations: Set[str], *, in_place: bool) -> Iterator[str]:
    """`relations` are the tables that have rows in the snapshot.

    First everything goes that was not there, then everything comes that was: names and addresses are free by then.

    Foreign keys are compared at the end, so the order of tables does not matter.
    """
    state = belongings.state()
    for each in state:
        kept = f" AND {_is_new(each)}" if in_place and each.table in relations else ""
        yield f"DELETE FROM {quoted(each.table)} WHERE {each.condition}{kept}"  # noqa: S608
    for each in (each for each in reversed(state) if each.table in relations):
        table, key = quoted(each.table), quoted(each.key)
        columns = [quoted(column) for column in each.columns]
        others = [column for column in columns if column != key]
        changes = f"DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in others)}"
        yield (
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608
            f" SELECT {', '.join(f'saved.{column}' for column in columns)} FROM {saved(each)}"
            f" LEFT JOIN {table} present ON present.{key} = saved.{key}"
            f" WHERE present.{key} IS NULL OR present IS DISTINCT FROM saved"
            f" ON CONFLICT ({key}) {changes if others else 'DO NOTHING'}"
        )
    columns = [quoted(str(field.column)) for field in Sandbox._meta.concrete_fields if field.column not in IDENTITY]
    yield (
        f"UPDATE sandbox_sandbox SET ({', '.join(columns)}) ="  # noqa: S608
        f" (SELECT {', '.join(f'saved.{column}' for column in columns)} FROM sandbox_snapshotchunk chunk,"
        " jsonb_populate_recordset(jsonb_populate_record(NULL::sandbox_sandbox, %(sandbox_sandbox)s), chunk.rows) saved"
        " WHERE chunk.snapshot_id = %(snapshot)s AND chunk.relation = 'sandbox_sandbox') WHERE id = %(sandbox)s"
    )


def _is_new(each: Belonging) -> str:
    """For a WHERE: the row is not in the snapshot.

    NOT IN, because PostgreSQL reads the keys into a hash table, once. What it would join, it may read for every row.
    """
    key = quoted(each.key)
    return f"{key} NOT IN (SELECT saved.{key} FROM {saved(each)})"  # noqa: S608


def saved(each: Belonging) -> str:
    """For a FROM: the rows of a table in the snapshot, as rows of that table named `saved`."""
    table = quoted(each.table)
    return (
        f"(SELECT row.* FROM sandbox_snapshotchunk chunk, jsonb_populate_recordset("  # noqa: S608
        f"jsonb_populate_record(NULL::{table}, %({each.table})s), chunk.rows) row"
        f" WHERE chunk.snapshot_id = %(snapshot)s AND chunk.relation = '{each.table}') saved"
    )


def _columns_of_tables() -> dict[str, list[str]]:
    return {each.table: list(each.columns) for each in belongings.state()} | {
        Sandbox._meta.db_table: [str(field.column) for field in Sandbox._meta.concrete_fields]
    }


def _bases(snapshot: Snapshot) -> dict[str, str]:
    """What a saved row has in the columns that it does not know, by table: as JSON, almost always nothing."""
    bases = {}
    models_of_state: list[belongings.Model] = [Sandbox, *(each.model for each in belongings.state())]
    for model in models_of_state:
        table = model._meta.db_table
        known = snapshot.columns.get(table, ())
        fields = [field for field in model._meta.concrete_fields if field.column not in known]
        bases[table] = json.dumps(
            {
                field.column: field.get_db_prep_save(field.get_default(), connection)
                for field in fields
                if known and field.has_default() and not isinstance(field, models.GeneratedField)
            },
            default=str,
        )
    return bases


def _let_go_of_staff(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """A member of the staff who became a client since keeps the login."""
    login = next(each for each in belongings.state() if each.table == "wallets_user")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE wallets_user SET account_id = NULL WHERE is_staff AND {login.condition} AND {_is_new(login)}",  # noqa: S608
            {"sandbox": sandbox.id, "snapshot": snapshot.id, "wallets_user": "{}"},
        )


def explained(error: IntegrityError) -> CannotRestore:
    code = _code(error)
    diagnosis = getattr(error.__cause__, "diag", None)
    if code == UNIQUE_VIOLATION:
        # "Key (lower(email::text))=(anna@example.com) already exists."
        what = (getattr(diagnosis, "message_detail", "") or "").partition("=")[2].partition(" ")[0].strip("()")
        return Taken(_("%(what)s belongs to another sandbox by now.") % {"what": what})
    if code == NOT_NULL_VIOLATION:
        return Outdated(_("This snapshot was taken by an older version of the gateway. Take another."))
    raise error


def _code(error: IntegrityError) -> str:
    return getattr(error.__cause__, "pgcode", "") or ""


def drop(snapshot: Snapshot) -> None:
    """Forget a state. Chunks go with it."""
    SnapshotChunk.objects.filter(snapshot=snapshot)._raw_delete(SnapshotChunk.objects.db)
    snapshot.delete()
