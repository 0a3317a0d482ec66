"""ok_language: every code that live shops sent is a language, and a senseless one is passed over."""

import pytest
from django.test import override_settings
from django.utils.translation import get_language_info

from checkout import languages


@pytest.mark.parametrize("code", list(languages.CODES))
def test_every_code_seen_on_live_shops_is_a_language(code: str) -> None:
    django_code = languages.CODES[code]

    assert get_language_info(django_code)["name"]
    with override_settings(LANGUAGES=[("en", "English"), (django_code, code)]):
        assert languages.spoken(code) == django_code


@pytest.mark.parametrize("sent", ["RU", " ru ", "ru-RU", "Ru"])
def test_the_code_is_read_generously(sent: str) -> None:
    assert languages.spoken(sent) == "ru"


@pytest.mark.parametrize(
    "sent", ["", "\0", "de\n<script>", "a" * 5000, "../../etc", "русский", "--", "@", "klingon", "fr"]
)
def test_what_the_site_does_not_speak_is_passed_over(sent: str) -> None:
    assert languages.spoken(sent) == ""
