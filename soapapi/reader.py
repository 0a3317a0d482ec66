"""Reads the arguments of a call, in the lexical forms of XML Schema and no others.

Elements may come in any order, with or without a namespace, with any attributes: real clients send all of that. What is
absent or nil is what .NET makes of it: empty text, zero, false.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from lxml import etree
from spyne.model import ComplexModelBase, primitive
from spyne.model.binary import ByteArray
from spyne.model.enum import EnumBase

from soapapi.contract import python_type
from soapapi.envelope import local_name
from soapapi.namespaces import SPELLINGS_OF_T, XSI

XSI_NIL = f"{{{XSI}}}nil"
WHITESPACE = " \t\r\n"  # XML's, not Unicode's
LONGEST_NUMBER = 40  # digits; the widest amount has 14

_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
ZERO = Decimal(0)

Read = Callable[[etree._Element, list[str]], Any]


class Unreadable(ValueError):
    """An element's content is not of its type."""


@dataclass(frozen=True, slots=True)
class Member:
    position: int
    read: Read
    is_list_item: bool


@dataclass(frozen=True, slots=True)
class Plan:
    namespaces: frozenset[str]
    members: dict[str, Member]
    absent: tuple[Any, ...]


def arguments(message: Any, element: etree._Element) -> tuple[list[Any], list[str]]:
    """The values of the message's members, in order; and the names of those that could not be read."""
    unreadable: list[str] = []
    return _members(_plan(message), element, unreadable), unreadable


@cache
def _plan(model: Any) -> Plan:
    members = {}
    absent: list[Any] = []
    for position, (name, kind) in enumerate(model._type_info.items()):
        is_list_item = kind.Attributes.max_occurs > 1
        members[name] = Member(position, _reader(kind), is_list_item)
        absent.append(None if is_list_item else _absent(kind))
    return Plan(SPELLINGS_OF_T | {model.get_namespace()}, members, tuple(absent))


def _members(plan: Plan, element: etree._Element, unreadable: list[str]) -> list[Any]:
    values = list(plan.absent)
    seen: set[str] = set()
    for child in element:
        namespace, name = local_name(child)
        member = plan.members.get(name)
        if member is None or namespace not in plan.namespaces:
            continue
        if member.is_list_item:
            values[member.position] = [*(values[member.position] or ()), _value(child, name, member, plan, unreadable)]
        elif name in seen:
            unreadable.append(name)  # two values: which one is meant?
        else:
            seen.add(name)
            values[member.position] = _value(child, name, member, plan, unreadable)
    return values


def _value(element: etree._Element, name: str, member: Member, plan: Plan, unreadable: list[str]) -> Any:
    try:
        if _is_nil(element):
            return plan.absent[member.position]
        return member.read(element, unreadable)
    except Unreadable:
        unreadable.append(name)
        return plan.absent[member.position]


def _is_nil(element: etree._Element) -> bool:
    attributes = element.keys()
    if not attributes:
        return False
    if "href" in attributes:
        raise Unreadable  # SOAP encoding's references; this is document/literal
    nil = element.get(XSI_NIL, "false").strip(WHITESPACE)
    if nil not in _BOOLEANS:
        raise Unreadable
    return _BOOLEANS[nil]


def _reader(model: Any) -> Read:
    if issubclass(model, ComplexModelBase):
        return _list_reader(model) if python_type(model) is list else _structure_reader(model)
    if issubclass(model, EnumBase):
        members = python_type(model).__members__
        return lambda element, unreadable: _choice(members, _token(element))
    if issubclass(model, primitive.Boolean):
        return lambda element, unreadable: _choice(_BOOLEANS, _token(element))
    if issubclass(model, primitive.Integer64 | primitive.Integer32):
        bits = 32 if issubclass(model, primitive.Integer32) else 64
        return lambda element, unreadable: _integer(_token(element), bits)
    if issubclass(model, primitive.Decimal):
        return lambda element, unreadable: _decimal(_token(element))
    if issubclass(model, ByteArray):
        return lambda element, unreadable: _binary(_text(element))
    assert issubclass(model, primitive.Unicode), model
    return lambda element, unreadable: _text(element)


def _structure_reader(model: Any) -> Read:
    def read(element: etree._Element, unreadable: list[str]) -> Any:
        return python_type(model)(*_members(_plan(model), element, unreadable))

    return read


def _list_reader(model: Any) -> Read:
    def read(element: etree._Element, unreadable: list[str]) -> list[Any]:
        (items,) = _members(_plan(model), element, unreadable)
        return items or []

    return read


def _absent(model: Any) -> Any:
    if issubclass(model, ComplexModelBase):
        return None
    if issubclass(model, EnumBase):
        return python_type(model)(0)
    if issubclass(model, primitive.Boolean):
        return False
    if issubclass(model, primitive.Decimal) and not issubclass(model, primitive.Integer):
        return ZERO
    if issubclass(model, primitive.Integer):
        return 0
    return b"" if issubclass(model, ByteArray) else ""


def _text(element: etree._Element) -> str:
    if len(element):
        raise Unreadable
    return element.text or ""


def _token(element: etree._Element) -> str:
    return _text(element).strip(WHITESPACE)


def _choice(choices: Any, text: str) -> Any:
    if text not in choices:
        raise Unreadable
    return choices[text]


def _integer(text: str, bits: int) -> int:
    if len(text) > LONGEST_NUMBER or not _INTEGER.fullmatch(text):
        raise Unreadable
    number = int(text)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise Unreadable
    return number


def _decimal(text: str) -> Decimal:
    """Zero for what is no number: every verb refuses it as Incorrect_Amount, in its place in the order of checks."""
    return Decimal(text) if len(text) <= LONGEST_NUMBER and _DECIMAL.fullmatch(text) else ZERO


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(dict.fromkeys(map(ord, WHITESPACE))), validate=True)
    except ValueError:
        raise Unreadable from None
