"""What went over HTTP as an HTTP Archive 1.2, which browsers' developer tools and many others open.

A story becomes a page of the archive; what is no part of any stands by itself. Fields that begin with an underscore are
ours, as the format allows. What was a secret is masked here as everywhere.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse

from okpay_gateway.journal import timeline
from okpay_gateway.journal.events import OVER_HTTP, Event, Half, query_of
from okpay_gateway.journal.search import Search
from okpay_gateway.journal.wording import headline
from sandbox.masking import MASK

MOST_ENTRIES = 1000
NOTHING = Half("", "", 0)
Json = dict[str, Any]


def respond(search: Search, *, origin: str) -> StreamingHttpResponse:
    """A file of the newest MOST_ENTRIES that went over HTTP, the oldest first. It is sent while it is read."""
    events = timeline.newest(replace(search, kinds=search.kinds.intersection(OVER_HTTP)), MOST_ENTRIES)
    response = StreamingHttpResponse(_written(events, origin), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="okpay-journal.har"'
    return response


def _written(events: Iterable[Event], origin: str) -> Iterator[str]:
    """The entries come before the pages, which are known when all entries have been seen."""
    creator = json.dumps({"name": "OKPAY gateway", "version": settings.VERSION})
    yield f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": ['
    pages: dict[str, Json] = {}
    for number, event in enumerate(events):
        if event.correlation and event.correlation not in pages:
            pages[event.correlation] = _page(event)
        yield ("," if number else "") + json.dumps(_entry(event, origin))
    yield f'], "pages": {json.dumps(list(pages.values()))}}}}}'


def _page(first: Event) -> Json:
    return {"startedDateTime": _moment(first), "id": first.correlation, "title": headline(first), "pageTimings": {}}


def _entry(event: Event, origin: str) -> Json:
    request, response = event.request or NOTHING, event.response or NOTHING
    milliseconds = round((event.seconds or 0) * 1000, 3)
    entry: Json = {
        "startedDateTime": _moment(event),
        "time": milliseconds,
        "request": {
            "method": event.method,
            "url": event.url if "://" in event.url else f"{origin}{event.url}",
            "httpVersion": "HTTP/1.1",
            "cookies": _cookies(request, "cookie"),
            "headers": _headers(request),
            "queryString": [{"name": name, "value": value} for name, value in query_of(event.url)],
            "headersSize": -1,
            "bodySize": request.size,
        },
        "response": {
            "status": event.status or 0,
            "statusText": event.phrase,
            "httpVersion": "HTTP/1.1" if event.status else "",
            "cookies": _cookies(response, "set-cookie"),
            "headers": _headers(response),
            "content": {
                "size": response.size,
                "mimeType": response.content_type or "x-unknown",
                "text": response.body,
            },
            "redirectURL": next((value for name, value in response.headers if name.lower() == "location"), ""),
            "headersSize": -1,
            "bodySize": response.size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": " ".join(filter(None, (headline(event), event.why))),
        "_id": event.id,
        "_kind": event.kind.value,
        "_sandboxTime": event.at.isoformat(),
    }
    if event.correlation:
        entry["pageref"] = event.correlation
    if request.size:
        entry["request"]["postData"] = {"mimeType": request.content_type, "text": request.body}
    return entry


def _moment(event: Event) -> str:
    return (event.real_at or event.at).isoformat()


def _headers(half: Half) -> list[Json]:
    return [{"name": name, "value": value} for name, value in half.headers]


def _cookies(half: Half, header: str) -> list[Json]:
    """Their names: a value is always a secret."""
    sent = [value for name, value in half.headers if name.lower() == header]
    if header == "set-cookie":
        sent = [value.partition(";")[0] for value in sent]
    names = [pair.partition("=")[0].strip() for value in sent for pair in value.split(";")]
    return [{"name": name, "value": MASK} for name in names if name]
