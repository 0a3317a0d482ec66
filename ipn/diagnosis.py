"""Why INVALID? What was sent and what came back, side by side, and for each difference the cure in a sentence.

ipn.verification gives the verdict and ipn.comparison the differences; this explains them to the owner of the listener.
From the official page "IPN Troubleshooting Tips".
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ipn.comparison import explain_change, parse
from ipn.models import Verification
from ipn.verification import KEPT_OF_A_BODY

Pair = tuple[str, str]
Words = str | Promise

# Longer bodies are not laid side by side to their end: no message of ours was ever so long.
MOST_VARIABLES = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to do about it. A warning did not cost the verdict."""

    key: str
    title: Words
    cure: Words
    names: tuple[str, ...] = ()
    is_warning: bool = False


@dataclass(frozen=True)
class Change:
    """What a listener did to a value, and the cure."""

    key: str
    title: Words
    cure: Words


@dataclass(frozen=True)
class Line:
    """One variable: as sent, as it came back, None where it is not there."""

    SAME, CHANGED, MISSING, ADDED, MOVED = "same", "changed", "missing", "added", "moved"

    name: str
    sent: str | None
    came: str | None
    state: str
    change: Change | None = None
    is_repeated: bool = False

    @property
    def label(self) -> Words:
        return LABELS[self.state]


@dataclass(frozen=True)
class Diagnosis:
    """`is_known`: there is a message to lay beside what came."""

    findings: list[Finding]
    lines: list[Line]
    is_known: bool


LABELS: dict[str, Words] = {
    Line.SAME: gettext_lazy("Same"),
    Line.CHANGED: gettext_lazy("Changed"),
    Line.MISSING: gettext_lazy("Missing"),
    Line.ADDED: gettext_lazy("Added"),
    Line.MOVED: gettext_lazy("Re-ordered"),
}


def diagnose(verification: Verification, sent: Sequence[Pair] | None = None) -> Diagnosis:
    """What there is to say about a call of ipn-verify. `sent` is what it ought to have been about, if that is known."""
    came = [pair for pair in parse(verification.body.encode()) if pair[0] != "ok_verify"]
    expected = _expected(verification, came) if sent is None else sent
    lines = compare(expected or [], came)
    findings = list(_about_the_request(verification))
    if verification.body.strip():
        findings += _about_the_message(verification, is_known=expected is not None)
    if expected is not None and came:
        findings += _about_the_lines(lines)
    if verification.verdict != Verification.Verdict.INVALID:
        findings = [replace(finding, is_warning=True) for finding in findings]
    return Diagnosis(findings, lines if came else [], is_known=expected is not None)


def compare(sent: Sequence[Pair], came: Sequence[Pair]) -> list[Line]:
    """Both in the order of what was sent; what was added stands where it came."""
    known = {name for name, _value in sent}
    values: dict[str, str] = {}
    added: dict[str, list[Line]] = {}  # by the known variable that they came after
    before = ""
    for name, value in came[:MOST_VARIABLES]:
        if name in known and name not in values:
            values[name] = value
            before = name
        else:
            line = Line(_readable(name), None, _readable(value), Line.ADDED, is_repeated=name in known)
            added.setdefault(before, []).append(line)
    moved = _moved([name for name, _value in sent if name in values], list(values))
    lines = added.get("", [])
    for name, value in sent:
        lines.append(_line(name, value, values.get(name), name in moved))
        lines += added.get(name, [])
    return lines


def _expected(verification: Verification, came: Sequence[Pair]) -> list[Pair] | None:
    """The variables that it should have brought back: of the message as it was sent first, or again."""
    if message := verification.message:
        resend = message.resent and ("ok_ipn_resend", "true") in came
        return parse(message.body(resend=resend).encode())
    return parse(verification.auto_return.variables.encode()) if verification.auto_return else None


def _line(name: str, sent: str, came: str | None, moved: bool) -> Line:
    if came is None:
        return Line(name, sent, None, Line.MISSING)
    if came != sent:
        return Line(name, sent, _readable(came), Line.CHANGED, how_it_changed(sent, came))
    return Line(name, sent, came, Line.MOVED if moved else Line.SAME)


def _readable(text: str) -> str:
    """Bytes that are no UTF-8 as \\xNN; the parser keeps them as surrogates, which nobody can show."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _moved(sent: list[str], came: list[str]) -> set[str]:
    """The fewest variables that one would have to move: those beside a longest run that kept its order."""
    place = {name: index for index, name in enumerate(sent)}
    ends: list[int] = []  # of the runs of each length, the place where the lowest one ends
    before: dict[int, int | None] = {}
    for name in came:
        at = bisect_left(ends, place[name])
        before[place[name]] = ends[at - 1] if at else None
        ends[at : at + 1] = [place[name]]
    kept = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(sent[last])
        last = before[last]
    return set(came) - kept


# What is wrong, in words


def _about_the_request(verification: Verification) -> Iterator[Finding]:
    body, differences = verification.body.strip(), verification.differences
    if not body:
        yield Finding(
            "empty",
            _("Nothing came"),
            _("Post the message’s variables back, form-encoded, as the body of the request."),
        )
        return
    if "unreadable" in differences:
        yield Finding(
            "unreadable",
            _("The request could not be read"),
            _("Send the whole body, with its Content-Length: %(why)s.") % {"why": differences["unreadable"]},
        )
    if "scripted" in differences:
        yield Finding(
            "scripted",
            _("A scenario asked for this answer"),
            _("Nothing is wrong with what you sent; see Test Tools, Scenarios, or the directive in the invoice."),
        )
    if body.startswith(("{", "[", "<", "--")) or "multipart/" in verification.content_type.lower():
        yield Finding(
            "not-a-form",
            _("The body is not form-encoded"),
            _("Send it as application/x-www-form-urlencoded: name=value, joined by &; not as JSON, XML or multipart."),
        )
    if "ok_verify" in differences:
        absent = differences["ok_verify"] == "absent"
        yield Finding(
            "ok-verify",
            _("ok_verify=true is absent") if absent else _("ok_verify is not true"),
            _("Put ok_verify=true before the variables that you received, and post both together."),
        )
    if len(verification.body) >= KEPT_OF_A_BODY:
        yield Finding(
            "too-long",
            _("The body is longer than any message"),
            _("Post back what you received and nothing more. Only the start of it is kept here."),
        )


def _about_the_message(verification: Verification, *, is_known: bool) -> Iterator[Finding]:
    if "unknown_message" not in verification.differences and is_known:
        return
    if not verification.differences.get("unknown_message"):
        yield Finding(
            "unknown",
            _("No message is known with these variables, and ok_ipn_id is missing"),
            _("Post back every variable that you received, the last one too, and invent none."),
        )
    else:
        yield Finding(
            "unknown",
            _("No message with this ok_ipn_id is known"),
            _(
                "Verify where the message came from: one of another server, or from before a reset, is unknown here. "
                "If it did not come from us, somebody forged it: do not deliver."
            ),
            ("ok_ipn_id",),
        )


def _about_the_lines(lines: Sequence[Line]) -> Iterator[Finding]:
    missing = [line for line in lines if line.state == Line.MISSING]
    added = [line for line in lines if line.state == Line.ADDED and not line.is_repeated]
    repeated = [line for line in lines if line.is_repeated]
    moved = [line for line in lines if line.state == Line.MOVED]
    if missing:
        yield Finding("missing", _("Variables are missing"), _cure_for_missing(missing, lines), _names(missing))
    if added:
        yield Finding(
            "added",
            _("Variables were added"),
            _("Post back what you received and nothing of your own but ok_verify=true: no session, submit or route."),
            _names(added),
        )
    if repeated:
        yield Finding(
            "repeated",
            _("Variables came twice"),
            _("Post each variable back once: perhaps they stand both in the URL’s query and in the body."),
            _names(repeated),
        )
    for change in dict.fromkeys(line.change for line in lines if line.change):
        yield Finding(change.key, change.title, change.cure, _names([line for line in lines if line.change == change]))
    if moved:
        yield Finding(
            "order",
            _("The variables came in another order"),
            _("Post them back in the order in which they came: the raw body, not a sorted or an unordered map."),
            _names(moved),
            is_warning=not settings.IPN_VERIFY_STRICT_ORDER,
        )


def _names(lines: Sequence[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.name for line in lines))


def _cure_for_missing(missing: Sequence[Line], lines: Sequence[Line]) -> str:
    if not any(line.sent for line in missing):
        return _("All of them are empty. Post empty variables back as well: name= without a value.")
    if len(missing) > 1 and list(lines[-len(missing) :]) == list(missing):
        return _("The end is missing. Do not cut the body off: mind limits on its length or its number of variables.")
    return _("Post back all that you received, also variables that your shop does not use.")


# How a value changed

# ipn.comparison's words (or how they begin), and what we say and advise.
CHANGES: dict[str, Change] = {
    "the number was written in another way": Change(
        "number",
        gettext_lazy("The number was written in another way"),
        gettext_lazy("Treat values as text: 100.00 must not become 100 or 100,00."),
    ),
    "encoded as ": Change(
        "charset",
        gettext_lazy("In the wrong charset"),
        gettext_lazy("Encode it in UTF-8, as ok_charset says, not in the charset of your shop."),
    ),
    "UTF-8 taken for ": Change(
        "read-in-charset",
        gettext_lazy("Read in the wrong charset"),
        gettext_lazy("Decode the message as UTF-8 before you encode it again, or post its raw body back."),
    ),
    "escaped twice": Change(
        "double-encoded",
        gettext_lazy("Double-encoded"),
        gettext_lazy("Encode each value once: if you post the raw body back, do not encode it again."),
    ),
    "HTML-escaped": Change(
        "html",
        gettext_lazy("Written as HTML"),
        gettext_lazy("Post the value itself: do not escape it for HTML first."),
    ),
    "backslashes added": Change(
        "backslashes",
        gettext_lazy("Backslashes were added"),
        gettext_lazy("Take off the slashes that your framework adds to quotes, or post the raw body back."),
    ),
    "a + was not escaped": Change(
        "not-encoded",
        gettext_lazy("Not encoded"),
        gettext_lazy("Encode each value before you join them: a +, %, & or # in a value means something else."),
    ),
    "letters replaced": Change(
        "letters-lost",
        gettext_lazy("Letters were lost"),
        gettext_lazy("Your charset lacks some letters. Handle the message as UTF-8 throughout."),
    ),
    "other line ends": Change(
        "line-ends",
        gettext_lazy("Line ends changed"),
        gettext_lazy("Keep line ends as they came: do not turn them into those of your system."),
    ),
    "spaces removed": Change(
        "trimmed",
        gettext_lazy("Spaces were removed"),
        gettext_lazy("Do not trim values: spaces at the beginning and the end belong to them."),
    ),
    "another Unicode form": Change(
        "unicode-form",
        gettext_lazy("In another Unicode form"),
        gettext_lazy("Do not normalise values: post the letters back as they came."),
    ),
    "upper or lower case": Change(
        "case",
        gettext_lazy("Upper and lower case changed"),
        gettext_lazy("Post values back letter for letter."),
    ),
    "cut off": Change(
        "cut-off",
        gettext_lazy("Cut off"),
        gettext_lazy("Do not cut values off: the column or buffer that holds them is too short."),
    ),
    "not UTF-8": Change(
        "not-utf-8",
        gettext_lazy("Not UTF-8"),
        gettext_lazy("Encode it in UTF-8, as ok_charset says."),
    ),
}
CHANGES["an & was not escaped"] = CHANGES["a + was not escaped"]
EMPTIED = Change(
    "emptied",
    gettext_lazy("Emptied"),
    gettext_lazy("Post the value back as you received it. A filter of your framework may have emptied it."),
)
ANOTHER_VALUE = Change(
    "changed",
    gettext_lazy("Another value"),
    gettext_lazy("This is not what we sent. If your own code did not change it, somebody forged it: do not deliver."),
)


def how_it_changed(sent: str, came: str) -> Change:
    """The likeliest thing that a listener did to the value."""
    if not came:
        return EMPTIED
    words = explain_change(sent, came)
    return next((change for beginning, change in CHANGES.items() if words.startswith(beginning)), ANOTHER_VALUE)
