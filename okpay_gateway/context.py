"""What every page's frame needs: `gateway.name`, `gateway.sandbox`, `gateway.languages`.

Not `site`: Django's own login view puts something else under that name.
"""

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
    return {"gateway": {"name": "OKPAY Gateway", "sandbox": settings.SANDBOX, "languages": languages}}
