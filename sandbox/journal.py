"""Write down every request with its answer: one statement each, at the end of the request, whatever became of it.

Mouths say what they found out (`note`); who stands at the door hands over request and answer, without secrets
(`keep`). A row is there as soon as the answer is. It does not wait for the disk, so a crash of the machine may lose the
newest; and no trouble with the journal is ever the request's: what cannot be written is counted, and told when it can.
"""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from sandbox.models import JournalEntry, JournalGap, Sandbox
from sandbox.prepared import Prepared

# How many rows a process adds to a sandbox before it looks whether there are too many: a twentieth of those it keeps,
# and at least so many. To look, it counts all that are kept.
PRUNE_EVERY = 100

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Record:
    """What is known about the request under way. Whoever learns more says so by `note`."""

    kind: str
    correlation: str
    sandbox: Sandbox | None = None
    wallet: str = ""
    transaction: int | None = None
    verification: int | None = None
    invoice: str = ""
    operation: str = ""
    outcome: str = ""
    why: str = ""
    # The scenario or directive that had the request, and what it asked for.
    script: str = ""
    failed: bool = False
    # Of a body that a mouth reads by itself.
    body: bytes | None = None


_record: ContextVar[Record | None] = ContextVar("journal_record", default=None)


@contextmanager
def recording(record: Record) -> Iterator[Record]:
    token = _record.set(record)
    try:
        yield record
    finally:
        _record.reset(token)


def note(**facts: Any) -> None:
    """Fields of the Record, from a mouth that knows them. Without a journal nothing happens."""
    if (record := _record.get()) is not None:
        for name, fact in facts.items():
            setattr(record, name, fact)


_COLUMNS = [str(field.column) for field in JournalEntry._meta.concrete_fields if not field.primary_key]
_TABLE, _GAPS = JournalEntry._meta.db_table, JournalGap._meta.db_table
# A row that comes without the sandbox's time gets it here: most strangers' requests need the sandbox for nothing else.
_PLACES = {column: f"${number}" for number, column in enumerate(_COLUMNS, start=1)}
_AT = f"""COALESCE({_PLACES["at"]}::timestamptz, (
    SELECT COALESCE(frozen_at, {_PLACES["real_at"]}::timestamptz + clock_offset)
    FROM {Sandbox._meta.db_table} WHERE id = {_PLACES["sandbox_id"]}::varchar
), {_PLACES["real_at"]}::timestamptz)"""  # noqa: S608
_VALUES = ", ".join((_PLACES | {"at": _AT}).values())
_NEW = Prepared(f"{_TABLE}_new", f"INSERT INTO {_TABLE} ({', '.join(_COLUMNS)}) VALUES ({_VALUES})")  # noqa: S608
# In a statement without a transaction around it these hold for that statement. Whoever locks the table for long, a
# migration perhaps, shall not hold up requests.
_BY_ITSELF = "SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '500ms'; "
# What was dropped stays in the index until a vacuum. A bitmap would go through all of it every time; walking along the
# index marks it as gone.
_ALONG_THE_INDEX = "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; "
_PRUNE = f"""
WITH gone AS (
    DELETE FROM {_TABLE} WHERE sandbox_id = %(sandbox)s AND (at, id) <= (
        SELECT at, id FROM {_TABLE} WHERE sandbox_id = %(sandbox)s ORDER BY at DESC, id DESC OFFSET %(kept)s LIMIT 1
    )
    RETURNING id
)
INSERT INTO {_GAPS} AS gap (sandbox_id, pruned, lost)
SELECT %(sandbox)s, count(*), %(lost)s FROM gone HAVING count(*) > 0 OR %(lost)s > 0
ON CONFLICT (sandbox_id) DO UPDATE SET pruned = gap.pruned + EXCLUDED.pruned, lost = gap.lost + EXCLUDED.lost
"""  # noqa: S608 (its own names)

_lock = threading.Lock()
_added: defaultdict[str, Iterator[int]] = defaultdict(count)
_lost: Counter[str] = Counter()


def keep(row: dict[str, Any]) -> None:
    """Add a row, given by its columns. Raises nothing."""
    sandbox_id = row["sandbox_id"]
    try:
        _execute(lambda cursor, after: _NEW.execute(cursor, [row[column] for column in _COLUMNS], after=after))
    except Exception as error:
        lose(sandbox_id, error)
        return
    try:
        _look_after(sandbox_id)
    except Exception as error:
        log.warning("The journal of %s could not be pruned (%s).", sandbox_id, type(error).__name__)


def lose(sandbox_id: str, error: Exception) -> None:
    """Count a row that could not be written. Not a word of what was in it."""
    with _lock:
        _lost[sandbox_id] += 1
    log.warning("A request could not be written into the journal (%s).", type(error).__name__)


def dropped(sandbox: Sandbox) -> tuple[int, int]:
    """How many entries were dropped because newer ones came, and how many were never written."""
    gap = JournalGap.objects.filter(sandbox=sandbox).first()
    return (gap.pruned, gap.lost) if gap else (0, 0)


def _look_after(sandbox_id: str) -> None:
    """Every so often drop the oldest; and write down what was lost."""
    # The first time a process comes by, it looks: it may replace one that was about to.
    due = next(_added[sandbox_id]) % max(PRUNE_EVERY, settings.JOURNAL_ROWS // 20) == 0
    if not (due or sandbox_id in _lost):
        return
    with _lock:
        lost = _lost.pop(sandbox_id, 0)
    try:
        bounds: dict[str, str | int] = {"sandbox": sandbox_id, "kept": settings.JOURNAL_ROWS, "lost": lost}
        _execute(lambda cursor, after: cursor.execute(after + _PRUNE, bounds), _BY_ITSELF + _ALONG_THE_INDEX)
    except Exception:
        with _lock:
            _lost[sandbox_id] += lost
        raise


def _execute(act: Callable[[CursorWrapper, str], object], settings_for_it: str = _BY_ITSELF) -> None:
    """`act` executes one statement, after settings that hold for it."""
    if connection.in_atomic_block:
        with transaction.atomic(), connection.cursor() as cursor:
            act(cursor, "")
    else:
        with connection.cursor() as cursor:
            act(cursor, settings_for_it)
