"""What every page's frame needs: `site.name`, `site.sandbox`, `site.languages`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info


def site(request: HttpRequest) -> dict[str, Any]:
    current = get_language()
    languages = [
        {"code": code, "name": get_language_info(code)["name_local"].capitalize(), "current": code == current}
        for code, _name in settings.LANGUAGES
    ]
    return {"site": {"name": "OKPAY Gateway", "sandbox": settings.SANDBOX, "languages": languages}}
