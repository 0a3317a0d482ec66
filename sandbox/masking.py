"""Secrets are taken out of what went over the wire before anybody keeps it: the journal stores nothing else.

A secret is known by its name (SecurityToken, password, Cookie ...) wherever names have values: forms, XML, JSON,
multipart, HTML, headers, addresses, whole or broken. Some are known by their look: a token is 64 hexadecimal digits, a
card number has the right check digit. And what was found once is a secret wherever else it stands (`Masker`).
Where a text is broken so that it cannot be seen where a secret ends, what follows is taken out up to the end.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

MASK = "***"
# A secret shorter than this is not looked for in other places: too many innocent words would go.
LONG_ENOUGH = 8

# A name is one of a secret if, letters and digits only, it has one of these in it ...
_CONTAINS = re.compile(
    "password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|authorization|credential|csrf|xsrf|sessionid|sessid"
    "|okpaysession|cardnumber|cardno|creditcard|securitycode"
)
# ... or is one of these.
_EXACTLY = frozenset(
    (
        "pass",
        "pwd",
        "pw",
        "pin",
        "auth",
        "cookie",
        "setcookie",
        "session",
        "sid",
        "cvv",
        "cvc",
        "cvv2",
        "cvc2",
        "pan",
        "jwt",
    )
)
# Each such name has one of these in it, which is quickly looked for.
_FRAGMENTS = (
    *("pass", "secret", "token", "key", "auth", "credential", "csrf", "xsrf", "sess", "card", "code", "pwd", "pw"),
    *("pin", "cookie", "sid", "cvv", "cvc", "pan", "jwt"),
)
_COMPACT = re.compile(r"[^a-z0-9]")
_NAME = re.compile(r"[\w.$-]{0,60}")
_PREFIX = re.compile(r"(</?|&lt;/?)\s{0,5}(?:[\w.-]{1,40}:)?\Z")
# What lies between a name and its value in JSON, headers and everything that looks like them.
_SEPARATOR = re.compile(r"""\\?["']?\]?\\?["']?\s{0,20}(?:=>|[:=>])\s{0,20}""")
_ATTRIBUTES = re.compile(r"""(?:\s[^<>]*)?>""")
_ATTRIBUTE = re.compile(r"""\s{0,20}=\s{0,20}(?=["'])""")
_PART = re.compile(r"""["']?(?:;|\r|\n)""")
_INPUT = re.compile(r"<(?i:input|button|param|meta)\b[^<>]{0,2000}>")
_INPUT_NAME = re.compile(r"""\bname\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_INPUT_VALUE = re.compile(r"""(\bvalue\s*=\s*)("[^"]*"?|'[^']*'?|[^\s>]+)""", re.IGNORECASE)
# Each begins with the letters that it may begin with, and then looks back: so a text without them is quickly done with.
_CREDENTIALS = re.compile(r"([BDbd](?<!\w.)(?i:earer|asic|igest))(\s+|%20|\+)[^\s,;&\"'<]+")
_TOKEN = re.compile(r"[0-9A-Fa-f](?<![0-9A-Za-z].)[0-9A-Fa-f]{63}(?![0-9A-Za-z])")
_CARD = re.compile(r"[2-6](?<![\w.].)\d{3}(?:(?:[ +-]|%20)?\d){9,15}(?!\w)")
_CONTROL_TOKEN = re.compile(r"okc_[0-9A-Za-z_-]{8,}")
_NO_DIGITS = re.compile(r"%20|\D")
_ESCAPED_LETTER = re.compile(r"%(?:25)*[4-7][0-9a-f]", re.IGNORECASE)
_JSON_ESCAPE = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)
_CAPITALS = re.compile(r"[A-Z]+")
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,80}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_CHECKOUT = re.compile(r"(checkout(?:-sessions)?(?:/|%2[Ff]))([A-Za-z0-9_-]{6})[A-Za-z0-9_-]{10,}")

Found = Callable[[str], object]

# Texts without a secret that come again and again, such as the headers of every answer; never one with a secret.
_PLAIN: set[str] = set()
_PLAIN_ADDRESSES: set[str] = set()
MOST_PLAIN, LONGEST_PLAIN = 1000, 300


@lru_cache(maxsize=1000)
def is_secret(name: str) -> bool:
    """Whether a variable, header, element or field of this name holds something secret."""
    compact = _COMPACT.sub("", name.lower())
    return compact in _EXACTLY or _CONTAINS.search(compact) is not None


class Masker:
    """Masks the parts of one request and its answer, and remembers: what was secret in one is so in the others."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """`known` are secrets whose value is known beforehand."""
        self._secrets = set(_known_forms(tuple(known)))

    def learn(self, secret: str) -> None:
        self._secrets |= _forms(secret)

    def text(self, text: str) -> str:
        """A body or any other text, of whatever format it may be."""
        return mask(text, self.learn)

    def page(self, html: str) -> str:
        """A page of our own."""
        return _looks(_scan(_fields(html, self.learn), self.learn, is_html=True))

    def query(self, query: str) -> str:
        return _looks(_pairs(query, self.learn))

    def address(self, url: str) -> str:
        """An absolute or relative address: its query, its password, and the tokens of checkouts in its path."""
        if url in _PLAIN_ADDRESSES:
            return url
        masked = self._address(url)
        if masked == url and len(url) <= LONGEST_PLAIN:
            _remember(url, _PLAIN_ADDRESSES)
        return masked

    def _address(self, url: str) -> str:
        head, question, query = url.partition("?")
        scheme, slashes, rest = head.partition("://")
        authority, at, host = rest.partition("@")
        if at and "/" not in authority:
            self.learn(authority.partition(":")[2])
            head = f"{scheme}{slashes}{MASK}@{host}"
        return _without_checkout_tokens(_looks(_scan(head, self.learn)) + question + self.query(query))

    def header(self, name: str, value: str) -> str:
        lower = name.lower()
        if lower == "cookie":
            return "; ".join(self._cookie(part.strip()) for part in value.split(";"))
        if lower == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            return self._cookie(cookie) + semicolon + attributes
        if lower == "authorization" and " " in value:
            scheme, _space, credentials = value.partition(" ")
            self.learn(credentials)
            return f"{scheme if scheme.isalnum() else MASK} {MASK}"
        if is_secret(name):
            self.learn(value)
            return MASK
        if lower in ("location", "referer", "content-location", "origin"):
            return self.address(value)
        return value if _is_plain(value) else self.text(value)

    def scrub(self, text: str) -> str:
        """Once every part was masked: without the secrets that any of them had."""
        if not text:
            return text
        for secret in sorted(self._secrets, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def _cookie(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        self.learn(value)
        return f"{name}={MASK}" if equals else MASK


@lru_cache(maxsize=2)
def _known_forms(secrets: tuple[str, ...]) -> set[str]:
    """Of the installation's own secrets, which are the same with every request."""
    return {form for secret in secrets for form in _forms(secret)}


def _forms(secret: str) -> set[str]:
    """How a secret may be written, if it is long enough to be looked for."""
    secret = secret.strip().strip("\"'")
    forms = {secret, unquote_plus(secret), quote_plus(secret)}
    return {form for form in forms if len(form) >= LONG_ENOUGH and MASK not in form}


def _is_plain(text: str) -> bool:
    """Whether it is known to have no secret in it."""
    if text in _PLAIN:
        return True
    if len(text) > LONGEST_PLAIN or mask(text) != text:
        return False
    _remember(text, _PLAIN)
    return True


def _remember(text: str, plain: set[str]) -> None:
    if len(plain) >= MOST_PLAIN:
        plain.clear()
    plain.add(text)


def mask(text: str, found: Found = lambda _secret: None) -> str:
    """`text` without secrets; `found` is told each one that was taken out for its name."""
    if not text:
        return text
    start = text[:200].lstrip()[:1]
    if start and start in "{[" and (masked := _json(text, found)) is not None:
        return _looks(masked)
    if start != "<" and "=" in text:
        text = _pairs(text, found)
    elif _ESCAPED_LETTER.search(text):
        text = _pairs(_scan(text, found), found)
    return _looks(_scan(_fields(text, found), found))


def decode(body: bytes, content_type: str = "") -> str | None:
    """The body as text by its mark, the header's charset, the XML declaration or as UTF-8; None when it is no text."""
    charset = _charset(body, content_type)
    try:
        text = body.decode(charset, "backslashreplace")
    except (UnicodeError, LookupError, ValueError):
        text = body.decode("utf-8", "backslashreplace")
    if len(_CONTROL.findall(text, 0, 4096)) > min(len(text), 4096) // 20:
        return None
    return text


def _charset(body: bytes, content_type: str) -> str:
    for mark, name in _BOMS:
        if body.startswith(mark):
            return name
    zeros = body[:400].count(0)
    if zeros * 4 > len(body[:400]):
        # UTF-16 that does not say so: of Latin letters every other byte is zero.
        return "utf-16-le" if body[1:400:2].count(0) > zeros // 2 else "utf-16-be"
    declared = _CHARSET.search(content_type)
    named = declared[1] if declared else ""
    if not named and (in_xml := _XML_ENCODING.search(body[:200])):
        named = in_xml[1].decode("ascii")
    try:
        known = codecs.lookup(named or "utf-8")
    except LookupError:
        return "utf-8"
    # Others, such as base64, are no character sets; UTF-16 without a mark has been seen above.
    is_text = getattr(known, "_is_text_encoding", False) and not known.name.startswith(("utf-16", "utf-32"))
    return known.name if is_text else "utf-8"


def _pairs(text: str, found: Found) -> str:
    """A form or a query, piece by piece; what is no pair is looked through like any text."""
    return "&".join(_pair(piece, found) for piece in text.split("&"))


def _pair(piece: str, found: Found) -> str:
    name, equals, value = piece.partition("=")
    if not equals or not value:
        return piece
    plain_name = _unescaped(name)
    if is_secret(plain_name[-100:]) and "<" not in plain_name and '"' not in plain_name:
        found(value)
        return f"{name}={MASK}"
    if "%" not in value and "+" not in value:
        return piece
    plain = _unescaped(value)
    masked = _scan(_pairs(plain, found) if "&" in plain else plain, found)
    return piece if masked == plain else f"{name}={quote_plus(masked, safe='*:/?')}"


def _unescaped(text: str) -> str:
    """Escaped once or several times over, it is the same to whoever looks for a secret."""
    for _times in range(4):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


def _json(text: str, found: Found) -> str | None:
    """None when it is no JSON. Written anew only when there was something to take out."""
    try:
        value = json.loads(text)
        masked, changed = _in_value(value, found)
    except (ValueError, RecursionError):
        return None
    return json.dumps(masked, ensure_ascii=False) if changed else text


def _in_value(value: Any, found: Found) -> tuple[Any, bool]:
    if isinstance(value, dict):
        parts: dict[str, Any] = {}
        changed = False
        for name, inner in value.items():
            if is_secret(name) and inner not in (None, "", True, False):
                if isinstance(inner, str | int):
                    found(str(inner))
                parts[name], changed = MASK, True
            else:
                parts[name], here = _in_value(inner, found)
                changed |= here
        return parts, changed
    if isinstance(value, list):
        masked = [_in_value(inner, found) for inner in value]
        return [inner for inner, _changed in masked], any(changed for _inner, changed in masked)
    if isinstance(value, str):
        text = mask(value, found)
        return text, text != value
    return value, False


def _scan(text: str, found: Found, *, is_html: bool = False) -> str:
    """Whatever it is: after each name of a secret, its value is taken out as far as it may reach."""
    if "\\u00" in text:
        text = _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    parts, done = [], 0
    for start, end in _names(text):
        if start < done or (value := _value_after(text, start, end, is_html=is_html)) is None:
            continue
        start, end = value
        if (secret := text[start:end].strip()) and secret != MASK:
            found(secret)
            parts += [text[done:start], MASK]
            done = end
    return "".join((*parts, text[done:])) if parts else text


def _names(text: str) -> list[tuple[int, int]]:
    """Where the names of secrets stand."""
    lower = text.lower()
    if len(lower) != len(text):  # some letters become two
        lower = _CAPITALS.sub(lambda capitals: capitals[0].lower(), text)
    places = set()
    for fragment in _FRAGMENTS:
        at = lower.find(fragment)
        while at >= 0:
            places.add(at)
            at = lower.find(fragment, at + 1)
    names = set()
    for at in places:
        start = at - _length_of_name(text[max(0, at - 60) : at][::-1])
        end = at + _length_of_name(text[at : at + 60])
        if is_secret(text[start:end]):
            names.add((start, end))
    return sorted(names)


def _length_of_name(text: str) -> int:
    name = _NAME.match(text)
    assert name
    return name.end()


def _value_after(text: str, start: int, end: int, *, is_html: bool) -> tuple[int, int] | None:
    """From where to where the value of the name between `start` and `end` reaches; None when it is only mentioned."""
    if opened := _PREFIX.search(text, max(0, start - 50), start):
        return None if opened[1].endswith("/") else _element(text, start, end, opened[1])
    if is_html and text.rfind("<", max(0, start - 500), start) > text.rfind(">", max(0, start - 500), start):
        # Within a tag only what an attribute of that name says; a field's value has been seen to.
        attribute = _ATTRIBUTE.match(text, end)
        return _quoted(text, attribute.end()) if attribute else None
    if text.startswith("&gt;", end):
        return end, _first(text, end, "&lt;")
    if text[max(0, start - 6) : start].lower().endswith(("name=", 'name="', "name='")) and _PART.match(text, end):
        # A part of a multipart body; its content comes after an empty line.
        return end if (empty := text.find("\n\r\n", end, end + 300)) < 0 else empty + 3, _first(text, end, "\n--")
    separator = _SEPARATOR.match(text, end)
    if separator is None:
        return None
    start = separator.end()
    if text.startswith(('"', "'"), start):
        return _quoted(text, start)
    if text.startswith('\\"', start):
        return start + 2, _first(text, start + 2, '\\"')
    if text.startswith(("[", "{"), start):
        return start, len(text)
    return start, _first(text, start, *(("<",) if separator[0].rstrip().endswith(">") else ("\n", "&")))


def _element(text: str, start: int, end: int, opened: str) -> tuple[int, int] | None:
    """The content of an element, as far as its end; without one, as far as there is anything."""
    name = text[start:end]
    if opened == "<":
        if attributes := _ATTRIBUTES.match(text, end):
            if attributes[0].endswith("/>"):
                return None
            end = attributes.end()
        elif text.startswith("/>", end):
            return None
    elif (closed := text.find("&gt;", end)) >= 0:
        end = closed + 4
    start = end
    while (end := text.find(f"{opened}/", end)) >= 0:
        closing = text[end + len(opened) + 1 : end + len(opened) + 120]
        if closing.startswith(name) or closing.partition(":")[2].startswith(name):
            return start, end
        end += 1
    return start, len(text)


def _quoted(text: str, start: int) -> tuple[int, int]:
    quote, end = text[start], start + 1
    while (end := text.find(quote, end)) >= 0:
        before = text[start + 1 : end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return start + 1, end
        end += 1
    return start + 1, len(text)


def _first(text: str, start: int, *ends: str) -> int:
    return min((at for end in ends if (at := text.find(end, start)) >= 0), default=len(text))


def _fields(text: str, found: Found) -> str:
    """The fields of HTML forms: a value stands beside its name, before or after."""
    return _INPUT.sub(lambda tag: _field(tag[0], found), text)


def _field(tag: str, found: Found) -> str:
    name = _INPUT_NAME.search(tag)
    if name is None or not is_secret(name[1]):
        return tag

    def masked(value: re.Match[str]) -> str:
        found(value[2].strip("\"'"))
        return f'{value[1]}"{MASK}"'

    return _INPUT_VALUE.sub(masked, tag)


def _looks(text: str) -> str:
    """What can be told by its look: tokens, credentials, card numbers (their last four digits stay)."""
    text = _CREDENTIALS.sub(lambda match: f"{match[1]}{match[2]}{MASK}", text)
    return _CARD.sub(_card, _TOKEN.sub(MASK, _CONTROL_TOKEN.sub(MASK, text)))


def _card(match: re.Match[str]) -> str:
    digits = _NO_DIGITS.sub("", match[0])
    return f"{MASK}{digits[-4:]}" if _is_card(digits) else match[0]


def _is_card(digits: str) -> bool:
    """Luhn's check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return 13 <= len(digits) <= 19 and total % 10 == 0


def _without_checkout_tokens(address: str) -> str:
    """Whoever knows a checkout's token may pay it, so only its beginning is told: enough to tell two apart."""
    return _CHECKOUT.sub(rf"\1\2{MASK}", address)
