"""docs/scenarios.md says what the code does, and what it shows can be done."""

import json
import re

import pytest

from okpay_gateway.scenarios import catalogue
from sandbox import directives
from sandbox.effects import CHECKOUT
from tests.api.conftest import Api
from tests.scenarios import tables

DOCUMENT = tables.DOCUMENT.read_text()
CALLS = re.findall(r"^scenarios/ (\{.*?\})\n(?=```|scenarios/)", DOCUMENT, re.DOTALL | re.MULTILINE)
README = (tables.DOCUMENT.parents[1] / "README.md").read_text()
README_CALLS = re.findall(r"^  scenarios/ (\{.*\})$", README, re.MULTILINE)


def test_the_tables_are_those_of_the_code() -> None:
    assert tables.renewed(DOCUMENT) == DOCUMENT, "python -m tests.scenarios.tables writes them anew"


def test_there_are_calls_to_try() -> None:
    assert len(CALLS) == 5
    assert len(README_CALLS) == 4


@pytest.mark.parametrize("body", [*CALLS, *README_CALLS])
def test_what_is_shown_can_be_called(api: Api, body: str) -> None:
    made = api.post("scenarios/", json.loads(body))

    assert made.status == 201, made.body


@pytest.mark.parametrize("invoice", [*catalogue.DIRECTIVES, *re.findall(r"ok_invoice=(.*\])", DOCUMENT + README)])
def test_the_directives_shown_are_directives(invoice: str) -> None:
    found = directives.find(invoice, operation=CHECKOUT)

    assert found
    assert found.plays


@pytest.mark.parametrize("time", ["30", "30s", "10m", "2h", "1d", "PT10M"])
def test_times_are_as_told(api: Api, time: str) -> None:
    assert f"`{time}`" in DOCUMENT
    assert api.post("scenarios/", {"operation": "ipn", "effect": f"late:{time}"}).status == 201
