"""How the IPN pages write durations and verdicts."""

from datetime import timedelta
from typing import Any

from django import template

from ipn import pictures
from ipn.backlog import backlog
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
def in_short(duration: timedelta) -> str:
    return pictures.in_short(duration)


@register.inclusion_tag("ipn/backlog.html")
def ipn_backlog() -> dict[str, Any]:
    """What waits to be delivered, as a picture with its figures."""
    waiting = backlog()
    longest = max((host.total for host in waiting.busiest), default=0)
    return {"backlog": waiting, "bars": [(host, pictures.bar(host, longest)) for host in waiting.busiest]}
