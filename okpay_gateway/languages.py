"""Which language a page speaks: the shop's ok_language, the visitor's cookie, the browser, English.

The codes are those seen in ok_language on live shops; most are ISO 639, two are OKPAY's own (cn, vn).
"""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

# ok_language -> the code by which Django knows the language.
CODES = {
    "en": "en",
    "ru": "ru",
    "es": "es",
    "de": "de",
    "fr": "fr",
    "it": "it",
    "pt": "pt",
    "cn": "zh-hans",
    "th": "th",
    "vn": "vi",
    "ms": "ms",
    "et": "et",
    "hu": "hu",
    "hi": "hi",
    "bn": "bn",
    "pl": "pl",
    "uk": "uk",
    "kk": "kk",
    "id": "id",
    "fa": "fa",
    "ar": "ar",
}


def choose(request: HttpRequest, ok_language: str = "") -> str:
    """The first of ok_language, our cookie and the browser's languages that the site speaks; else English.

    Always one of settings.LANGUAGES. A code that nobody knows, or a language without a translation, is passed over.
    """
    asked = ok_language.strip().lower()
    wanted = [CODES.get(asked, asked), request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")]
    wanted += [code for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    for code in wanted:
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
