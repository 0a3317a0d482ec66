"""Which language a page speaks, and that every language says everything."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.test import Client
from django.utils.translation import override

from okpay_gateway import catalogs


@pytest.mark.parametrize(
    ("browser", "words"),
    [("de", "Ein Zahlungsdienst, an dem Sie"), ("ru", "Платёжный шлюз"), ("fr", "A payment gateway")],
)
@pytest.mark.django_db
def test_home_speaks_the_browsers_language(client: Client, browser: str, words: str) -> None:
    response = client.get("/", headers={"Accept-Language": browser})

    assert words in response.content.decode()
    assert response["Content-Language"] == (browser if browser != "fr" else "en")


# The catalogs. When one of these fails: `make messages`, then translate what it lists.


@pytest.fixture(scope="module")
def strings() -> Catalog:
    return catalogs.strings_of_the_code()


@pytest.mark.parametrize("language", ["de", "ru"])
class TestCatalog:
    def test_it_has_exactly_the_strings_of_the_code(self, language: str, strings: Catalog) -> None:
        assert ids(catalogs.read(language)) == ids(strings)

    def test_every_string_is_translated_and_nothing_fuzzy(self, language: str) -> None:
        catalog = catalogs.read(language)

        assert [message.id for message in catalogs.untranslated(catalog)] == []
        assert [message.id for message in catalog if message.id and message.fuzzy] == []

    def test_placeholders_are_the_same(self, language: str) -> None:
        different = [
            (message.id, text)
            for message in catalogs.read(language)
            if message.id
            for text in texts(message.string)
            if text and placeholders(text) not in [placeholders(original) for original in texts(message.id)]
        ]

        assert different == []

    def test_the_compiled_file_follows_from_it(self, language: str, strings: Catalog) -> None:
        compiled = catalogs.po_file(language).with_suffix(".mo").read_bytes()

        assert compiled == catalogs.as_mo(catalogs.updated(language, strings))

    def test_django_reads_it(self, language: str) -> None:
        with override(language):
            assert str(settings.LANGUAGES[1][1]) == {"de": "Deutsch", "ru": "Немецкий"}[language]


def test_strings_of_python_and_of_templates_are_found(strings: Catalog) -> None:
    # A lazy one of a model, a plain one of a view, a template's, one with a typographic apostrophe.
    for text in ("wallet ID", "This form has expired", "Skip to the content", "Open your account"):
        assert text in strings
    assert any("’" in message.id for message in strings if message.id)


def ids(catalog: Catalog) -> set[tuple[object, str | None]]:
    return {(tuple(texts(message.id)), message.context) for message in catalog if message.id}


def texts(text: object) -> list[str]:
    return [str(part) for part in text] if isinstance(text, list | tuple) else [str(text)]


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?(?:a|b|code|em|strong)\b[^>]*>", text))


def test_a_template_with_plural_and_context_is_read(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text(
        '{% load i18n %}<p>it’s</p>{% translate "Don\'t" %}{% translate "May" context "month" %}'
        "{% blocktranslate count n=n %}{{ n }} item{% plural %}{{ n }} items{% endblocktranslate %}"
        "{% blocktranslate trimmed %}\n  one\n  two\n{% endblocktranslate %}"
    )

    assert list(catalogs._in_template(template)) == [
        ("Don't", None),
        ("May", "month"),
        (("%(n)s item", "%(n)s items"), None),
        ("one two", None),
    ]
