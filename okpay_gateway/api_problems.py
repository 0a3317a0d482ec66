"""What can go wrong with each call of the control API: problem documents for its OpenAPI document.

Each is made by the code that answers with it when it comes to that, so that the words are the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError
from rest_framework.exceptions import ValidationError
from rest_framework.fields import CharField, ChoiceField

from okpay_gateway import api, problems
from sandbox import access, idempotency
from sandbox.access import Access
from sandbox.api import ControlView, Query, Strict, Unaimed, no_sandbox
from sandbox.examples import failures_of
from sandbox.models import DEFAULT, ControlToken

Named = Iterator[tuple[str, Exception]]
Documents = dict[str, dict[str, dict[str, Any]]]

# What nobody has, and no field is called.
NOWHERE, NO_FIELD = "nowhere", "colour"
NOT_FOUND = "Not found"
ANOTHER_SANDBOX, AN_ACCOUNT = "my-suite", "666146284"


@dataclass(frozen=True)
class Call:
    """One operation of the document. `ids` are examples of what its path names; `body` reads what is sent."""

    view: ControlView
    method: str
    handler: Any
    path: str
    ids: Mapping[str, str]
    body: Strict | None

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def names_its_sandbox(self) -> bool:
        return self.view.names_its_sandbox and "{" in self.path

    @property
    def missing(self) -> str:
        """An ID like those of the path's first place, which is nobody's."""
        if self.names_its_sandbox:
            return NOWHERE
        first = next(iter(self.ids.values()), "")
        return "999999999" if first.isdigit() else re.sub("[0-9]", "9", first)

    def address(self, *, missing: bool) -> str:
        ids = {**self.ids, **({next(iter(self.ids)): self.missing} if missing else {})}
        return self.path.format(**ids)


def documents(call: Call) -> Documents:
    """By status and name."""
    found: Documents = {}
    for name, exception in _all(call):
        document, _headers = problems.described(exception, instance=call.address(missing=name == NOT_FOUND))
        found.setdefault(str(document["status"]), {})[name] = document
    return dict(sorted(found.items()))


def _all(call: Call) -> Named:
    yield from _invalid(call)
    yield "Wrong token", api.wrong_token()
    yield from _forbidden(call)
    yield from _not_found(call)
    for name, make in failures_of(call.handler).items():
        yield name, make()
    if call.writes:
        yield "Somebody was faster", IntegrityError()
    if call.body is not None:
        yield "Too large", RequestDataTooBig()
        yield "Not JSON", api.JSONOnly()
    if call.method == "POST":
        yield "Another body under the same key", idempotency.KeyReused()


def _invalid(call: Call) -> Named:
    query = call.view.get_query_class()()
    yield "Unknown variable", _refusal(query, NO_FIELD, "red")
    if call.body is not None:
        yield "Unknown field", _refusal(call.body, NO_FIELD, "red")
    if (wrong := _wrong_type(call.body or query) or _wrong_type(query)) is not None:
        yield "Wrong type", wrong
    if call.method == "POST":
        yield "Malformed Idempotency-Key", idempotency.MalformedKey()


def _wrong_type(serializer: Strict) -> ValidationError | None:
    """Of the first field that a value of another type is wrong for. In an address all is text."""
    for name, field in serializer.fields.items():
        is_text = isinstance(field, CharField | ChoiceField) and not isinstance(serializer, Unaimed)
        if not field.read_only and (refusal := _refused(serializer, name, 7 if is_text else "no such value")):
            return refusal
    return None


def _refusal(serializer: Strict, name: str, value: Any) -> ValidationError:
    refusal = _refused(serializer, name, value)
    assert refusal is not None
    return refusal


def _refused(serializer: Strict, name: str, value: Any) -> ValidationError | None:
    """What is said about a field with this value. Only forms are looked at: no database is asked."""
    if errors := serializer.mistakes({name: value}):
        return ValidationError(errors)
    try:
        serializer.fields[name].run_validation(value)
    except ValidationError as refusal:
        return ValidationError({name: refusal.detail})
    return None


def _forbidden(call: Call) -> Named:
    scope, write = call.view.scope, call.writes
    if not scope:
        yield "Missing scope", access.missing_scope(Access(ControlToken()), "", write=write)
        return
    another = f"{scope}:read" if write else "ledger:read" if scope != "ledger" else "clock:read"
    yield "Missing scope", access.missing_scope(Access(ControlToken(), frozenset({another})), scope, write=write)
    if issubclass(call.view.get_query_class(), Query) or call.names_its_sandbox:
        yield "Foreign sandbox", access.foreign_sandbox(Access(ControlToken(sandbox_id=ANOTHER_SANDBOX)))
    if call.view.for_accounts not in (("write",) if write else ("read", "write")):
        yield "Not for an account", access.not_for_accounts(Access(ControlToken(account_id=AN_ACCOUNT)))


def _not_found(call: Call) -> Named:
    if issubclass(call.view.get_query_class(), Query):
        yield "No such sandbox", no_sandbox(NOWHERE)
    if call.names_its_sandbox:
        yield NOT_FOUND, no_sandbox(NOWHERE)
    elif getattr(call.view, "detail", False):
        yield NOT_FOUND, call.view.not_there(call.missing, DEFAULT)
