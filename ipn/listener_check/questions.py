"""Which calls of ipn-verify a Listener Check caused: those that name its messages, and strays that name none."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from ipn.comparison import parse
from ipn.listener_check.facts import LOOK_EVERY, UNREACHABLE, Facts, messages, patience
from ipn.models import ListenerCheck, Verification


def newest() -> int:
    """The ID of the last call of ipn-verify so far, whoever made it."""
    return Verification.objects.order_by("-id").values_list("id", flat=True).first() or 0


def wait_for_them(check: ListenerCheck, since: int) -> None:
    """Note them until there is one about each message: a good listener may answer first and ask afterwards."""
    deadline = time.monotonic() + patience(check)
    while True:
        _note(check, since)
        if time.monotonic() > deadline or all(_is_asked_about(message) for message in messages(check)):
            return
        time.sleep(LOOK_EVERY)


def _is_asked_about(message: Facts) -> bool:
    """Or there is no hope for it."""
    return bool(message["questions"]) or all(post["error"] in UNREACHABLE for post in message["posts"])


def _note(check: ListenerCheck, since: int) -> None:
    told = messages(check)
    by_id = {message["id"]: message for message in told if message["id"] is not None}
    for message in told:
        message["questions"] = []
    for facts in check.facts:
        facts["strays"] = []
    # About one of our messages, or about none that is known, of this wallet or nobody's.
    unknown = Q(message=None, auto_return=None, wallet_id__in=(check.wallet_id, ""))
    for question in Verification.objects.filter(Q(message__in=by_id) | unknown, id__gt=since).order_by("id"):
        asked_about = by_id.get(question.message_id) or _named_by(question, told)
        if asked_about is not None:
            asked_about["questions"].append(
                {"id": question.id, "verdict": question.verdict, "after": _after(check, question, asked_about["posts"])}
            )
        elif settings.SANDBOX and question.wallet_id != check.wallet_id:
            # Where nobody else is about, it will have been our listener.
            before = [facts for facts in check.facts if facts["messages"] and facts["since"] < question.id]
            if before:
                before[-1]["strays"].append(question.id)


def _named_by(question: Verification, told: Sequence[Facts]) -> Facts | None:
    """The message that a question without a known ok_ipn_id must be about: ours alone have these transaction IDs."""
    named = dict(parse(question.body.encode())).get("ok_txn_id", "")
    return next((message for message in told if str(message["transaction"]) == named), None)


def _after(check: ListenerCheck, question: Verification, posts: Sequence[Facts]) -> float | None:
    """Seconds from the POST to the question, None where the sandbox's clock cannot tell because it stands still."""
    if check.sandbox.frozen_at is not None:
        return None
    sent = [datetime.fromisoformat(post["sent_at"]) for post in posts]
    before = [moment for moment in sent if moment <= question.asked_at]
    return round((question.asked_at - max(before)).total_seconds(), 3) if before else 0.0
