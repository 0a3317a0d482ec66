"""How the IPN pages write durations and verdicts."""

from datetime import timedelta

from django import template

from ipn import pictures
from ipn.models import Verification

register = template.Library()


@register.filter
def seconds(duration: timedelta) -> str:
    return pictures.seconds(duration)


@register.filter
def verdict_class(verdict: str) -> str:
    """The stylesheet's word for a verdict."""
    return "failed" if verdict == Verification.Verdict.INVALID else "verified"
