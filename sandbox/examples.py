"""Examples of the control API's document, declared beside what they are examples of.

Answers stand at their serializer, bodies and refusals at the method. They are promises: tests/api/test_examples.py
sends every body and compares every answer, told by the demo cast.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from drf_spectacular.drainage import get_override
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, OpenApiResponse, extend_schema_serializer
from rest_framework.serializers import BaseSerializer

SerializerClass = TypeVar("SerializerClass", bound=type[BaseSerializer[Any]])
Method = TypeVar("Method", bound=Callable[..., Any])
Failures = Mapping[str, Callable[[], Exception]]


def answers_with(example: Mapping[str, Any]) -> Callable[[SerializerClass], SerializerClass]:
    """Of a serializer: what it looks like when it is an answer. In a list it stands for each row."""
    return extend_schema_serializer(examples=[OpenApiExample("Answer", dict(example), response_only=True)])


def answer(serializer: type[BaseSerializer[Any]], example: Mapping[str, Any]) -> OpenApiResponse:
    """For `extend_schema(responses=...)`: how the answer looks here, where that of `answers_with` would mislead."""
    return OpenApiResponse(serializer, examples=[OpenApiExample("Answer", dict(example), response_only=True)])


def body(serializer: type[BaseSerializer[Any]], examples: Mapping[str, Any]) -> OpenApiRequest:
    """For `extend_schema(request=...)`: what is sent, and how that looks, by name."""
    return OpenApiRequest(
        serializer,
        examples=[
            OpenApiExample(re.sub(r"\W+", " ", name), value, summary=name, request_only=True)
            for name, value in examples.items()
        ],
    )


def can_fail(failures: Failures) -> Callable[[Method], Method]:
    """Of a method: what it refuses beyond what every call does, by name."""

    def declare(method: Method) -> Method:
        setattr(method, "failures", failures)  # noqa: B010 (a function has no such attribute that a type could know)
        return method

    return declare


def failures_of(method: object) -> Failures:
    found: Failures = getattr(method, "failures", {})
    return found


def answer_of(serializer: object) -> Any:
    """The example that `answers_with` gave it. None: there is none."""
    examples: list[OpenApiExample] = get_override(serializer, "examples", [])
    return next((example.value for example in examples if example.response_only), None)
