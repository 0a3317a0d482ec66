"""Which language a page speaks, and that every language says everything."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings
from django.test import Client, RequestFactory, override_settings
from django.utils.translation import get_language_info, override

from okpay_gateway import catalogs, languages


def chosen(ok_language: str = "", *, cookie: str = "", browser: str = "") -> str:
    request = RequestFactory().get("/process.html", headers={"Accept-Language": browser})
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie
    return languages.choose(request, ok_language)


def test_the_shop_comes_before_the_cookie_before_the_browser_before_english() -> None:
    assert chosen("ru", cookie="de", browser="en") == "ru"
    assert chosen("", cookie="de", browser="ru") == "de"
    assert chosen("", cookie="", browser="ru, de;q=0.9") == "ru"
    assert chosen() == "en"


def test_what_the_site_does_not_speak_is_passed_over() -> None:
    assert chosen("fr", cookie="de") == "de"
    assert chosen("cn", cookie="xx", browser="fr, ru;q=0.5") == "ru"
    assert chosen("klingon", cookie="", browser="*") == "en"


@pytest.mark.parametrize("sent", ["RU", " ru ", "ru-RU", "Ru"])
def test_the_code_is_read_generously(sent: str) -> None:
    assert chosen(sent) == "ru"


@pytest.mark.parametrize("sent", ["\0", "de\n<script>", "a" * 5000, "../../etc", "русский", "--", "@"])
def test_a_senseless_code_is_passed_over(sent: str) -> None:
    assert chosen(sent, cookie=sent, browser="de") == "de"


def test_a_browsers_variant_is_answered_in_its_language() -> None:
    assert chosen(browser="de-AT,de;q=0.9") == "de"


SEEN = [
    "en",
    "ru",
    "es",
    "de",
    "fr",
    "it",
    "pt",
    "cn",
    "th",
    "vn",
    "ms",
    "et",
    "hu",
    "hi",
    "bn",
    "pl",
    "uk",
    "kk",
    "id",
]


@pytest.mark.parametrize("code", [*SEEN, "fa", "ar"])
def test_every_code_seen_on_live_shops_is_a_language(code: str) -> None:
    django_code = languages.CODES[code]

    assert get_language_info(django_code)["name"]
    with override_settings(LANGUAGES=[("en", "English"), (django_code, code)]):
        assert chosen(code) == django_code


@pytest.mark.parametrize(
    ("browser", "words"),
    [("de", "Ein Zahlungsdienst, an dem Sie"), ("ru", "Платёжный шлюз"), ("fr", "A payment gateway")],
)
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

    def test_all_is_translated_and_nothing_fuzzy(self, language: str) -> None:
        catalog = catalogs.read(language)

        assert [message.id for message in catalogs.untranslated(catalog)] == []
        assert [message.id for message in catalog if message.id and message.fuzzy] == []

    def test_placeholders_are_the_same(self, language: str) -> None:
        different = [
            (message.id, text)
            for message in catalogs.read(language)
            if message.id
            for text in texts(message.string)
            if placeholders(text) not in [placeholders(original) for original in texts(message.id)]
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
