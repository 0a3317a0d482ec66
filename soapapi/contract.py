"""Declares to spyne what types.py and service.py say in plain Python: models for the types, a method for each function.

The names of a function's arguments and their annotations are its request; its return annotation is its result.
"""

import dataclasses
import enum
import typing
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from spyne import Service, rpc
from spyne.model import ComplexModel
from spyne.model.binary import ByteArray
from spyne.model.complex import TypeInfo
from spyne.model.enum import Enum
from spyne.model.primitive import Unicode

from soapapi import types

PORT_TYPE = "I_OkPayAPI"
SERVICE_NAME = "OkPayAPIImplementation"
# Every operation that acts for a wallet starts with these two; the function gets the caller in their place.
CREDENTIALS = ("WalletID", "SecurityToken")

Operation = Callable[..., Any]


def service(operations: Iterable[Operation], *, base: type) -> type:
    """spyne's service class for the operations, in their order."""
    methods = {operation.__name__: _method(operation) for operation in operations}
    made: type = type(Service)("OkPayAPI", (base,), {"__port_types__": (PORT_TYPE,), **methods})
    return made


def needs_caller(operation: Operation) -> bool:
    return "caller" in operation.__annotations__


def python_type(model: Any) -> Any:
    """What a value of a model is in Python: a class of types.py, or one of str, int, Decimal, bool, bytes."""
    return model.python_type


def _method(operation: Operation) -> Any:
    request = typing.get_type_hints(operation, include_extras=True)
    result = request.pop("return")
    if needs_caller(operation):
        del request["caller"]
        request = dict.fromkeys(CREDENTIALS, types.Text) | request
    declare = rpc(
        *map(model_of, request.values()),
        _args=tuple(request),
        _returns=model_of(result),
        _port_type=PORT_TYPE,
        _no_ctx=True,
    )
    return declare(operation)


@cache
def model_of(kind: Any) -> Any:
    """spyne's model of a type. Text, lists and structures may be nil; numbers, booleans and enumerations may not."""
    if typing.get_origin(kind) is list:
        (item,) = typing.get_args(kind)
        member = model_of(item).customize(max_occurs=float("inf"))
        return _structure(f"ArrayOf{item.__name__}", types.NAMESPACES[item], [(item.__name__, member)], list)
    if typing.get_origin(kind) is typing.Annotated:
        (model,) = kind.__metadata__
        return model if model in (Unicode, ByteArray) else model.customize(nillable=False)
    if issubclass(kind, enum.Enum):
        model = Enum(*kind.__members__, type_name=kind.__name__)
        model.__namespace__, model.python_type = types.NAMESPACES[kind], kind
        return model.customize(nillable=False)
    hints = typing.get_type_hints(kind, include_extras=True)
    members = [(field.name, model_of(hints[field.name])) for field in dataclasses.fields(kind)]
    return _structure(kind.__name__, types.NAMESPACES[kind], members, kind)


def _structure(name: str, namespace: str, members: list[tuple[str, Any]], python_type: type) -> Any:
    model = ComplexModel.produce(namespace, name, TypeInfo(members))
    model.python_type = python_type
    return model
