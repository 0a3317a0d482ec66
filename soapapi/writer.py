"""Writes answers as OKPAY's .NET service did, byte for byte where clients could tell.

`<OpResponse><OpResult>`, the fields of a result under the prefix `a`, of types from another namespace under `b`; no
Header and no XML declaration. Every field is always there: empty text is an empty element, only a missing structure is
nil. Half of a history's time used to be spent here, so each type has its tags ready.
"""

import base64
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

from spyne.model import ComplexModelBase

from soapapi.contract import python_type
from soapapi.namespaces import SOAP, XSI, T

_SPECIAL = re.compile("[&<>\r]|[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}

Write = Callable[[Any, list[str]], None]


def answer(message: Any, result: Any) -> str:
    """The envelope of a result. `message` is spyne's model of the response."""
    (name, model), *_ = message._type_info.items()
    parts = [
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{message.get_type_name()} xmlns="{T}">',
    ]
    _result_writer(name, model)(result, parts)
    parts.append(f"</{message.get_type_name()}></s:Body></s:Envelope>")
    return "".join(parts)


def call(message: Any, values: Mapping[str, Any]) -> str:
    """The envelope of a call, for examples. `message` is spyne's model of the request."""
    parts = [f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{message.get_type_name()} xmlns="{T}">']
    for name, model in message._type_info.items():
        _result_writer(name, model)(values[name], parts)
    parts.append(f"</{message.get_type_name()}></s:Body></s:Envelope>")
    return "".join(parts)


def fault(faultcode: str, faultstring: str) -> str:
    """No detail, which Mono's client cannot read, and no xml:lang, which makes an object of the string in another's."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:{faultcode}</faultcode>'
        f"<faultstring>{text(faultstring)}</faultstring></s:Fault></s:Body></s:Envelope>"
    )


def text(value: Any) -> str:
    """A value in the lexical form of XML Schema, escaped. Characters that XML cannot hold become U+FFFD."""
    if isinstance(value, str):
        return _SPECIAL.sub(_replacement, value) if _SPECIAL.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _replacement(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], "\ufffd")


@cache
def _result_writer(name: str, model: Any) -> Write:
    if not issubclass(model, ComplexModelBase):
        return _simple_writer(f"<{name}", f"</{name}>")
    prefixes = {model.get_namespace(): "a"}
    _number_namespaces(model, prefixes)
    declarations = "".join(f' xmlns:{prefix}="{namespace}"' for namespace, prefix in prefixes.items())
    return _writer(name, f'<{name}{declarations} xmlns:i="{XSI}"', model, prefixes)


def _number_namespaces(model: Any, prefixes: dict[str, str]) -> None:
    """Prefixes for the namespaces of the structures within: a, b, c."""
    for kind in model._type_info.values():
        if issubclass(kind, ComplexModelBase):
            prefixes.setdefault(kind.get_namespace(), "abc"[len(prefixes)])
            _number_namespaces(kind, prefixes)


def _writer(name: str, start: str, model: Any, prefixes: dict[str, str]) -> Write:
    """Writes one element. `start` is its opening tag but for the closing bracket."""
    if not issubclass(model, ComplexModelBase):
        return _simple_writer(start, f"</{name}>")
    prefix = prefixes[model.get_namespace()]
    members = [
        (member, _writer(f"{prefix}:{member}", f"<{prefix}:{member}", kind, prefixes))
        for member, kind in model._type_info.items()
    ]
    if python_type(model) is list:
        return _list_writer(start, f"</{name}>", members[0][1])
    return _structure_writer(start, f"</{name}>", [(attrgetter(member), write) for member, write in members])


def _simple_writer(start: str, closing: str) -> Write:
    def write(value: Any, parts: list[str]) -> None:
        content = text(value)
        parts.append(f"{start}>{content}{closing}" if content else f"{start}/>")

    return write


def _list_writer(start: str, closing: str, write_item: Write) -> Write:
    def write(items: Any, parts: list[str]) -> None:
        parts.append(f"{start}>")
        for item in items:
            write_item(item, parts)
        parts.append(closing)

    return write


def _structure_writer(start: str, closing: str, members: list[tuple[Callable[[Any], Any], Write]]) -> Write:
    def write(value: Any, parts: list[str]) -> None:
        if value is None:
            parts.append(f'{start} i:nil="true"/>')
            return
        parts.append(f"{start}>")
        for get, write_member in members:
            write_member(get(value), parts)
        parts.append(closing)

    return write
