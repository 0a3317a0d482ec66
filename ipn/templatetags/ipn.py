"""How the IPN pages write durations and verdicts."""

from datetime import timedelta
from typing import Any

from django import template

from ipn import pictures
from ipn.backlog import backlog
from ipn.listener_check.faults import FAIL, PASS, WARN
from ipn.models import Verification

register = template.Library()


@register.filter
def seconds(duration: timedelta) -> str:
    return pictures.seconds(duration)


@register.filter
def verdict_class(verdict: str) -> str:
    """The stylesheet's word for a verdict."""
    return "failed" if verdict == Verification.Verdict.INVALID else "verified"


@register.filter
def verdict_as_expected(verdict: str, expected: str) -> str:
    """The stylesheet's word for a verdict where INVALID may be what is right."""
    return "verified" if verdict == expected else "failed"


@register.filter
def outcome_class(outcome: str) -> str:
    """The stylesheet's word for how a story of the Listener Check ended."""
    return {PASS: "sent", WARN: "pending", FAIL: "failed"}.get(outcome, "")


@register.filter
def in_short(duration: timedelta) -> str:
    return pictures.in_short(duration)


@register.inclusion_tag("ipn/backlog.html")
def ipn_backlog() -> dict[str, Any]:
    """What waits to be delivered, as a picture with its figures."""
    waiting = backlog()
    longest = max((host.total for host in waiting.busiest), default=0)
    return {"backlog": waiting, "bars": [(host, pictures.bar(host, longest)) for host in waiting.busiest]}
