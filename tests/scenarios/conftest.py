"""What the tests of scenarios share: a way to write one, and the fixtures of those who see them at work."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import clock, scenarios
from sandbox.models import Sandbox, Scenario
from tests.api.conftest import api
from tests.checkout.conftest import open_session

__all__ = ["Script", "api", "open_session", "script"]

Script = Callable[..., Scenario]


def write(sandbox: Sandbox, effect: str = "", *, times: int | None = 1, delay: float = 0, **fields: Any) -> Scenario:
    steps = fields.pop("steps", None) or [{"effect": effect, "times": times, "delay": delay}]
    scenario = Scenario.objects.create(
        sandbox=sandbox, steps=steps, most=scenarios.most_of(steps), created_at=clock.now(sandbox), **fields
    )
    scenarios.look_again(sandbox)
    return scenario


@pytest.fixture
def script(world: Sandbox) -> Script:
    """`script("fault:Limits_Exceeded", operation="Send_Money", times=2)`: from now on it is so."""

    def _script(effect: str = "", **fields: Any) -> Scenario:
        return write(world, effect, **fields)

    return _script
