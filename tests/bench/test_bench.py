"""The benchmarks still run, and measure what they say. What they measure is no test: `make bench` tells it."""

import subprocess
import sys

import pytest

from tests.bench import table
from tests.programs import ROOT, clean_environment

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("benchmark", "rows"),
    [("soap_cpu", 3), ("send_money", 1), ("history", 3), ("deliveries", 10), ("pages", 8), ("sandboxes", 4)],
)
def test_a_benchmark_fills_its_rows(benchmark: str, rows: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", benchmark],
        cwd=ROOT,
        env=clean_environment(SCALE="0.005"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    _conditions, headings, *lines, _seconds = done.stdout.splitlines()
    assert headings.split() == list(filter(None, table.HEADINGS))
    assert len(lines) == rows
    for line in lines:
        assert any(unit in line for unit in (" us", " ms", " /s", " s ", " MiB")), line


def test_a_scale_that_is_none_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench"],
        cwd=ROOT,
        env=clean_environment(SCALE="much"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "SCALE must be a number above 0, at most 1.\n"


def test_a_missed_goal_is_said() -> None:
    row = table.at_most("this / that", 31, 10, "us", goal=3)

    assert (row.ratio, row.verdict) == ("3.10", "MISSED")
    assert table.at_least("this / that", 31, 10, "/s", goal=3).verdict == "met"
