"""Security tokens, from the page "Creating a security token": what is right, and what went wrong with one that is not.

A token is the SHA-256 of `password:YYYYMMDD:HH` in UTC, in hexadecimal of either case. Real time, never the sandbox's.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from wallets.models import ApiCall

Reason = ApiCall.Reason

HOUR = timedelta(hours=1)
# The farthest time zones are 14 hours ahead of UTC and 12 behind; a clock may also be a day off.
HOURS_OFF = range(-26, 27)
OTHER_FORMS = (
    "{t:%Y-%m-%d}:{t:%H}",
    "{t:%d%m%Y}:{t:%H}",
    "{t:%m%d%Y}:{t:%H}",
    "{t:%Y%d%m}:{t:%H}",
    "{t:%y%m%d}:{t:%H}",
    "{t.year}{t.month}{t.day}:{t:%H}",
    "{t:%Y%m%d}:{t.hour}",
    "{t:%Y%m%d}:{t:%I}",
    "{t:%Y%m%d}{t:%H}",
    "{t:%Y%m%d}:{t:%H:%M}",
    "{t:%Y%m%d}",
)


def hour_of(at: datetime) -> str:
    """The part of the hashed line that changes every hour: 20100601:15."""
    return _hour_of(at.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=10)
def _hour_of(full_hour: datetime) -> str:
    return f"{full_hour:%Y%m%d:%H}"


def token(password: str, hour: str) -> str:
    """The token of an hour, upper case as on the official page."""
    return _sha256(f"{password}:{hour}")


def is_right(sent: str, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(sent.strip().upper().encode(), expected.encode())


def explain(sent: str, password: str, at: datetime) -> ApiCall.Reason:
    """Why a wrong token is wrong, as far as the right password can tell."""
    sent = sent.strip()
    if not sent:
        return Reason.NO_TOKEN
    if hmac.compare_digest(sent.encode(), password.encode()):
        return Reason.NOT_HASHED
    sent = sent.upper()
    if len(sent) != 64 or not set(sent) <= set("0123456789ABCDEF"):
        return Reason.NOT_SHA256
    return next((reason for form, reason in _mistakes(password, at) if _sha256(form) == sent), Reason.WRONG_PASSWORD)


def _mistakes(password: str, at: datetime) -> Iterator[tuple[str, ApiCall.Reason]]:
    """What was hashed instead, the likeliest first."""
    at = at.astimezone(UTC)
    yield f"{password}:{hour_of(at - HOUR)}", Reason.PREVIOUS_HOUR
    yield f"{password}:{hour_of(at + HOUR)}", Reason.NEXT_HOUR
    for off in HOURS_OFF:
        yield f"{password}:{hour_of(at + off * HOUR)}", Reason.OTHER_HOUR
    for form in OTHER_FORMS:
        for off in HOURS_OFF:
            yield f"{password}:{form.format(t=at + off * HOUR)}", Reason.OTHER_FORM
    for off in (0, -1, 1):
        hour = hour_of(at + off * HOUR)
        for other in (password.lower(), password.upper(), password.strip(), f" {password}", f"{password} "):
            yield f"{other}:{hour}", Reason.OTHER_CASE
        yield f"{password}:{hour}\n", Reason.OTHER_FORM  # `echo` without -n


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest().upper()
