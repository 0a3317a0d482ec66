"""Is this message ours? Every question is answered with one word, and stored with the reason for it.

`Verification.differences` has, as far as there are any: `missing`, `added`, `duplicated` (names of variables),
`changed` ([name, value sent, value asked]), `encoding` ([name, what happened to its value]), `reordered` (true),
`unknown_message` (the ok_ipn_id that no message has, "" for none), `ok_verify` ("absent", or its wrong value),
`unreadable` (why the request could not be read), `scripted` (a scenario asked for this answer).
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from ipn import scripted
from ipn.comparison import LONGEST_REASON, Differences, Pair, compare, parse
from ipn.encoding import encode, storable
from ipn.models import AutoReturn, IpnMessage, Verification
from sandbox import clock
from sandbox.models import Sandbox

Verdict = Verification.Verdict

MAX_BODY = 1024 * 1024  # bytes
KEPT_OF_A_BODY = 64 * 1024  # characters
A_WALLET_ID = re.compile("OK[0-9]{9}")
CANDIDATES = 20  # messages and returns of one transaction that a question without ok_ipn_id is compared with


@dataclass
class _Finding:
    """How the question compares with one message or return; with neither when nothing is like it."""

    message: IpnMessage | None = None
    auto_return: AutoReturn | None = None
    differences: Differences = field(default_factory=Differences)


def verify(
    raw: bytes, *, method: str, content_type: str, remote_address: str, now: datetime, unreadable: str = ""
) -> Verification:
    """The stored answer to a question. `raw` is the form as it came, `now` the real time (kept as the sandbox's).

    `unreadable` says why `raw` is not all of it. Never fails, whatever is in `raw`.
    """
    if len(raw) > MAX_BODY:
        unreadable = unreadable or f"the body is longer than {MAX_BODY} bytes"
    asked = parse(raw[:MAX_BODY])
    question = [pair for pair in asked if pair[0] != "ok_verify"]
    finding, trouble = _find(question)
    if unreadable:
        trouble["unreadable"] = unreadable
    if not any(name == "ok_verify" and value.lower() == "true" for name, value in asked):
        trouble["ok_verify"] = next((value for name, value in asked if name == "ok_verify"), "absent")
    wallet_id = _wallet(finding, question)
    sandbox = _sandbox(finding, wallet_id)
    if cue := scripted.asked(sandbox, wallet_id, question, now=sandbox.time_at(now)):
        if cue.play.is_invalid:
            trouble["scripted"] = cue.play.effect
        if finding.message:
            cue.led_to(message_id=finding.message.id, transaction_id=finding.message.transaction_id)
    return _store(
        finding,
        sandbox=sandbox,
        asked_at=sandbox.time_at(now),
        wallet_id=wallet_id,
        method=storable(method[:10]),
        remote_address=_address(remote_address),
        content_type=storable(content_type[:200]),
        body=storable(raw[:KEPT_OF_A_BODY].decode("utf-8", "backslashreplace"))[:KEPT_OF_A_BODY],
        verdict=_verdict(finding, trouble),
        reason=" ".join(_reason(finding, trouble, content_type))[:LONGEST_REASON],
        differences=finding.differences.as_data() | {key: storable(value[:100]) for key, value in trouble.items()},
    )


def delay(verification: Verification) -> float:
    """Seconds to keep the answer back: none but for the first question about some messages of a Listener Check."""
    message = verification.message
    if message is None or message.verdict_delay is None:
        return 0
    if message.verifications.filter(id__lt=verification.id).exists():
        return 0
    return message.verdict_delay.total_seconds()


def seal_return(
    *, sandbox: Sandbox, wallet_id: str, transaction_id: int, pairs: Sequence[Pair], now: datetime
) -> AutoReturn:
    """Remember the variables that a browser carries back to a shop, so that they verify."""
    return AutoReturn.objects.create(
        sandbox=sandbox, wallet_id=wallet_id, transaction_id=transaction_id, variables=encode(pairs), created_at=now
    )


def _find(question: list[Pair]) -> tuple[_Finding, dict[str, str]]:
    """What the question is about: the message that it names, else the most similar one of the same transaction."""
    values = dict(reversed(question))  # of variables that came twice, the first
    ipn_id, txn_id = values.get("ok_ipn_id", ""), values.get("ok_txn_id", "")
    if (number := _number(ipn_id)) and (
        message := IpnMessage.objects.filter(id=number).select_related("sandbox").first()
    ):
        return _compare_message(message, question), {}
    candidates = list(_candidates(_number(txn_id), question))
    nearest = min(
        candidates, key=lambda finding: (len(finding.differences), finding.differences.reordered), default=None
    )
    if nearest is None:
        return _Finding(), {"unknown_message": ipn_id}
    return nearest, {"unknown_message": ipn_id} if ipn_id else {}


def _candidates(transaction_id: int | None, question: list[Pair]) -> Iterator[_Finding]:
    if transaction_id is None:
        return
    for auto_return in AutoReturn.objects.filter(transaction_id=transaction_id)[:CANDIDATES]:
        yield _Finding(None, auto_return, compare(parse(auto_return.variables.encode()), question))
    for message in IpnMessage.objects.filter(transaction_id=transaction_id)[:CANDIDATES]:
        yield _compare_message(message, question)


def _compare_message(message: IpnMessage, question: list[Pair]) -> _Finding:
    # Of a scripted one a copy may have been resent.
    resend = (message.resent or bool(message.scripted)) and ("ok_ipn_resend", "true") in question
    return _Finding(message, None, compare(parse(message.body(resend=resend).encode()), question))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _sandbox(finding: _Finding, wallet_id: str) -> Sandbox:
    if known := finding.message or finding.auto_return:
        return known.sandbox
    named = Sandbox.objects.filter(accounts__wallets=wallet_id).first() if wallet_id else None
    return named or clock.default_sandbox()


def _wallet(finding: _Finding, question: list[Pair]) -> str:
    """Whom it concerns: the wallet of what it is about, else the one that the question itself names."""
    if known := finding.message or finding.auto_return:
        return known.wallet_id
    named = next((value for name, value in question if name == "ok_receiver_wallet"), "")
    return named if A_WALLET_ID.fullmatch(named) else ""


def _verdict(finding: _Finding, trouble: dict[str, str]) -> Verdict:
    if trouble or len(finding.differences) or not (finding.message or finding.auto_return):
        return Verdict.INVALID
    if finding.differences.reordered and settings.IPN_VERIFY_STRICT_ORDER:
        return Verdict.INVALID
    return Verdict.TEST if finding.message and finding.message.is_test else Verdict.VERIFIED


def _reason(finding: _Finding, trouble: dict[str, str], content_type: str) -> Iterator[str]:
    if "unreadable" in trouble:
        yield f"The request was not read: {trouble['unreadable']}."
    if "scripted" in trouble:
        yield "A scenario or a directive asked for this answer."
    if content_type.lower().startswith("multipart/"):
        yield "The body is multipart; it must be application/x-www-form-urlencoded."
    if trouble.get("ok_verify") == "absent":
        yield "ok_verify=true is absent."
    elif "ok_verify" in trouble:
        yield f"ok_verify is {storable(trouble['ok_verify'][:60])!r}, not 'true'."
    if ipn_id := trouble.get("unknown_message"):
        yield f"No message has the ok_ipn_id {storable(ipn_id[:60])!r}."
    elif "unknown_message" in trouble:
        yield "There is no ok_ipn_id, and no ok_txn_id of a payment whose return was sent."
    yield from map(storable, finding.differences.sentences())
    if finding.differences.reordered and not settings.IPN_VERIFY_STRICT_ORDER:
        yield "That is a warning: the documents ask for the same order."
    elif not trouble and finding.differences == Differences():
        yield "Every variable is as it was sent."


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _store(finding: _Finding, **values: Any) -> Verification:
    try:
        with transaction.atomic():
            return Verification.objects.create(message=finding.message, auto_return=finding.auto_return, **values)
    except IntegrityError:  # deleted meanwhile: somebody reset the sandbox, or dropped it
        there = Sandbox.objects.filter(id=values["sandbox"].id).first()
        return Verification.objects.create(**values | {"sandbox": there or clock.default_sandbox()})
