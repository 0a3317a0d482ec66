"""What a test needs of the machine: without it the test is skipped with the cure, or fails where all must run."""

import glob
import os
import shutil
from typing import NoReturn

import pytest


def require(program: str, install: str, *, also_in: str = "") -> str:
    """The path of a program. Skips the test with the command that installs it; with REQUIRE_ALL=1 the test fails.

    `also_in` is a pattern of folders that are not on PATH, such as /usr/lib/postgresql/*/bin.
    """
    path = shutil.which(program) or shutil.which(
        program, path=os.pathsep.join(sorted(glob.glob(also_in), reverse=True))
    )
    if not path:
        cannot_run(f"{program} is not installed; {install}")
    return path


def cannot_run(reason: str) -> NoReturn:
    """For what is not a program: skip, or fail under REQUIRE_ALL=1."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
