"""What is due becomes somebody's work, and what came of it is written down: one statement each, for many messages.

A claim is a lease by the database's clock, the one clock that all workers share. It does not touch the schedule: if the
worker dies, the message is due as before, as soon as the lease has run out.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from ipn.http import Answer
from ipn.models import IpnMessage, body_of
from sandbox.models import Sandbox

Status = IpnMessage.Status

# How much longer a claim lasts than a POST may take: for waiting for a slot of the host, then for writing down what
# came of it.
LEASE_MARGIN = timedelta(seconds=5)
LONGEST_WAIT_FOR_A_SLOT = timedelta(seconds=3)


@dataclass(frozen=True)
class Claim:
    """A message that is ours to post, once."""

    message_id: int
    wallet_id: str
    transaction_id: int | None
    host: str
    url: str
    number: int  # of this attempt
    series_start: int
    body: str
    sent_at: datetime  # the sandbox's time
    post_before: float  # time.monotonic()

    @property
    def is_first(self) -> bool:
        """A first attempt: those of a wallet keep their order."""
        return self.number == 1


@dataclass(frozen=True)
class Due:
    """Whose messages, and what time it is: every sandbox by its own clock, or one at a moment that is given."""

    real: datetime
    sandbox: Sandbox | None = None
    now: datetime | None = None


# Walks from host to host along the index, so that thousands of messages for one host cost no more than one, and takes
# of each only what it has room for. First attempts of a wallet do not overtake one another: what comes after one that
# another pump has in hand, or a dead one had, is left until that one is over; and two pumps never claim at once, for
# neither would see what the other takes. OFFSET 0 keeps the planner to that walk, whatever it believes about the table:
# joins and other indexes look at everything that is due, each time.
CLAIM = """
SELECT pg_advisory_xact_lock(hashtext('ipn.claims'));
WITH RECURSIVE
latest AS MATERIALIZED (
    SELECT max(COALESCE(%(now)s::timestamptz, frozen_at, %(real)s + clock_offset)) AS now
    FROM sandbox_sandbox
    WHERE %(sandbox)s::text IS NULL OR id = %(sandbox)s
),
room (host, slots) AS (SELECT * FROM unnest(%(hosts)s::text[], %(slots)s::int[])),
elsewhere AS MATERIALIZED (
    SELECT wallet_id, min(id) AS id FROM ipn_ipnmessage
    WHERE claimed_until >= statement_timestamp() AND attempts_made = 0 AND next_attempt_at IS NOT NULL
        AND id NOT IN (SELECT unnest(%(in_hand)s::bigint[]))
    GROUP BY wallet_id
),
host (host) AS (
    (
        SELECT host FROM ipn_ipnmessage
        WHERE next_attempt_at IS NOT NULL AND (%(after)s::text IS NULL OR host > %(after)s)
        ORDER BY host LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT message.host FROM ipn_ipnmessage message
        WHERE message.next_attempt_at IS NOT NULL AND message.host > host.host
        ORDER BY message.host LIMIT 1
    )
    FROM host WHERE host.host IS NOT NULL
),
due AS MATERIALIZED (
    SELECT due.id, due.now
    FROM host CROSS JOIN LATERAL (
        SELECT message.id, clock.now
        FROM ipn_ipnmessage message CROSS JOIN LATERAL (
            SELECT COALESCE(%(now)s::timestamptz, frozen_at, %(real)s + clock_offset) AS now
            FROM sandbox_sandbox
            WHERE id = message.sandbox_id AND (%(sandbox)s::text IS NULL OR id = %(sandbox)s)
            OFFSET 0
        ) clock
        WHERE message.host = host.host
            AND message.next_attempt_at <= clock.now
            AND message.next_attempt_at <= (SELECT now FROM latest)
            AND (message.claimed_until IS NULL OR message.claimed_until < statement_timestamp())
            AND message.id NOT IN (SELECT unnest(%(in_hand)s::bigint[]))
            AND NOT EXISTS (
                SELECT FROM elsewhere
                WHERE elsewhere.wallet_id = message.wallet_id AND elsewhere.id < message.id
                    AND message.attempts_made = 0
            )
        ORDER BY message.next_attempt_at, message.id
        LIMIT COALESCE((SELECT room.slots FROM room WHERE room.host = host.host), %(slots_of_a_new_host)s)
        FOR UPDATE OF message SKIP LOCKED
    ) due
    LIMIT %(limit)s
),
claimed AS (
    UPDATE ipn_ipnmessage message
    SET claimed_until = statement_timestamp() + %(lease)s
    FROM due WHERE message.id = due.id
    RETURNING message.next_attempt_at, message.id, message.wallet_id, message.transaction_id, message.host,
        message.url, message.variables, message.attempts_made, message.series_start, due.now
)
SELECT id, wallet_id, transaction_id, host, url, variables, attempts_made, series_start, now
FROM claimed ORDER BY next_attempt_at, id
"""

# The attempt's number is the fence: of two workers that made the same attempt, the first to write wins. An attempt of a
# series that is over (somebody asked for a resend while it was under way) leaves the new series' schedule alone. And
# what nobody has claimed was brought back meanwhile, from a state that knows nothing of this attempt.
RECORD = """
WITH result AS (
    SELECT * FROM unnest(
        %(messages)s::bigint[], %(numbers)s::int[], %(statuses)s::text[], %(next_attempts)s::timestamptz[],
        %(sent)s::timestamptz[], %(durations)s::interval[], %(bodies)s::text[], %(codes)s::smallint[],
        %(heads)s::text[], %(errors)s::text[], %(details)s::text[]
    ) AS result (
        message_id, number, status, next_attempt_at,
        sent_at, duration, request_body, response_code,
        response_head, error, detail
    )
),
recorded AS (
    UPDATE ipn_ipnmessage message
    SET attempts_made = result.number,
        response_code = result.response_code,
        last_attempt_at = result.sent_at,
        claimed_until = NULL,
        status = CASE WHEN message.series_start < result.number THEN result.status ELSE message.status END,
        next_attempt_at = CASE
            WHEN message.series_start < result.number THEN result.next_attempt_at ELSE message.next_attempt_at
        END
    FROM result
    WHERE message.id = result.message_id AND message.attempts_made = result.number - 1
        AND message.claimed_until IS NOT NULL
    RETURNING message.id
)
INSERT INTO ipn_deliveryattempt
    (message_id, number, sent_at, duration, request_body, response_code, response_head, error, detail)
SELECT message_id, number, sent_at, duration, request_body, response_code, response_head, error, detail
FROM result JOIN recorded ON recorded.id = result.message_id
ORDER BY sent_at, message_id
"""

RELEASE = """
UPDATE ipn_ipnmessage message SET claimed_until = NULL
FROM unnest(%(messages)s::bigint[], %(numbers)s::int[]) AS claim (message_id, number)
WHERE message.id = claim.message_id AND message.attempts_made = claim.number - 1
"""


def claim(
    due: Due,
    *,
    limit: int,
    room: Mapping[str, int],
    slots_of_a_new_host: int,
    after: str | None = None,
    in_hand: Collection[int] = (),
) -> list[Claim]:
    """At most `limit` messages that are due and nobody's, oldest first; of each host no more than it has room for.

    `after` begins with the host that comes after that one. `in_hand` are those that the caller has claimed before and
    posts before these; it keeps them even if their leases ran out, as when the machine was asleep.
    """
    parameters: dict[str, Any] = {
        "now": due.now,
        "real": due.real,
        "sandbox": due.sandbox and due.sandbox.id,
        "hosts": list(room),
        "slots": list(room.values()),
        "slots_of_a_new_host": slots_of_a_new_host,
        "limit": limit,
        "after": after,
        "in_hand": list(in_hand),
        "lease": timedelta(seconds=settings.IPN_TIMEOUT) + LEASE_MARGIN,
    }
    post_before = time.monotonic() + LONGEST_WAIT_FOR_A_SLOT.total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        rows = cursor.fetchall()
    return [
        Claim(
            message_id=message_id,
            wallet_id=wallet_id,
            transaction_id=transaction_id,
            host=host,
            url=url,
            number=attempts_made + 1,
            series_start=series_start,
            body=body_of(message_id, variables, resend=attempts_made > 0),
            sent_at=now,
            post_before=post_before,
        )
        for message_id, wallet_id, transaction_id, host, url, variables, attempts_made, series_start, now in rows
    ]


def record(results: Sequence[tuple[Claim, Answer]]) -> None:
    """Write down attempts, and when what is to come of them."""
    outcomes = [_outcome(claim, answer) for claim, answer in results]
    parameters: dict[str, Any] = {
        "messages": [claim.message_id for claim, _ in results],
        "numbers": [claim.number for claim, _ in results],
        "statuses": [status for status, _ in outcomes],
        "next_attempts": [next_attempt_at for _, next_attempt_at in outcomes],
        "sent": [claim.sent_at for claim, _ in results],
        "durations": [answer.duration for _, answer in results],
        "bodies": [claim.body for claim, _ in results],
        "codes": [answer.response_code for _, answer in results],
        "heads": [answer.response_head for _, answer in results],
        "errors": [str(answer.error) for _, answer in results],
        "details": [answer.detail for _, answer in results],
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD, parameters)


def release(claims: Sequence[Claim]) -> None:
    """Give back what will not be posted, or not be waited for."""
    parameters = {"messages": [claim.message_id for claim in claims], "numbers": [claim.number for claim in claims]}
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, parameters)


def _outcome(claim: Claim, answer: Answer) -> tuple[str, datetime | None]:
    """The message's status after an attempt, and when the next one is due."""
    if not answer.error:
        return Status.SENT.value, None
    if claim.number - claim.series_start > settings.IPN_MAX_RETRIES:
        return Status.FAILED.value, None
    return Status.RETRYING.value, claim.sent_at + settings.IPN_RETRY_INTERVAL
