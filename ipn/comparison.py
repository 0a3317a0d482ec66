"""Compare the variables that somebody asks about with those that were sent, and put every difference into words.

Decoded names and values count: how a client escapes them is its own affair.
"""

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from ipn.encoding import storable

Pair = tuple[str, str]

MAX_VARIABLES = 50_000
MOST_OF_A_KIND, LONGEST_VALUE, LONGEST_REASON = 100, 500, 2000  # as they are stored

CHARSETS = ("windows-1252", "iso-8859-1", "windows-1251", "iso-8859-2", "iso-8859-15", "koi8-r", "utf-16-le")


def parse(raw: bytes) -> list[Pair]:
    """A form body or query as decoded pairs in their order. What is not UTF-8 is kept as surrogates."""
    pairs = []
    for piece in raw.split(b"&", MAX_VARIABLES):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def _decode(escaped: bytes) -> str:
    return unquote_to_bytes(escaped.replace(b"+", b" ")).decode("utf-8", "surrogateescape")


@dataclass
class Differences:
    """Between what was sent and what was asked. Empty when they are the same."""

    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[tuple[str, str, str]] = field(default_factory=list)  # name, value sent, value asked
    duplicated: list[str] = field(default_factory=list)
    encoding: list[tuple[str, str]] = field(default_factory=list)  # name of a changed variable, what happened to it
    reordered: bool = False

    def __len__(self) -> int:
        """How many variables are wrong. Their order is another matter."""
        return len(self.missing) + len(self.added) + len(self.changed) + len(self.duplicated)

    def as_data(self) -> dict[str, Any]:
        """Only the kinds that there are, bounded, as JSON in PostgreSQL takes it."""
        kinds: dict[str, Iterable[str | tuple[str, ...]]] = {
            "missing": self.missing,
            "added": self.added,
            "changed": self.changed,
            "duplicated": self.duplicated,
            "encoding": self.encoding,
        }
        data: dict[str, Any] = {
            kind: [_bounded(each) for each in list(found)[:MOST_OF_A_KIND]] for kind, found in kinds.items() if found
        }
        return data | ({"reordered": True} if self.reordered else {})

    def sentences(self) -> Iterator[str]:
        """In the order of their use to whoever looks for the fault."""
        if self.missing:
            yield f"Missing: {_list(self.missing)}."
        if self.changed:
            explained = dict(self.encoding)
            yield " ".join(
                f"Changed: {_short(name)} was sent as {_quoted(sent)}, asked as {_quoted(asked)}"
                f"{' (' + explained[name] + ')' if name in explained else ''}."
                for name, sent, asked in self.changed[:5]
            )
        if len(self.changed) > 5:
            yield f"{len(self.changed) - 5} more are changed."
        if self.added:
            yield f"Added: {_list(self.added)}."
        if self.duplicated:
            yield f"Twice: {_list(self.duplicated)}."
        if self.reordered:
            yield "The variables came in another order than they were sent."


def compare(sent: list[Pair], asked: list[Pair]) -> Differences:
    """`asked` without ok_verify."""
    found = Differences()
    if sent == asked:
        return found
    sent_values, asked_values = _by_name(sent), _by_name(asked)
    for name, values in sent_values.items():
        _compare_values(name, values, asked_values.get(name, []), found)
    found.added += [name for name in asked_values if name not in sent_values]
    found.reordered = not len(found)
    return found


def _by_name(pairs: list[Pair]) -> dict[str, list[str]]:
    values = defaultdict(list)
    for name, value in pairs:
        values[name].append(value)
    return values


def _compare_values(name: str, sent: list[str], asked: list[str], found: Differences) -> None:
    for sent_value, asked_value in zip(sent, asked, strict=False):
        if sent_value != asked_value:
            found.changed.append((name, sent_value, asked_value))
            if explanation := explain_change(sent_value, asked_value):
                found.encoding.append((name, explanation))
    if len(asked) < len(sent):
        found.missing.append(name)
    elif len(asked) > len(sent):
        found.duplicated.append(name)


def explain_change(sent: str, asked: str) -> str:
    """What a client did to a value, if it is one of the usual things; else empty."""
    if is_same_number(sent, asked):
        return "the number was written in another way"
    raw = asked.encode("utf-8", "surrogateescape")
    for charset in CHARSETS:
        if raw == _encoded(sent, charset):
            return f"encoded as {charset} instead of UTF-8"
        if asked == _decoded(sent, charset):
            return f"UTF-8 taken for {charset} and encoded again"
    for explanation, is_it in (
        ("escaped twice", unquote_plus(asked) == sent),
        ("HTML-escaped", html.unescape(asked) == sent),
        ("backslashes added", re.sub(r"\\(.)", r"\1", asked, flags=re.DOTALL) == sent),
        ("a + was not escaped, so that it reads as a space", sent.replace("+", " ") == asked),
        ("an & was not escaped, so that the value ends there", sent.startswith(asked + "&")),
        ("letters replaced by ?", sent.encode("ascii", "replace").decode() == asked),
        ("other line ends", sent.splitlines() == asked.splitlines()),
        ("spaces removed at its ends", sent.strip() == asked),
        ("another Unicode form", unicodedata.normalize("NFC", sent) == unicodedata.normalize("NFC", asked)),
        ("upper or lower case changed", sent.casefold() == asked.casefold()),
        ("cut off", bool(asked) and sent.startswith(asked)),
    ):
        if is_it:
            return explanation
    for charset in CHARSETS:  # as PHP's utf8_decode does it
        if raw == sent.encode(charset, "replace"):
            return f"encoded as {charset} instead of UTF-8, letters that it lacks replaced by ?"
    return "not UTF-8" if raw != asked.encode("utf-8", "replace") else ""


def is_same_number(sent: str, asked: str) -> bool:
    """25.00 and 25, or 25,00: it looks cut off and is not."""
    try:
        return Decimal(sent) == Decimal(asked.replace(",", "."))
    except InvalidOperation:
        return False


def _encoded(text: str, charset: str) -> bytes | None:
    try:
        return text.encode(charset)
    except UnicodeError:
        return None


def _decoded(text: str, charset: str) -> str | None:
    try:
        return text.encode().decode(charset)
    except UnicodeError:
        return None


def _bounded(each: str | tuple[str, ...]) -> str | list[str]:
    if isinstance(each, str):
        return storable(each[:LONGEST_VALUE])
    return [storable(part[:LONGEST_VALUE]) for part in each]


def _list(names: list[str]) -> str:
    return ", ".join(map(_short, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _quoted(text: str) -> str:
    """Bytes that are no UTF-8 as \\xNN, not as the surrogates that the parser keeps them in."""
    return re.sub(r"\\udc([89a-f][0-9a-f])", r"\\x\1", repr(_short(text)))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
