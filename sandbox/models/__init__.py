"""What is a sandbox's own and a tester may turn, one module per subject."""

from sandbox.models.answers import RememberedAnswer
from sandbox.models.journal import JournalEntry, JournalGap
from sandbox.models.sandboxes import DEFAULT, Sandbox
from sandbox.models.scenarios import Scenario, ScenarioUse
from sandbox.models.snapshots import Snapshot, SnapshotChunk
from sandbox.models.tokens import ControlToken

__all__ = [
    "DEFAULT",
    "ControlToken",
    "JournalEntry",
    "JournalGap",
    "RememberedAnswer",
    "Sandbox",
    "Scenario",
    "ScenarioUse",
    "Snapshot",
    "SnapshotChunk",
]
