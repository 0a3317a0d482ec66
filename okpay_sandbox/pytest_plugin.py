"""The pytest plugin: `okpay_sandbox` gives every test a gateway of its own.

    def test_a_sale(okpay_sandbox, okpay_listener):
        okpay_sandbox.notify(okpay_listener.url)
        okpay_sandbox.open_checkout(ok_item_1_name="Book", ok_item_1_price="5", ok_currency="EUR").pay()
        assert okpay_listener.wait_for(1)[0].verdict == "VERIFIED"

A clock that stands still, so that dates can be compared, is asked for by a marker of the test, its class or its module:

    @pytest.mark.okpay_sandbox(clock={"start": "2030-01-01T00:00:00Z", "frozen": True})

It connects to `--okpay-url` (or OKPAY_URL, or `okpay_url` in the ini file); if none is given, it starts a gateway and
ends it with the run. With pytest-xdist all workers share one. A failed test's report tells what the gateway saw.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from okpay_sandbox import server
from okpay_sandbox.client import Gateway, Sandbox
from okpay_sandbox.listener import Listener, listening

FOLDER = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("okpay", "OKPAY gateway")
    group.addoption("--okpay-url", default=None, help="a running gateway; none given: one is started")
    group.addoption("--okpay-token", default=None, help="its control token (CONTROL_TOKEN, else `sandbox`)")
    parser.addini("okpay_url", "a running gateway; none given: one is started", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "okpay_sandbox(**fields): how okpay_sandbox is made; the fields are those of POST sandboxes/."
    )
    if not hasattr(config, "workerinput"):
        # Where a gateway that this run starts will live. It is made when it is first needed.
        config.stash[FOLDER] = Path(tempfile.gettempdir()) / f"okpay-{os.getpid()}-{os.urandom(4).hex()}"


class ForWorkers:
    """Hooks of pytest-xdist, which may not be there."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["okpay_folder"] = str(node.config.stash[FOLDER])
        node.workerinput["okpay_owner"] = os.getpid()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(ForWorkers(), "okpay-for-workers")


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(FOLDER, None)
    if folder is not None and folder.exists():
        server.stop_in(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def okpay_gateway(pytestconfig: pytest.Config) -> Gateway:
    """The gateway of this run: the one that was named, or one that is started now."""
    url = pytestconfig.getoption("--okpay-url") or os.environ.get("OKPAY_URL") or pytestconfig.getini("okpay_url")
    if url:
        gateway = Gateway(url, pytestconfig.getoption("--okpay-token") or "")
        gateway.wait_until_ready()
        return gateway
    given: dict[str, Any] = getattr(pytestconfig, "workerinput", {})
    folder = Path(given["okpay_folder"]) if given else pytestconfig.stash[FOLDER]
    folder.mkdir(mode=0o700, exist_ok=True)
    return server.started_in(folder, for_process=given.get("okpay_owner", os.getpid()))


@pytest.fixture
def okpay_sandbox(request: pytest.FixtureRequest, okpay_gateway: Gateway) -> Iterator[Sandbox]:
    """A sandbox of this test's own, with a merchant and a buyer; gone afterwards. The marker of this name makes it."""
    marker = request.node.get_closest_marker("okpay_sandbox")
    with okpay_gateway.new_sandbox(**(marker.kwargs if marker else {})) as sandbox:
        yield sandbox


@pytest.fixture
def okpay_listener(okpay_gateway: Gateway) -> Iterator[Listener]:
    """A listener that verifies what it receives. Its URL is for `okpay_sandbox.notify`."""
    with listening(okpay_gateway.url) as listener:
        yield listener


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    sandbox = getattr(item, "funcargs", {}).get("okpay_sandbox")
    if report.when == "call" and report.failed and isinstance(sandbox, Sandbox):
        try:
            story = sandbox.story()
        except Exception as error:  # whatever it is, the test's own failure is what matters
            story = [f"the gateway did not tell: {error}"]
        report.sections.append(("What the OKPAY gateway saw", "\n".join(story)))
    return report
