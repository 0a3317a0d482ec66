"""ok_language: the shop says which language its buyer reads. Nothing said that we speak: cookie, then browser.

Cookie and browser are Django's LocaleMiddleware's business. A page asks only here whether the shop, or the buyer by the
page's own switch, has decided.
"""

from django.http import HttpRequest
from django.utils import translation

from checkout.models import CheckoutSession

# What live shops sent, and the code by which Django knows the language. Two are OKPAY's own: cn, vn.
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


def spoken(ok_language: str) -> str:
    """The site's code for an ok_language, or "" when the site does not speak it."""
    asked = ok_language.strip().lower()
    try:
        return translation.get_supported_language_variant(CODES.get(asked, asked))
    except LookupError:
        return ""


def speak(request: HttpRequest, session: CheckoutSession) -> None:
    """Answer this request in the session's language, if it has one."""
    if session.language:
        translation.activate(session.language)
        request.LANGUAGE_CODE = translation.get_language()
