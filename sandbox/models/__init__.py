"""What is a sandbox's own and a tester may turn, one module per subject."""

from sandbox.models.answers import RememberedAnswer
from sandbox.models.journal import JournalEntry, JournalGap
from sandbox.models.sandboxes import DEFAULT, Sandbox

__all__ = ["DEFAULT", "JournalEntry", "JournalGap", "RememberedAnswer", "Sandbox"]
