"""Calls of the control API that README.md and docs/ show can be made as they are shown.

The story "One payment by curl" is told whole in tests/journeys/test_readme.py.
"""

import json
import re
import shlex
from typing import Any

import pytest

from okpay_gateway.api_schema import TAGS
from tests.api.conftest import Api
from tests.api.story import Story, story
from tests.programs import ROOT

__all__ = ["story"]  # a fixture

pytestmark = pytest.mark.django_db

HERE = "http://127.0.0.1:8000"
README = (ROOT / "README.md").read_text()
DOCUMENTS = [re.sub(r"\n## One payment by curl\n.*?(?=\n## )", "", README, flags=re.DOTALL)]
DOCUMENTS += [path.read_text() for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "decisions.md"]
CURL = re.compile(rf"\bcurl ((?:\\\n|[^\n])*?{HERE}/api/v1/(?:\\\n|[^\n])*)")
# `POST wallets/<id>/deposit/ {"amount": ...}`; POST may be left out. What is no JSON shows the names of fields only.
SHORT = re.compile(r"(?:(POST|PATCH) (?:/api/v1/)?)?((?:[a-z-]+/)(?:[a-z<>-]+/)*) (\{[^`\n]*\})")


def shown(pattern: re.Pattern[str]) -> list[Any]:
    return list(dict.fromkeys(found for text in DOCUMENTS for found in pattern.findall(text)))


def is_whole(body: str) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return "..." not in body and "<" not in body


CURLS = shown(CURL)
SHORTS = [call for call in shown(SHORT) if is_whole(call[2]) and call[1].split("/")[0] in TAGS]


def test_there_is_something_to_try() -> None:
    assert len(CURLS) >= 4
    assert len(SHORTS) >= 15


@pytest.mark.parametrize("command", CURLS)
def test_a_command(story: Story, command: str) -> None:
    arguments = iter(shlex.split(command.replace("\\\n", " ")))
    method, body, address, headers = "", b"", "", {}
    for argument in arguments:
        match argument:
            case "-X":
                method = next(arguments)
            case "-d":
                body = next(arguments).encode()
            case "-H":
                name, _colon, value = next(arguments).partition(": ")
                headers[name] = value
            case _ if argument.startswith(HERE):
                address = argument.removeprefix(HERE)
            case _:
                assert argument in ("-s", "-sf", "-N"), argument

    content_type = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    answer = Api().client.generic(method or ("POST" if body else "GET"), address, body, content_type, headers=headers)

    assert answer.status_code in (200, 201), answer.content


@pytest.mark.parametrize(("method", "path", "body"), SHORTS, ids=lambda part: part if len(part) < 40 else None)
def test_a_call_in_short(story: Story, method: str, path: str, body: str) -> None:
    id = story.ids.get(path.partition("<")[0], [""])[0]
    # A snapshot of that name is there already.
    id = "default" if path.endswith("/snapshot/") else id
    wanted = json.loads(body.replace('"product": 1', f'"product": {story.simple}'))

    answer = Api()._send(method or "POST", path.replace("<id>", str(id)), wanted, query_params={})

    assert answer.status in (200, 201), answer.body
