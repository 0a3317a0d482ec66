"""The control API against its own OpenAPI document: what schemathesis makes up is answered as the document says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from okpay_sandbox import server
from tests.programs import ROOT, clean_environment

HERE = ROOT / "tests" / "api"


@pytest.mark.slow
def test_schemathesis_finds_no_failure(tmp_path: Path) -> None:
    gateway = server.started_in(tmp_path, for_process=os.getpid())
    try:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
        command += ["run", f"{gateway.url}/api/schema/", "--header", "Authorization: Bearer sandbox"]
        command += ["--max-examples", "4", "--seed", "1", "--continue-on-failure", "--no-color"]
        environment = clean_environment(SCHEMATHESIS_HOOKS="tests.api.schemathesis_hooks", PYTHONPATH=str(ROOT))
        # It keeps what it found in the folder where it runs.
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    finally:
        server.stop_in(tmp_path)

    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
