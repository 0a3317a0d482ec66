"""A CI job that drives the gateway by its control API."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from sandbox.models import Sandbox


@dataclass
class Api:
    """Calls as a script would make them; every answer is JSON, every refusal a problem document."""

    token: str = "sandbox"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> "Answer":
        # "from" is a word of Python's.
        query = {name.rstrip("_"): value for name, value in query.items()}
        return self._send("GET", path, query_params=query)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **query: Any) -> "Answer":
        return self._send("POST", path, body, query_params=query, key=key)

    def patch(self, path: str, body: Any, **query: Any) -> "Answer":
        return self._send("PATCH", path, body, query_params=query)

    def delete(self, path: str, **query: Any) -> "Answer":
        return self._send("DELETE", path, query_params=query)

    def raw(self, method: str, path: str, content: bytes, content_type: str = "application/json") -> "Answer":
        return self._answer(
            self.client.generic(method, f"/api/v1/{path}", content, content_type, headers=self._headers())
        )

    def _send(self, method: str, path: str, body: Any = None, *, query_params: Any, key: str | None = None) -> "Answer":
        content = b"" if body is None else json.dumps(body).encode()
        path = path if path.startswith("http") else f"/api/v1/{path}"
        headers = self._headers() | ({"Idempotency-Key": key} if key is not None else {})
        return self._answer(
            self.client.generic(
                method, path, content, "application/json", query_params=query_params or None, headers=headers
            )
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @staticmethod
    def _answer(response: Any) -> "Answer":
        if response.status_code == 204:
            assert not response.content
            return Answer(204, None, dict(response.headers))
        content = response.getvalue() if response.streaming else response.content
        answer = Answer(response.status_code, json.loads(content), dict(response.headers))
        if answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert {"type", "title", "status", "detail", "instance"} <= answer.body.keys()
            assert answer.body["status"] == answer.status
        else:
            assert answer.headers["Content-Type"] == "application/json"
        assert answer.status != 500
        return answer


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def errors(self) -> dict[str, list[str]]:
        assert self.status >= 400, self.body
        errors: dict[str, list[str]] = self.body["errors"]
        return errors

    @property
    def results(self) -> list[Any]:
        assert self.status == 200, self.body
        results: list[Any] = self.body["results"]
        return results


@pytest.fixture
def api(world: Sandbox) -> Api:
    return Api()
