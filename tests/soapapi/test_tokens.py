"""Security tokens: the official example, the recorded one, and what went wrong with others."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import md5, sha1, sha256

import pytest

from soapapi import tokens
from wallets.models import ApiCall

Reason = ApiCall.Reason

NOW = datetime(2010, 6, 1, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "at", "expected"),
    [
        ("MyApiPass", NOW, "5950F9BDA723ECDF9859AD205412BB44E0DAB16630CA4462490DE64B02305F8D"),
        (
            "seedToken",
            datetime(2014, 2, 20, 14, 0, tzinfo=UTC),
            "CF49014918670822614A5816F10B8C1047FBD7FF2A653848F60BBE52821C0F72",
        ),
        (
            "seedToken",
            datetime(2014, 2, 20, 14, 59, 59, tzinfo=UTC),
            "CF49014918670822614A5816F10B8C1047FBD7FF2A653848F60BBE52821C0F72",
        ),
    ],
)
def test_the_recorded_tokens(password: str, at: datetime, expected: str) -> None:
    assert tokens.token(password, tokens.hour_of(at)) == expected


def test_the_hour_is_utc_wherever_the_clock_stands() -> None:
    in_tokyo = NOW.astimezone(timezone(timedelta(hours=9)))

    assert tokens.hour_of(in_tokyo) == "20100601:15"


def test_a_token_is_right_in_either_case() -> None:
    expected = tokens.token("MyApiPass", tokens.hour_of(NOW))

    assert tokens.is_right(expected, expected)
    assert tokens.is_right(expected.lower(), expected)
    assert tokens.is_right(f" {expected}\n", expected)
    assert not tokens.is_right(expected[:-1], expected)
    assert not tokens.is_right("ж" * 64, expected)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("", Reason.NO_TOKEN),
        ("   ", Reason.NO_TOKEN),
        (hashed("MyApiPass:20100601:14"), Reason.PREVIOUS_HOUR),
        (hashed("MyApiPass:20100601:16").upper(), Reason.NEXT_HOUR),
        (hashed("MyApiPass:20100601:17"), Reason.OTHER_HOUR),
        (hashed("MyApiPass:20100602:05"), Reason.OTHER_HOUR),
        (hashed("MyApiPass:20100531:15"), Reason.OTHER_HOUR),
        (hashed("MyApiPass:2010-06-01:15"), Reason.OTHER_FORM),
        (hashed("MyApiPass:20100106:15"), Reason.OTHER_FORM),
        (hashed("MyApiPass:201061:15"), Reason.OTHER_FORM),
        (hashed("MyApiPass:20100601:03"), Reason.OTHER_HOUR),
        (hashed("MyApiPass:20100601:15:30"), Reason.OTHER_FORM),
        (hashed("MyApiPass:2010060115"), Reason.OTHER_FORM),
        (hashed("MyApiPass:20100601:15\n"), Reason.OTHER_FORM),
        (hashed("myapipass:20100601:15"), Reason.OTHER_CASE),
        (hashed("MyApiPass :20100601:15"), Reason.OTHER_CASE),
        ("MyApiPass", Reason.NOT_HASHED),
        (md5(b"MyApiPass:20100601:15").hexdigest(), Reason.NOT_SHA256),
        (sha1(b"MyApiPass:20100601:15").hexdigest(), Reason.NOT_SHA256),
        ("z" * 64, Reason.NOT_SHA256),
        (hashed("OtherPass:20100601:15"), Reason.WRONG_PASSWORD),
    ],
)
def test_why_a_token_is_wrong(sent: str, reason: ApiCall.Reason) -> None:
    assert tokens.explain(sent, "MyApiPass", NOW) == reason
