"""What a client's program meets: the web process of production, with the demo cast in its database."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements import cannot_run, require
from tests.web import web_server


@pytest.fixture(scope="session")
def server(
    django_db_setup: None, django_db_blocker: pytest.FixtureDef, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A folder with npm's `soap`: NODE_PATH, or installed for this run."""
    given = os.environ.get("NODE_PATH", "")
    if (Path(given) / "soap").is_dir():
        yield given
        return
    npm = require("npm", "apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("node")
    installing = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), "soap@1"]
    if subprocess.run(installing, capture_output=True, timeout=300, check=False).returncode:
        cannot_run("npm's soap cannot be installed: npm install soap@1, and NODE_PATH for its node_modules")
    yield str(folder / "node_modules")
