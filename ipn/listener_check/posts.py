"""Tell a listener a story. Not by the pump, for some messages must be wrong; the others stand in the IPN History."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ipn import http
from ipn.claims import LEASE_MARGIN
from ipn.encoding import encode
from ipn.http import Answer
from ipn.listener_check.facts import Facts, Interrupted
from ipn.listener_check.stories import Order, Post, Sealed, Story
from ipn.models import DeliveryAttempt, IpnMessage, ListenerCheck

# Seconds, at most, that ipn-verify keeps the verdict of the story about it back.
VERDICT_KEPT_BACK = 3.0


def tell(check: ListenerCheck, story: Story, facts: Facts, order: Order) -> None:
    """Post what the story has, one after the other, and write down how it was answered. Raises Interrupted."""
    known: dict[Sealed, tuple[IpnMessage, Facts]] = {}
    for post in story.posts(order):
        if post.message not in known:
            message = _forge(post) if post.is_forged else _seal(check, post)
            about: Facts = {
                "id": None if post.is_forged else message.id,
                "transaction": int(dict(post.message.pairs)["ok_txn_id"]),
                "expects": str(post.expects),
                "posts": [],
                "questions": [],
            }
            facts["messages"].append(about)
            known[post.message] = message, about
        message, about = known[post.message]
        about["posts"] += _post(check, message, post)


def _seal(check: ListenerCheck, post: Post) -> IpnMessage:
    """As the outbox has it, but with nothing due: we post it ourselves. What is altered on its way never arrives."""
    sealed = post.message
    try:
        return IpnMessage.objects.create(
            sandbox=check.sandbox,
            wallet_id=check.wallet_id,
            transaction_id=None,
            kind=dict(sealed.pairs)["ok_txn_kind"],
            url=check.url,
            variables=encode(sealed.pairs),
            is_test=sealed.is_test,
            status=IpnMessage.Status.QUEUED if post.is_ours else IpnMessage.Status.FAILED,
            attempts_made=int(sealed.is_resent),
            created_at=check.sandbox.time_at(timezone.now()),
            verdict_delay=timedelta(seconds=min(VERDICT_KEPT_BACK, check.timeout / 3)) if sealed.is_slow else None,
        )
    except IntegrityError:
        raise Interrupted from None


def _forge(post: Post) -> IpnMessage:
    """Never saved, under an ID that no message will ever have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('ipn_ipnmessage', 'id'))")
        (unused,) = cursor.fetchone() or (0,)
    return IpnMessage(id=unused, variables=encode(post.message.pairs))


def _post(check: ListenerCheck, message: IpnMessage, post: Post) -> list[Facts]:
    altered = [(name, post.altered.get(name, value)) for name, value in post.message.pairs]
    body = IpnMessage(id=message.id, variables=encode(altered)).body(resend=post.message.is_resent)
    if post.is_ours:
        # As a worker does it: while it is being posted it counts as sent once more.
        lease = timezone.now() + timedelta(seconds=check.timeout) + LEASE_MARGIN
        IpnMessage.objects.filter(id=message.id).update(claimed_until=lease)
    sent_at = check.sandbox.time_at(timezone.now())
    answers = asyncio.run(_post_at_once(check.url, [body] * post.copies, check.timeout))
    if post.is_ours:
        _record(message, body, answers, sent_at)
    return [
        {
            "body": body,
            "sent_at": sent_at.isoformat(),
            "seconds": round(answer.duration.total_seconds(), 3),
            "code": answer.response_code,
            "error": str(answer.error),
            "detail": answer.detail,
        }
        for answer in answers
    ]


async def _post_at_once(url: str, bodies: Sequence[str], timeout: float) -> list[Answer]:
    async with http.open_session() as session:
        return await asyncio.gather(*(http.within(timeout, http.post(session, url, body)) for body in bodies))


def _record(message: IpnMessage, body: str, answers: Sequence[Answer], sent_at: datetime) -> None:
    """In the IPN History as any attempt, but none is to follow."""
    attempts = [
        DeliveryAttempt(
            message=message,
            number=message.attempts_made + place,
            sent_at=sent_at,
            duration=answer.duration,
            request_body=body,
            response_code=answer.response_code,
            response_head=answer.response_head,
            error=str(answer.error),
            detail=answer.detail,
        )
        for place, answer in enumerate(answers, start=1)
    ]
    message.attempts_made += len(attempts)
    message.response_code = answers[-1].response_code
    delivered = any(not answer.error for answer in answers)
    try:
        with transaction.atomic():
            IpnMessage.objects.filter(id=message.id).update(
                attempts_made=message.attempts_made,
                response_code=message.response_code,
                last_attempt_at=sent_at,
                claimed_until=None,
                status=IpnMessage.Status.SENT if delivered else IpnMessage.Status.FAILED,
            )
            DeliveryAttempt.objects.bulk_create(attempts)
    except IntegrityError:
        raise Interrupted from None
