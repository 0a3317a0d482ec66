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
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation

PREFIX = "/api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")
# What an example sends: the part of each body that one would really write.
EXAMPLE_BODIES: dict[str, dict[str, Any]] = {
    "POST wait/": {"timeout": 10},
    "POST clock/": {"advance": "PT30M"},
    "POST accounts/": {"email": "anna@example.com", "password": "wonderland", "first_name": "Anna"},
    "PATCH accounts/{id}/": {"verification": "Verified"},
    "POST wallets/": {"account": "100000001", "title": "Savings", "balances": {"USD": "100.00"}},
    "PATCH wallets/{id}/": {"ipn_enabled": True, "ipn_url": "http://127.0.0.1:9000/ipn"},
    "POST wallets/{id}/deposit/": {"currency": "USD", "amount": "50.00"},
    "POST transactions/{id}/refund/": {"amount": "5.00"},
    "POST scenarios/": {"operation": "Send_Money", "effect": "fault:Limits_Exceeded", "times": 2},
    "PATCH scenarios/{id}/": {"paused": True},
    "POST checkout-sessions/{token}/pay/": {"payer": "buyer@example.com", "paysystem": "OKB"},
    "POST payment-links/": {
        "wallet": "OK702746927",
        "variables": {"ok_item_1_name": "Robot", "ok_item_1_price": "50.00", "ok_currency": "USD"},
        "encrypted": True,
    },
    "PATCH payment-links/{id}/": {"variables": {"ok_item_1_price": "60.00", "ok_invoice": None}, "refuse_older": True},
    "POST payment-links/keys/": {"wallet": "OK702746927", "title": "Shop"},
    "POST stores/": {"account": "100000004", "name": "Second Shop", "status": "approved"},
    "PATCH stores/{id}/": {"description": "Tea, and what goes with it."},
    "POST products/": {
        "account": "666146284",
        "title": "Tea pot",
        "description": "Holds a litre.",
        "price": "24.00",
        "type": "shipment",
        "article": "POT-1",
        "stock": 12,
        "is_published": True,
    },
    "PATCH products/{id}/": {"price": "22.00", "low_stock": 3},
    "POST products/{id}/stock/": {"add": 5},
    "POST products/{id}/images/": {"content": "<Base64>", "alt": "A tea pot"},
    "POST products/{id}/file/": {"name": "book.pdf", "content": "<Base64>"},
    "POST orders/": {"payer": "buyer@example.com", "items": [{"product": 1, "quantity": 2}]},
    "POST orders/{id}/ship/": {"tracking": "Parcel 4711"},
    "POST orders/{id}/refund/": {"amount": "5.00"},
}


class SchemaView(SpectacularAPIView):
    """The OpenAPI document, as YAML or (`?format=json`) JSON. Open to everybody, as the documentation is."""

    content_negotiation_class = DefaultContentNegotiation
    authentication_classes = ()
    permission_classes = ()


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    description: str
    query: list[Field]
    body: list[Field]
    status: str
    answer: list[Field]

    @property
    def anchor(self) -> str:
        return f"{self.method} {self.path}".lower().translate(str.maketrans(" /{}", "----")).strip("-")

    @property
    def subject(self) -> str:
        return self.path.split("/")[0]

    def curl(self, origin: str) -> str:
        parts = ["curl", "-H", "Authorization: Bearer " + ("sandbox" if settings.SANDBOX else "$CONTROL_TOKEN")]
        if self.method != "GET":
            parts += ["-X", self.method]
        if body := EXAMPLE_BODIES.get(f"{self.method} {self.path}"):
            parts += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        return shlex.join([*parts, f"{origin}{PREFIX}{self.path}"])


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    origin = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    groups = [
        (subject, [(operation, operation.curl(origin)) for operation in operations])
        for subject, operations in groupby(_operations(), lambda operation: operation.subject)
    ]
    return render(request, "api/docs.html", {"groups": groups, "origin": origin})


@cache
def _operations() -> tuple[Operation, ...]:
    # public: whatever the visitor may call.
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return tuple(
        _operation(document, path.removeprefix(PREFIX), method, described)
        for path, methods in document["paths"].items()
        if path.startswith(PREFIX)
        for method, described in methods.items()
        if method in METHODS
    )


def _operation(document: Mapping[str, Any], path: str, method: str, described: Mapping[str, Any]) -> Operation:
    status, response = next((code, found) for code, found in described["responses"].items() if code != "default")
    return Operation(
        method=method.upper(),
        path=path,
        description=_plain(described),
        query=[
            Field(parameter["name"], _type(parameter["schema"]), False, _plain(parameter))
            for parameter in described.get("parameters", ())
            if parameter["in"] == "query"
        ],
        body=list(_fields(document, _schema(described.get("requestBody", {})))),
        status=status,
        answer=list(_fields(document, _schema(response))),
    )


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
