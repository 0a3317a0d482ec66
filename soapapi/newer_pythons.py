"""Let spyne 2.14 be imported by Python 3.12 and later.

spyne carries six 1.14, whose importer of `six.moves` has only methods that Python 3.12 no longer calls. This finder
answers for those names in its place. Python 3.12 also complains of some of spyne's regular expressions, to every user.
On Python 3.11 nothing of this is needed, and nothing is done.
"""

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVES = "spyne.util.six.moves"


class SixMoves(MetaPathFinder, Loader):
    """Finds `spyne.util.six.moves` and what is below it, as six itself lays it out."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != MOVES and not name.startswith(MOVES + "."):
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        six = importlib.import_module("spyne.util.six")
        module: ModuleType = six._importer.load_module(spec.name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to be done: six has made it whole."""


def install() -> None:
    if sys.version_info < (3, 12) or any(isinstance(finder, SixMoves) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, SixMoves())
    warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning, module=r".*\Wspyne\W.*")
