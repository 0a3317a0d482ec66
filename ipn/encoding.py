"""Form-encoding as OKPAY wrote it: UTF-8, lower-case escapes, a space as +, and .NET's choice of what needs none."""

import re
from collections.abc import Iterable
from urllib.parse import quote_plus

_ESCAPE = re.compile("%[0-9A-F]{2}")


def encode(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs in their order as the body of a POST: `ok_txn_datetime=2010-12-31+10%3a33%3a44`."""
    return "&".join(f"{_escape(name)}={_escape(value)}" for name, value in pairs)


def _escape(text: str) -> str:
    escaped = quote_plus(text, safe="!*()").replace("~", "%7E")
    return _ESCAPE.sub(lambda match: match[0].lower(), escaped)


def storable(text: str) -> str:
    """A text as PostgreSQL keeps it: without NUL and surrogates, which are written out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
