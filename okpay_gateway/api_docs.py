"""The control API described: the OpenAPI document, and a page of our own made from it, for eyes and without scripts."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from okpay_gateway.api_schema import TAGS
from sandbox.origin import origin

PREFIX = "/api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")


class SchemaView(SpectacularAPIView):
    """The OpenAPI document, as YAML or (`?format=json`) JSON. Open to everybody, as the documentation is."""

    content_negotiation_class = DefaultContentNegotiation
    authentication_classes = ()
    permission_classes = ()

    def _get_schema_response(self, request: Request) -> Response:
        return Response(in_english())


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Problem:
    status: int
    name: str
    words: list[str]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    example_path: str
    summary: str
    description: list[str]
    query: list[Field]
    body: list[Field]
    bodies: dict[str, Any]
    status: str
    answer: list[Field]
    answers: list[str]
    problems: list[Problem]

    @property
    def anchor(self) -> str:
        return f"{self.method} {self.path}".lower().translate(str.maketrans(" /{}", "----")).strip("-")

    @property
    def subject(self) -> str:
        return self.path.split("/")[0]

    def curls(self, origin: str) -> list[tuple[str, str]]:
        """Commands to paste, one for each example of a body, with its name."""
        return [(name, self._curl(origin, body)) for name, body in (self.bodies or {"": None}).items()]

    def _curl(self, origin: str, body: Any) -> str:
        parts = ["curl", "-H", "Authorization: Bearer " + ("sandbox" if settings.SANDBOX else "$CONTROL_TOKEN")]
        if self.method != "GET":
            parts += ["-X", self.method]
        if body:
            parts += ["-H", "Content-Type: application/json", "-d", json.dumps(body, ensure_ascii=False)]
        return shlex.join([*parts, f"{origin}{PREFIX}{self.example_path}"])


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    here = origin(request)
    groups = [
        (subject, TAGS[subject], [(operation, operation.curls(here)) for operation in operations])
        for subject, operations in groupby(_operations(), lambda operation: operation.subject)
    ]
    return render(request, "api/docs.html", {"groups": groups, "origin": here})


@cache
def _operations() -> tuple[Operation, ...]:
    document = in_english()
    return tuple(
        _operation(document, path.removeprefix(PREFIX), method, described)
        for path, methods in document["paths"].items()
        if path.startswith(PREFIX)
        for method, described in methods.items()
        if method in METHODS
    )


@cache
def in_english() -> dict[str, Any]:
    """The document is one, whatever language the first to ask for it speaks; made once, for that takes a second."""
    with translation.override("en"):
        # public: whatever the visitor may call.
        found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def _operation(document: Mapping[str, Any], path: str, method: str, described: Mapping[str, Any]) -> Operation:
    [(status, response)] = [(code, told) for code, told in described["responses"].items() if code[0] == "2"]
    parameters = described.get("parameters", ())
    ids = {each["name"]: each["example"] for each in parameters if each["in"] == "path"}
    return Operation(
        method=method.upper(),
        path=path,
        example_path=path.format(**ids),
        summary=described["summary"],
        description=_plain(described).split("\n\n"),
        query=[
            Field(parameter["name"], _type(parameter["schema"]), False, _plain(parameter))
            for parameter in parameters
            if parameter["in"] == "query"
        ],
        body=list(_fields(document, _schema(described.get("requestBody", {})))),
        bodies=_examples(described.get("requestBody", {})),
        status=status,
        answer=list(_fields(document, _schema(response))),
        answers=[_shown(value) for value in _examples(response).values()],
        problems=[
            Problem(int(code), name, _words(problem))
            for code, told in described["responses"].items()
            if code[0] == "4"
            for name, problem in _examples(told).items()
        ],
    )


def _examples(content: Mapping[str, Any]) -> dict[str, Any]:
    """By name, of whatever media type."""
    return {
        example.get("summary", name): example["value"]
        for media_type in content.get("content", {}).values()
        for name, example in media_type.get("examples", {}).items()
    }


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _words(problem: Mapping[str, Any]) -> list[str]:
    """What is wrong with which field; else what is wrong."""
    errors = problem.get("errors", {})
    return [f"{field}: {' '.join(texts)}" for field, texts in errors.items()] or [problem["detail"]]


def _schema(content: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = content.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    """All fields of an object; those within others as `payer.email`, in a list as `items[].name`."""
    schema = _resolved(document, schema)
    for name, inner in schema.get("properties", {}).items():
        found = _resolved(document, inner)
        yield Field(prefix + name, _type(found), name in schema.get("required", ()), _plain(inner))
        if found.get("type") == "array":
            yield from _fields(document, found["items"], f"{prefix}{name}[].")
        else:
            yield from _fields(document, found, f"{prefix}{name}.")


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for reference in (schema, *schema.get("allOf", ()), *schema.get("oneOf", ())):
        if "$ref" in reference:
            schemas = document["components"]["schemas"]
            found: Mapping[str, Any] = schemas[reference["$ref"].rpartition("/")[2]]
            return {**found, "nullable": schema.get("nullable", found.get("nullable", False))}
    return schema


def _plain(described: Mapping[str, Any]) -> str:
    """A description is Markdown; this page shows it as it is read aloud."""
    return str(described.get("description", "")).replace("`", "")


def _type(schema: Mapping[str, Any]) -> str:
    """In words: `string, date-time`, `one of a, b`, `list of integer`, with `or null`."""
    kind = str(schema.get("type", "object"))
    if "enum" in schema:
        kind = "one of " + ", ".join(str(value) for value in schema["enum"] if value not in ("", None))
    elif kind == "array":
        kind = f"list of {_type(schema['items'])}" if "$ref" not in schema["items"] else "list"
    elif "format" in schema:
        kind = f"{kind}, {schema['format']}"
    return f"{kind} or null" if schema.get("nullable") else kind
