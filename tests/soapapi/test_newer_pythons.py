"""spyne on Python 3.12 and later. There the whole suite is the test; here, that the cure stays where it belongs."""

import sys

from soapapi import newer_pythons
from soapapi.newer_pythons import SixMoves


def test_it_answers_for_the_names_that_six_invents_and_no_others() -> None:
    finder = SixMoves()

    for name in ("spyne.util.six.moves", "spyne.util.six.moves.urllib.parse"):
        spec = finder.find_spec(name, None)
        assert spec is not None
        assert spec.loader is finder
    for name in ("spyne.util.six", "six.moves", "spyne.util.six.movesque", "json"):
        assert finder.find_spec(name, None) is None


def test_it_is_there_once_and_only_where_it_is_needed() -> None:
    newer_pythons.install()
    newer_pythons.install()

    installed = [finder for finder in sys.meta_path if isinstance(finder, SixMoves)]
    assert len(installed) == (1 if sys.version_info >= (3, 12) else 0)


def test_spyne_is_whole() -> None:
    from spyne.util.six.moves.urllib.parse import quote

    assert quote("a b") == "a%20b"
