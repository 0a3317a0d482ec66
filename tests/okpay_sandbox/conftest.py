"""A running gateway for the client's tests, started as the pytest plugin starts it; all modules share it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from okpay_sandbox import Gateway, Sandbox, server


@pytest.fixture(scope="package")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    yield server.started_in(folder, for_process=os.getpid())
    server.stop_in(folder)


@pytest.fixture
def sandbox(gateway: Gateway) -> Iterator[Sandbox]:
    with gateway.new_sandbox() as sandbox:
        yield sandbox
