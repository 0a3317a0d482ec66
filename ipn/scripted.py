"""A notification that a scenario concerns: withheld, doubled, late, out of order, forged or altered; and its questions.

Decided right after the commit that queued it, while a claim of ours keeps workers from it: a scenario's row must not be
locked by who holds balances. If we die in between, the claim runs out and the message goes its usual way.

What is sent beside a message, or instead of it, is a row of its own whose variables end in an ok_ipn_id already: it is
posted as it is (`IpnMessage.body`). ipn-verify goes by that ok_ipn_id, so a copy is VERIFIED and a forgery INVALID.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from ipn.encoding import encode
from ipn.models import IpnMessage
from sandbox import scenarios
from sandbox.effects import IPN, IPN_VERIFY, Play, read_amount
from sandbox.models import Sandbox
from sandbox.scenarios import Cue, Occasion

Pair = tuple[str, str]
Scripted = IpnMessage.Scripted

# How long workers keep their hands off a message that is about to be decided on.
HOLD = timedelta(seconds=60)
# Far from every number that there is: nobody has sent a message of this number, or a payment.
FORGED = 1_000_000_000


def may_be(sandbox: Sandbox, pairs: Sequence[Pair]) -> bool:
    """Whether a message has to be decided on: almost never, so it must cost almost nothing."""
    return scenarios.may_meet(sandbox, next((value for name, value in pairs if name == "ok_invoice"), ""))


def hold(message: IpnMessage, *, now: datetime) -> None:
    """Keep workers from a message that was just made, and decide what happens to it once it is there for all."""
    IpnMessage.objects.filter(id=message.id).update(claimed_until=Now() + HOLD)
    transaction.on_commit(partial(_decide, message, now), robust=True)


def asked(sandbox: Sandbox, wallet_id: str, question: Sequence[Pair], *, now: datetime) -> Cue | None:
    """What shall happen to a question of ipn-verify, by real or forged variables."""
    if not may_be(sandbox, question):
        return None
    return scenarios.meet(_occasion(IPN_VERIFY, sandbox, wallet_id, question), now=now)


def _decide(message: IpnMessage, now: datetime) -> None:
    cue = scenarios.meet(_occasion(IPN, message.sandbox, message.wallet_id, message.pairs), now=now)
    with transaction.atomic():
        mine = IpnMessage.objects.filter(id=message.id, attempts_made=0).select_for_update(no_key=True)
        if not mine.exists():  # deleted meanwhile, or we were so slow that it has gone out
            return
        held_back = _held_back(message)
        if cue:
            cue.led_to(message_id=message.id, transaction_id=message.transaction_id)
            _play(cue.play, message, now, is_followed=bool(held_back))
        for earlier in held_back:
            _withhold(earlier, Scripted.REORDER)
            _beside(earlier, Scripted.COPY, earlier.body(resend=False), now=now)
        IpnMessage.objects.filter(id=message.id).update(claimed_until=None)


def _play(play: Play, message: IpnMessage, now: datetime, *, is_followed: bool) -> None:
    match play.notification:
        case "drop":
            _withhold(message, Scripted.DROP)
        case "double":
            IpnMessage.objects.filter(id=message.id).update(scripted=Scripted.DOUBLE)
            for _number in range(play.copies - 1):
                _beside(message, Scripted.COPY, message.body(resend=False), now=now)
        case "late":
            _postpone(message, Scripted.LATE, now + play.after)
        case "reorder" if not is_followed:  # two that wait for one another would wait for long
            _postpone(message, Scripted.REORDER, now + play.after)
        case "forge":
            _beside(message, Scripted.FORGED, _forged(message), now=now)
        case "alter":
            _withhold(message, Scripted.ALTER)
            _beside(message, Scripted.ALTERED, _altered(message, *play.variable), now=now)


def _held_back(message: IpnMessage) -> list[IpnMessage]:
    """Those about the same payment that wait for this one."""
    if message.transaction_id is None:
        return []
    waiting = IpnMessage.objects.filter(
        transaction_id=message.transaction_id,
        id__lt=message.id,
        scripted=Scripted.REORDER,
        attempts_made=0,
        claimed_until=None,
        next_attempt_at__isnull=False,
    )
    return list(waiting.select_for_update(no_key=True).order_by("id"))


def _withhold(message: IpnMessage, why: IpnMessage.Scripted) -> None:
    IpnMessage.objects.filter(id=message.id).update(
        status=IpnMessage.Status.WITHHELD, next_attempt_at=None, scripted=why
    )


def _postpone(message: IpnMessage, why: IpnMessage.Scripted, moment: datetime) -> None:
    IpnMessage.objects.filter(id=message.id).update(next_attempt_at=moment, scripted=why)


def _beside(message: IpnMessage, what: IpnMessage.Scripted, variables: str, *, now: datetime) -> None:
    """Another one to the same listener; the message's own first attempt comes before it."""
    IpnMessage.objects.create(
        sandbox_id=message.sandbox_id,
        wallet_id=message.wallet_id,
        transaction_id=message.transaction_id,
        kind=message.kind,
        url=message.url,
        variables=variables,
        is_test=message.is_test,
        scripted=what,
        created_at=now,
        next_attempt_at=now,
    )


def _forged(message: IpnMessage) -> str:
    """What somebody could send who knows the listener's address and how notifications look."""
    left_out = {"ok_txn_pending_reason", "ok_txn_reversal_reason", "ok_txn_parent_id", "ok_ipn_id"}
    pairs = dict(pair for pair in message.pairs if pair[0] not in left_out)
    pairs |= {
        "ok_txn_id": str(FORGED + message.id),
        "ok_txn_status": "completed",
        "ok_ipn_id": str(FORGED + message.id),
    }
    return encode(list(pairs.items()))


def _altered(message: IpnMessage, name: str, value: str) -> str:
    pairs = dict(message.pairs)
    ipn_id = pairs.pop("ok_ipn_id")
    return encode([*(pairs | {name: value}).items(), ("ok_ipn_id", ipn_id)])


def _occasion(operation: str, sandbox: Sandbox, wallet_id: str, pairs: Sequence[Pair]) -> Occasion:
    values = dict(pairs)
    names = ("ok_receiver_wallet", "ok_receiver", "ok_receiver_email")
    return Occasion(
        operation=operation,
        sandbox=sandbox,
        wallets=(wallet_id,) if wallet_id else (),
        receivers=tuple(filter(None, (wallet_id, *(values.get(name, "") for name in names)))),
        currency=values.get("ok_txn_currency", ""),
        amount=read_amount(values.get("ok_txn_gross", "")),
        invoice=values.get("ok_invoice", ""),
    )
