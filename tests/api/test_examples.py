"""Every example of the OpenAPI document: what it says to send is answered as it says, and every answer looks so."""

import json
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.document import JSON, PROBLEM, Operation, document, examples, faults, operations
from tests.api.story import Story, story

__all__ = ["story"]  # a fixture

# It plays with a listener for seconds, in other connections to the database: tests/listener_check has it, and
# test_openapi.py sends its example to a running gateway.
TAKES_LONG = ("check_listener",)
EVERY = list(operations())
SENT = [
    pytest.param(operation, body, id=f"{operation} {name}".strip())
    for operation in EVERY
    if operation.id not in TAKES_LONG
    for name, body in (operation.bodies or {"": None}).items()
]


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "body"), SENT)
def test_what_it_says_to_send_is_answered_as_it_says(story: Story, operation: Operation, body: Any) -> None:
    status, content = operation.success
    answer = send(operation.method, story.address(operation), story.told_here(body))

    assert answer.status_code == status, text_of(answer)
    if status == 204:
        assert content == {}
        return
    [(media_type, told)] = content.items()
    assert answer["Content-Type"].partition(";")[0] == media_type
    value = json.loads(text_of(answer)) if media_type == JSON else text_of(answer)
    assert faults(value, told["schema"]) == []


@pytest.mark.parametrize("operation", EVERY, ids=str)
def test_it_tells_all_of_every_call(operation: Operation) -> None:
    assert operation.told["summary"]
    assert "token" in operation.told["description"] or "CONTROL_TOKEN" in operation.told["description"]
    assert operation.told["tags"]
    for parameter in operation.told["parameters"]:
        assert parameter.get("description"), parameter["name"]
    if "requestBody" in operation.told:
        assert operation.bodies
        for name, body in operation.bodies.items():
            assert faults(body, operation.told["requestBody"]["content"][JSON]["schema"]) == [], name
    status, content = operation.success
    for told in content.values():
        assert examples(told)
        for name, value in examples(told).items():
            assert faults(value, told["schema"]) == [], name
    assert bool(content) == (status != 204)
    for code, told in operation.told["responses"].items():
        assert told["description"]
        for name, problem in examples(told["content"][PROBLEM]).items() if code[0] == "4" else ():
            assert faults(problem, told["content"][PROBLEM]["schema"]) == [], name
            assert str(problem["status"]) == code


def test_every_group_of_calls_has_words() -> None:
    assert {tag["name"] for tag in document()["tags"]} == {tag for operation in EVERY for tag in operation.told["tags"]}


def test_no_field_is_without_a_type() -> None:
    for name, schema in document()["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert told.keys() & {"type", "$ref", "allOf", "oneOf"}, f"{name}.{field}"


def send(method: str, path: str, body: Any) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    return Api().client.generic(method, f"/api/v1/{path}", content, JSON, headers={"Authorization": "Bearer sandbox"})


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode())
