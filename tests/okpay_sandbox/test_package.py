"""The project as `pip install` packs it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.programs import ROOT, clean_environment
from tests.requirements import cannot_run


@pytest.mark.slow
def test_the_wheel_holds_all_that_a_gateway_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=300)
    if done.returncode and "No matching distribution" in done.stderr:
        cannot_run("hatchling cannot be fetched from the package index")
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        entry_points = next(packed.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    packages = ("okpay_gateway", "okpay_sandbox", "soapapi", "checkout", "marketplace", "wallets", "ipn", "sandbox")
    tracked = subprocess.run(["git", "ls-files", *packages], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) - names == set()
    assert not [name for name in names if name.startswith(("tests/", "var/", "examples/"))]
    assert "okpay_sandbox.pytest_plugin" in entry_points
