"""Seals upon the ledger's past: what is changed, taken out or put in behind our back is found and named.

Entries are sealed in stretches, after they were booked, so that no payment waits for another or writes a row more. A
checkpoint holds a hash over the canonical bytes of its entries, and one over itself and the checkpoint before. Whoever
keeps a head (the newest checkpoint's hash) elsewhere finds even a chain that was written anew from its beginning.

An entry's canonical bytes are its columns in ASCII, divided by spaces, and a newline:
`id transaction wallet currency amount microseconds-since-1970`. Everything is hashed where the rows are.
"""

import hashlib
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from sandbox.locks import key_of
from wallets.models import LedgerCheckpoint

ENTRIES_AT_MOST = 5000  # of a checkpoint
# How long a seal waits for payments that are being booked.
PATIENCE = timedelta(seconds=1)
POLL = 0.01  # seconds
BEFORE_ALL = -(2**63)  # no number of ours, but somebody may put in what he likes
BROKEN_AT_MOST = 20  # checkpoints that are looked into, and told
NAMED_AT_MOST = 100  # transactions of each

_OF_SANDBOX = (
    " FROM wallets_entry e JOIN wallets_wallet wallet ON wallet.id = e.wallet_id"
    " JOIN wallets_account account ON account.id = wallet.account_id WHERE account.sandbox_id = %(sandbox)s"
)
_LINE = (
    "concat_ws(' ', e.id, e.transaction_id, e.wallet_id, e.currency_id, e.amount,"
    " (extract(epoch FROM e.created_at) * 1000000)::bigint) || chr(10)"
)
_HASH = "sha256(convert_to(string_agg(line, '' ORDER BY id), 'UTF8'))"

# A row for each checkpoint to come.
_STRETCHES = f"""
WITH own AS (
    SELECT id, transaction_id, line, (row_number() OVER (ORDER BY id) - 1) / {ENTRIES_AT_MOST} AS place
    FROM (SELECT e.id, e.transaction_id, {_LINE} AS line {_OF_SANDBOX} AND e.id > %(after)s AND e.id <= %(until)s) e
),
leaf AS (SELECT place, transaction_id, substr({_HASH}, 1, 8) AS hash FROM own GROUP BY 1, 2),
leaves AS (
    SELECT place, string_agg(int8send(transaction_id) || hash, ''::bytea ORDER BY transaction_id) AS transactions
    FROM leaf GROUP BY 1
)
SELECT first, last, count, hash, transactions
FROM leaves JOIN (
    SELECT place, min(id) AS first, max(id) AS last, count(*) AS count, encode({_HASH}, 'hex') AS hash
    FROM own GROUP BY 1
) stretch USING (place)
ORDER BY place
"""  # noqa: S608

# One statement, so that a restore or a reset that goes on meanwhile is seen from before or from after. Where
# checkpoints were taken out, a stretch may be as long as the ledger: of each, no more is hashed than one can have.
_VERIFY = f"""
WITH checkpoint AS (
    SELECT *, row_number() OVER (ORDER BY last_entry, number) - 1 AS place
    FROM wallets_ledgercheckpoint WHERE sandbox_id = %(sandbox)s
),
found AS (
    SELECT place, count(*) AS count,
        encode(sha256(convert_to(
            string_agg(line, '' ORDER BY id) FILTER (WHERE nth <= {ENTRIES_AT_MOST}), 'UTF8'
        )), 'hex') AS hash
    FROM (SELECT id, line, place, row_number() OVER (PARTITION BY place ORDER BY id) AS nth FROM (
        SELECT e.id, {_LINE} AS line,
            width_bucket(e.id, (SELECT array_agg(last_entry + 1 ORDER BY place) FROM checkpoint)) AS place
        {_OF_SANDBOX} AND e.id <= (SELECT max(last_entry) FROM checkpoint)
    ) placed) counted
    GROUP BY place
)
SELECT number, first_entry, last_entry, checkpoint.count, entries_hash, encode(sha256(transactions), 'hex'),
    previous_hash, checkpoint.hash, coalesce(found.count, 0), coalesce(found.hash, '')
FROM checkpoint LEFT JOIN found USING (place)
ORDER BY place
"""  # noqa: S608

_LEAVES = f"""
SELECT transaction_id, substr({_HASH}, 1, 8)
FROM (SELECT e.id, e.transaction_id, {_LINE} AS line {_OF_SANDBOX} AND e.id > %(after)s AND e.id <= %(until)s) own
GROUP BY 1 ORDER BY 1
"""  # noqa: S608


@dataclass(frozen=True)
class Break:
    """A checkpoint that does not hold.

    `faults`: "entries" (they are not those that were sealed), "checkpoint" (its row is not what was written), "link"
    (it does not follow on the one before). The lists name transactions whose entries were changed, are missing, or
    were not there.
    """

    checkpoint: int
    first_entry: int
    last_entry: int
    faults: list[str]
    changed: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


@dataclass
class Chain:
    """What became of a sandbox's checkpoints. `broken_in_all` counts also those that `broken` has no room for."""

    sandbox: str
    checkpoints: int = 0
    sealed: int = 0
    unsealed: int = 0
    head: str = ""
    # Whether a head of earlier is part of it; None if nobody asked.
    knows_head: bool | None = None
    broken_in_all: int = 0
    broken: list[Break] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.broken_in_all and self.knows_head is not False


def seal(sandbox_id: str, *, patience: timedelta = PATIENCE) -> int:
    """Seal what is booked in a sandbox; returns how many entries that were. None, if payments hang for so long."""
    until = horizon(patience)
    return 0 if until is None else _seal(sandbox_id, until)


def seal_all(*, after: int = 0, patience: timedelta = PATIENCE) -> int:
    """Seal every sandbox in which something was booked after entry `after`; returns up to which entry all is sealed."""
    until = horizon(patience)
    if until is None:
        return after
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT account.sandbox_id FROM wallets_entry e JOIN wallets_wallet wallet"
            " ON wallet.id = e.wallet_id JOIN wallets_account account ON account.id = wallet.account_id"
            " WHERE e.id > %s AND e.id <= %s",
            [after, until],
        )
        sandboxes = [row[0] for row in cursor.fetchall()]
    for sandbox_id in sandboxes:
        _seal(sandbox_id, until)
    return until


def horizon(patience: timedelta) -> int | None:
    """An entry's ID up to which all is booked or never will be. None: somebody needed longer than `patience`.

    Whoever has drawn a number below it holds a lock on the table until his end. So: read the last number, then see who
    has such a lock, and let those few end. Nobody is held up, also those who come after.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sequence_last_value(pg_get_serial_sequence('wallets_entry', 'id')::regclass)")
        last = int(cursor.fetchone()[0] or 0)
    deadline = time.monotonic() + patience.total_seconds()
    waited_for = _bookers()
    while waited_for:
        if time.monotonic() >= deadline:
            return None
        time.sleep(POLL)
        waited_for &= _bookers()
    return last


def lock_of(sandbox_id: str) -> int:
    """Held while a seal is set, and by whoever exchanges a sandbox's entries as a whole."""
    return key_of(f"chain of {sandbox_id}")


def verify(sandbox_id: str, *, head: str = "") -> Chain:
    """Compare all that was sealed with what is there. `head` is what an earlier answer had, or nothing.

    Memory does not grow with the entries: the database sorts and hashes them, and a row per checkpoint comes back.
    """
    chain = Chain(sandbox_id, knows_head=False if head else None)
    previous, last_entry, expected = "", BEFORE_ALL, 1
    for row in _rows(_VERIFY, {"sandbox": sandbox_id}):
        number, first, last, count, entries_hash, leaves_hash, previous_hash, own_hash, found, found_hash = row
        is_linked = previous_hash == previous and number == expected
        is_itself = own_hash == _hash(previous_hash, sandbox_id, number, first, last, count, entries_hash, leaves_hash)
        has_entries = (found, found_hash) == (count, entries_hash)
        if not (is_linked and is_itself and has_entries):
            chain.broken_in_all += 1
            if len(chain.broken) < BROKEN_AT_MOST:
                verdicts = {"entries": has_entries, "checkpoint": is_itself, "link": is_linked}
                faults = [fault for fault, holds in verdicts.items() if not holds]
                chain.broken.append(
                    Break(number, first, last, faults, **_differences(sandbox_id, number, after=last_entry, until=last))
                )
        chain.checkpoints += 1
        chain.sealed += count
        previous, last_entry, expected = own_hash, last, number + 1
        chain.knows_head = chain.knows_head or own_hash == head if head else None
    chain.head = previous
    [(chain.unsealed,)] = _rows(
        f"SELECT count(*) {_OF_SANDBOX} AND e.id > %(after)s", {"sandbox": sandbox_id, "after": last_entry}
    )
    return chain


@transaction.atomic
def _seal(sandbox_id: str, until: int) -> int:
    """Set the next checkpoints; returns how many entries they have. One at a time: the second sees the first one's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_of(sandbox_id)])
    newest = LedgerCheckpoint.objects.filter(sandbox_id=sandbox_id).defer("transactions").order_by("-number").first()
    number, after, previous_hash = (newest.number, newest.last_entry, newest.hash) if newest else (0, 0, "")
    sealed = 0
    for first, last, count, entries_hash, leaves in _rows(
        _STRETCHES, {"sandbox": sandbox_id, "after": after, "until": until}
    ):
        number += 1
        leaves_hash = hashlib.sha256(leaves).hexdigest()
        checkpoint = LedgerCheckpoint.objects.create(
            sandbox_id=sandbox_id,
            number=number,
            first_entry=first,
            last_entry=last,
            count=count,
            entries_hash=entries_hash,
            transactions=bytes(leaves),
            previous_hash=previous_hash,
            hash=_hash(previous_hash, sandbox_id, number, first, last, count, entries_hash, leaves_hash),
        )
        previous_hash = checkpoint.hash
        sealed += count
    return sealed


def _hash(*parts: object) -> str:
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


def _bookers() -> set[str]:
    """The transactions of others that may have drawn numbers of entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND relation = 'wallets_entry'::regclass AND pid IS DISTINCT FROM pg_backend_pid()"
            " AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
        )
        return {row[0] for row in cursor.fetchall()}


def _differences(sandbox_id: str, number: int, *, after: int, until: int) -> dict[str, list[int]]:
    """Which transactions are not as they were sealed."""
    [leaves] = LedgerCheckpoint.objects.filter(sandbox_id=sandbox_id, number=number).values_list(
        "transactions", flat=True
    )[:1] or [b""]
    missing = dict(_unpacked(bytes(leaves)))
    changed, added = [], []
    for payment, found in _rows(_LEAVES, {"sandbox": sandbox_id, "after": after, "until": until}):
        sealed = missing.pop(payment, None)
        if sealed is None:
            added.append(payment)
        elif sealed != bytes(found):
            changed.append(payment)
        # What is left of the stretch is not missing, it was not looked at.
        if len(added) + len(changed) >= NAMED_AT_MOST:
            return {"changed": changed, "missing": [], "added": added}
    return {"changed": changed, "missing": sorted(missing)[:NAMED_AT_MOST], "added": added}


def _unpacked(leaves: bytes) -> Iterator[tuple[int, bytes]]:
    # Somebody may have cut them short.
    return struct.iter_unpack(">q8s", leaves[: len(leaves) // 16 * 16])


def _rows(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Some at a time, however many there are."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(100):
            yield from rows
