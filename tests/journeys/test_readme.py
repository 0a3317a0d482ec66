"""README.md's own commands, word for word, against a gateway started by its own command."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.listener import free_port
from tests.programs import ROOT, clean_environment, sandbox
from tests.requirements import require

pytestmark = pytest.mark.slow


def commands(heading: str) -> list[str]:
    """The shell commands below a heading of README.md."""
    section = (ROOT / "README.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def test_one_payment_by_curl(tmp_path: Path) -> None:
    bash = require("bash", install="apt-get install bash")
    require("curl", install="apt-get install curl")
    listener_port, printed, told = free_port(), tmp_path / "listener.txt", tmp_path / "story.txt"
    blocks = commands("One payment by curl")
    assert len(blocks) == 5
    # The reader looks at the listener's line before he goes on; a script has to wait for it.
    blocks[0] = blocks[0].replace(" &", ' > "$LISTENER" &\nsleep 1')
    blocks.insert(4, 'for i in $(seq 100); do grep -q "ship" "$LISTENER" && break; sleep 0.1; done\n')
    with sandbox(tmp_path / "var", tmp_path / "gateway.txt") as gateway, told.open("w") as output:
        gateway.wait_until_ready()
        script = "set -eu\n" + "echo\n".join(blocks)
        script = script.replace("127.0.0.1:8000", f"127.0.0.1:{gateway.port}").replace("9000", str(listener_port))
        story = subprocess.Popen(
            [bash, "-c", script],
            cwd=ROOT,
            env=clean_environment(LISTENER=str(printed)),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            story.wait(60)
        finally:
            os.killpg(story.pid, signal.SIGKILL)  # the listener that README.md starts in the background
        gateway.stop()

    answers = told.read_text()
    assert story.returncode == 0, answers
    assert '"ipn_enabled":true' in answers
    assert re.search(rf"http://127\.0\.0\.1:{gateway.port}/checkout/[\w-]+/\n", answers)
    assert '"status":"paid"' in answers
    assert printed.read_text() == "VERIFIED completed 100.00 USD invoice=99999 -> ship\n"
    assert '{"ok":true,"currencies":{"EUR":"0.00"' in answers
