"""A copy of a sandbox beside it: a state in which everybody got a new identity, brought to life in a new sandbox."""

import json
import secrets
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction

from okpay_gateway.worlds import belongings, births, people, snapshots
from okpay_gateway.worlds.births import Newborn, Person
from okpay_gateway.worlds.identities import NOT_COPIED, Identities, Row
from sandbox.models import Sandbox, Snapshot
from wallets import hashers, parties, secrecy

ROWS_AT_MOST = 250_000


class TooBig(Exception):
    """More rows than ROWS_AT_MOST."""


@transaction.atomic
def fork(source: Sandbox, *, now: datetime, snapshot: Snapshot | None = None, sandbox_id: str = "") -> Newborn:
    """Copy the present state of a sandbox, or a snapshot of it. That state is what a reset of the copy returns to.

    All have new IDs; merchant and buyer have new passwords, which are told. What was due is due in the copy too. Raises
    TooMany, TooBig, CannotRestore, IntegrityError for an ID that is taken.
    """
    births.check_room()
    taken = snapshot or snapshots.take(source, f"fork-{secrets.token_hex(8)}", now=now)
    if taken.rows > ROWS_AT_MOST:
        raise TooBig
    target = Sandbox.objects.create(id=sandbox_id or births.new_id())
    rows = _read(taken)
    [own] = rows[Sandbox._meta.db_table]
    identities = Identities(source, target, rows)
    copied = {
        each.table: [identities.rename(each, row) for row in rows[each.table]]
        for each in belongings.state()
        if each.model not in NOT_COPIED and rows.get(each.table)
    }
    present = {row["id"] for row in rows["wallets_wallet"]}
    own["people"] = {
        role: identities.text(wallet) for role, wallet in people.wallets_of(source).items() if wallet in present
    }
    told = {role: _with_new_passwords(wallet, copied) for role, wallet in own["people"].items()}
    origin = _write(target, taken, copied | {Sandbox._meta.db_table: [own]})
    try:
        snapshots.bring_to_life(target, origin)
    except IntegrityError as error:
        raise snapshots.explained(error) from error
    if snapshot is None:
        snapshots.drop(taken)
    target.refresh_from_db()
    return Newborn(target, told)


def _read(snapshot: Snapshot) -> dict[str, list[Row]]:
    """Amounts as the texts that they are, so that no cent is lost on the way."""
    rows: dict[str, list[Row]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relation, rows::text FROM sandbox_snapshotchunk WHERE snapshot_id = %s ORDER BY id", [snapshot.id]
        )
        for relation, text in cursor.fetchall():
            rows[relation] += [
                {column: str(value) if isinstance(value, Decimal) else value for column, value in row.items()}
                for row in json.loads(text, parse_float=Decimal)
            ]
    return rows


def _write(target: Sandbox, pattern: Snapshot, rows: dict[str, list[Row]]) -> Snapshot:
    origin = Snapshot.objects.create(
        sandbox=target,
        is_origin=True,
        taken_at=pattern.taken_at,
        columns=pattern.columns,
        rows=sum(map(len, rows.values())),
    )
    with connection.cursor() as cursor:
        for relation, copied in rows.items():
            for start in range(0, len(copied), snapshots.CHUNK):
                chunk = json.dumps(copied[start : start + snapshots.CHUNK], default=float)
                cursor.execute(
                    "INSERT INTO sandbox_snapshotchunk (snapshot_id, relation, rows) VALUES (%s, %s, %s)",
                    [origin.id, relation, chunk],
                )
    return origin


def _with_new_passwords(wallet_id: str, rows: dict[str, list[Row]]) -> Person:
    """The old ones are known to whoever works with the original."""
    password, api_password = hashers.generate(), parties.new_api_password()
    wallet = _row(rows["wallets_wallet"], "id", wallet_id)
    wallet["api_password_sealed"] = secrecy.seal(api_password)
    login = _row(rows["wallets_user"], "account_id", wallet["account_id"])
    login["password"] = births.hashed(password, generated=True)
    return Person(wallet["account_id"], wallet_id, login["email"], password, api_password)


def _row(rows: list[Row], column: str, value: Any) -> Row:
    return next(row for row in rows if row[column] == value)
