"""The control API's OpenAPI document as the tests read it: operations, examples, and schemas that a value must obey."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from okpay_gateway import api_docs

JSON, PROBLEM = "application/json", "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    told: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix('/api/v1/')}"

    @property
    def id(self) -> str:
        return str(self.told["operationId"])

    @property
    def query(self) -> dict[str, Json]:
        return {each["name"]: each["schema"] for each in self.told["parameters"] if each["in"] == "query"}

    @property
    def body_schema(self) -> Json:
        schema: Json = self.told.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
        return resolved(schema)

    @property
    def bodies(self) -> dict[str, Any]:
        """Documented examples of what is sent."""
        return examples(self.told.get("requestBody", {}).get("content", {}).get(JSON, {}))

    @property
    def success(self) -> tuple[int, Json]:
        """The status of an answer that is no refusal, and its content by media type."""
        [(status, told)] = [(status, told) for status, told in self.told["responses"].items() if status[0] == "2"]
        return int(status), told.get("content", {})

    @property
    def problems(self) -> list[tuple[str, Json]]:
        """Documented refusals by name."""
        return [
            (name, document)
            for status, told in self.told["responses"].items()
            if status[0] == "4"
            for name, document in examples(told["content"][PROBLEM]).items()
        ]


@cache
def document() -> Json:
    return api_docs.in_english()


def operations() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, told in methods.items():
            if method in METHODS and path.startswith("/api/v1/"):
                yield Operation(method.upper(), path, told)


def examples(content: Json) -> dict[str, Any]:
    """By the names that people read."""
    return {told.get("summary", name): told["value"] for name, told in content.get("examples", {}).items()}


def resolved(schema: Json) -> Json:
    if "$ref" in schema:
        found: Json = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def faults(value: Any, schema: Json) -> list[str]:
    """What is wrong with a value. An object has no other fields than its schema tells."""
    whole = _as_json_schema({**schema, "components": document()["components"]})
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{'/'.join(map(str, error.path))}: {error.message[:300]}" for error in validator.iter_errors(value)]


def _as_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type of its own."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _as_json_schema(inner) for name, inner in schema.items() if name != "nullable"}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found
