"""From the bytes of a request to the element of its call, or a refusal that says what is wrong.

Nothing that costs more than it is worth is parsed: size, markup and attributes are bounded before, and there is no
document type, so no entities. What a header may hold is ignored unless it insists on being understood.
"""

import codecs
import re
import threading

from lxml import etree

from soapapi.errors import HeaderNotUnderstood, Malformed, OtherSoapVersion, TooLarge
from soapapi.namespaces import SOAP, SOAP_1_2

# A call has at most some forty elements and attributes; clients add unused namespaces and headers. An uploaded image is
# the one thing that makes a request long.
MOST_BYTES = 8 * 1024 * 1024
MOST_MARKUP = 2_000  # tags, opening and closing
MOST_ATTRIBUTES = 500  # namespace declarations among them

_ENVELOPE, _HEADER, _BODY = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body"))
_MUST_UNDERSTAND = f"{{{SOAP}}}mustUnderstand"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
# What may stand before the root element without being a document type.
_PROLOG = re.compile(rb"(?:\s+|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->)*")


def call_in(body: bytes, content_type: str) -> etree._Element:
    """The one element in the Body. Raises Malformed and its kinds."""
    envelope = _parse(_as_utf8(body, content_type))
    if envelope.tag != _ENVELOPE:
        if envelope.tag == f"{{{SOAP_1_2}}}Envelope":
            raise OtherSoapVersion("the envelope is SOAP 1.2's, this service speaks 1.1")
        raise Malformed("the root element is no SOAP 1.1 Envelope")
    bodies = envelope.findall(_BODY)
    if len(bodies) != 1:
        raise Malformed(f"the Envelope has {len(bodies)} Bodies")
    for header in envelope.iterfind(f"{_HEADER}/*"):
        if (header.get(_MUST_UNDERSTAND) or "").strip() in ("1", "true"):
            raise HeaderNotUnderstood("a header says mustUnderstand")
    if len(bodies[0]) != 1:
        raise Malformed(f"the Body has {len(bodies[0])} elements, a call is one")
    return bodies[0][0]


def local_name(element: etree._Element) -> tuple[str, str]:
    """The namespace and the name of an element."""
    namespace, _, name = element.tag.rpartition("}")
    return namespace[1:], name


def _as_utf8(body: bytes, content_type: str) -> bytes:
    """The request in UTF-8, whatever Unicode it came in. Other character sets are not the service's."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"more than {MOST_BYTES} bytes")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    elif declared := _CHARSET.search(content_type):
        charset = declared[1].lower()
    else:
        charset = "utf-8"
    if charset not in ("utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be"):
        raise Malformed("the character set is not UTF-8")
    try:
        if charset.startswith("utf-16"):
            return body.decode(charset).encode()
        body.decode("utf-8")
    except UnicodeError:
        raise Malformed(f"the request is not {charset}") from None
    return body.removeprefix(codecs.BOM_UTF8)


def _parse(xml: bytes) -> etree._Element:
    if not xml.strip():
        raise Malformed("the request is empty")
    if xml.count(b"<") > MOST_MARKUP or xml.count(b"=") > MOST_ATTRIBUTES:
        raise TooLarge("too many elements or attributes")
    prolog = _PROLOG.match(xml)
    if prolog and xml.startswith(b"<!", prolog.end()):
        raise Malformed("a document type is not allowed")
    try:
        # The encoding that the XML declaration names is no longer the one that it has.
        return etree.fromstring(xml, _parsers.of_this_thread)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"not well-formed XML: {error}") from None


_SAFE = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "remove_comments": True,
    "remove_pis": True,
    "huge_tree": False,
}


class _Parsers(threading.local):
    """Making one costs as much as what it does with a call."""

    def __init__(self) -> None:
        self.of_this_thread = etree.XMLParser(encoding="utf-8", **_SAFE)


_parsers = _Parsers()
