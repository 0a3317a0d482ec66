"""The translations: every string of the code stands in a .po file per language, and the .mo files follow from those.

Pure Python, so that nobody needs the gettext tools: Babel reads the Python files, Django turns templates into calls.
`manage.py messages` brings the files up to date; translating stays a person's work.
tests/okpay_gateway/test_languages.py holds that nothing is missing.
"""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("okpay_gateway", "sandbox", "ipn", "wallets", "checkout", "soapapi", "marketplace")
KEYWORDS = DEFAULT_KEYWORDS | {f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext")}

_STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)")

# One text, or singular and plural.
Texts = str | tuple[str, ...]


class SiteCatalog(Catalog):
    """Without dates and names in its head: the files change only when a string does."""

    def _get_mime_headers(self) -> list[tuple[str, str]]:
        needed = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
        return [(name, value) for name, value in super()._get_mime_headers() if name in needed]

    mime_headers = property(_get_mime_headers, Catalog._set_mime_headers)


def languages() -> list[str]:
    """The languages that need a catalog: all of the site's but English, which the strings are written in."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def po_file(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    path = po_file(language)
    if not path.exists():
        return Catalog(language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def strings_of_the_code() -> Catalog:
    """Every translatable string of our Python files and templates, with the files where it stands."""
    found = Catalog(fuzzy=False)
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*")):
            where = [(str(path.relative_to(settings.BASE_DIR)), 1)]
            if path.suffix == ".py" and "migrations" not in path.parts:
                for text, context in _in_python(path):
                    found.add(text, locations=where, context=context)
            elif path.suffix in (".html", ".txt") and "templates" in path.parts:
                for text, context in _in_template(path):
                    found.add(text, locations=where, context=context)
    return found


def updated(language: str, strings: Catalog) -> Catalog:
    """The language's catalog with every string of the code and no other; what is translated stays."""
    known = read(language)
    fresh = SiteCatalog(language, fuzzy=False, header_comment=f"# The site in {known.locale_identifier}.")
    for message in strings:
        if not message.id:
            continue
        old = known.get(message.id[0] if message.pluralizable else message.id, message.context)
        translation = old.string if old and old.pluralizable == message.pluralizable else None
        fresh.add(message.id, translation, locations=sorted(set(message.locations)), context=message.context)
    return fresh


def as_po(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    # No line numbers and one order: an edit elsewhere must not touch every entry.
    write_po(buffer, catalog, width=120, sort_output=True, include_lineno=False)
    return buffer.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id and not all(_strings(message))]


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, list | tuple) else (message.string or "",)


def _in_python(path: Path) -> Iterator[tuple[Texts, str | None]]:
    with path.open("rb") as file:
        for _line, text, _comments, context in extract(
            "python", file, keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield text, context


def _in_template(path: Path) -> Iterator[tuple[Texts, str | None]]:
    for name, arguments in _CALL.findall(templatize(path.read_text(encoding="utf-8"), origin=str(path))):
        texts = list(ast.literal_eval(f"[{arguments}]"))
        context = texts.pop(0) if "p" in name.removesuffix("gettext") else None
        yield (texts[0], texts[1]) if name.startswith("n") else texts[0], context
