"""The countries of an address, ISO 3166, named in the language of the page."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError

# CLDR's territories that are no countries: unions, groups, and codes that stand for "elsewhere" or for tests.
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


@lru_cache(maxsize=32)
def choices(language: str) -> list[tuple[str, str]]:
    """(code, name) in the order of the names."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    named = [
        (code, str(name))
        for code, name in locale.territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
    ]
    return sorted(named, key=lambda country: country[1].casefold())
