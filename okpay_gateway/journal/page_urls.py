"""The journal's pages: below /account/ for clients, below /admin/ for staff."""

from django.urls import URLPattern, path

from okpay_gateway.journal.pages import VIEWS


def _urls(whose: int, prefix: str) -> list[URLPattern]:
    return [
        path("", VIEWS["list"][whose], name=prefix),
        path("har/", VIEWS["har"][whose], name=f"{prefix}-har"),
        path("stream/", VIEWS["stream"][whose], name=f"{prefix}-stream"),
        path("story/<slug:correlation>/", VIEWS["story"][whose], name=f"{prefix}-story"),
        path("<slug:entry_id>/", VIEWS["entry"][whose], name=f"{prefix}-entry"),
    ]


for_clients, for_staff = _urls(0, "journal"), _urls(1, "staff-journal")
