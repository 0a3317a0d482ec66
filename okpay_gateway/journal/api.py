"""The control API's part of the journal: look back, follow, take away as an HTTP Archive."""

import base64
import binascii
import json
import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from okpay_gateway.journal import api_examples as examples
from okpay_gateway.journal import har, stream, timeline
from okpay_gateway.journal.api_fields import JournalEntryFields, JournalFilter, JournalPage, kinds_asked
from okpay_gateway.journal.events import Event
from okpay_gateway.journal.following import NoPosition, Position, news
from okpay_gateway.journal.har_fields import Archive
from okpay_gateway.journal.search import Search
from okpay_gateway.journal.sources import Key
from sandbox import journal
from sandbox.api import ControlView, Query
from sandbox.examples import can_fail
from sandbox.origin import origin
from wallets.models import Wallet

SINCE = gettext_lazy(
    "To follow: `follow` of another answer, or the ID of an entry, or a moment of the sandbox's time "
    "(2030-12-31T00:00:00Z, included). The oldest come first then."
)


class JournalQuery(JournalFilter):
    since = serializers.CharField(required=False, max_length=4000, help_text=SINCE)
    cursor = serializers.CharField(
        required=False, max_length=4000, help_text=gettext_lazy("From `next` or `previous` of another page.")
    )
    page_size = serializers.IntegerField(
        default=100, min_value=1, max_value=1000, help_text=gettext_lazy("How many on a page; 100 if not given.")
    )


class HarQuery(JournalFilter):
    since = serializers.DateTimeField(required=False, help_text=gettext_lazy("From this moment of the sandbox's time."))


class StreamQuery(JournalFilter):
    since = serializers.CharField(
        required=False, max_length=4000, help_text=gettext_lazy("`follow` of another answer; from now on if not given.")
    )


class JournalApi(ControlView):
    scope, for_accounts = "journal", "read"
    serializer_class = JournalEntryFields
    query_class: type[Query] = JournalFilter

    def search(self, **more: Any) -> Search:
        names = ("till", "wallet", "transaction", "invoice", "correlation", "status", "failed", "text")
        asked = {name: self.query[name] for name in names if name in self.query}
        return Search(self.sandbox, self.own, **{"kinds": kinds_asked(self.query), **asked, **more})

    @property
    def own(self) -> list[str] | None:
        """The wallets of the account that the caller's token is bound to; None: he may see everything."""
        account = self.access.account_id
        return list(Wallet.objects.filter(account=account).values_list("id", flat=True)) if account else None


class JournalView(JournalApi):
    """Every request to process.html, ipn-verify and OkPayAPI with its answer, and all that came of it."""

    query_class: type[Query] = JournalQuery

    @extend_schema(operation_id="journal_list", responses={200: JournalPage})
    def get(self, request: Request) -> Response:
        """List what happened. Newest first; with `since` oldest first. `kind=all` has money, notifications and
        checkout pages as well."""
        since = self.query.get("since")
        if self.query.get("cursor"):
            return self._go_on()
        if since is None:
            return self._page(self.search(), Position.now())
        if moment := _moment(since):
            return self._page(self.search(since=moment), Position.now(), oldest_first=True)
        if (event := timeline.find(Search(self.sandbox, self.own), since)) is not None:
            return self._page(self.search(), Position.now(), newer_than=event.key, oldest_first=True)
        try:
            return self._follow(Position.from_text(since))
        except NoPosition:
            message = _("Give `follow` of another answer, the ID of an entry that is still there, or a moment.")
            raise ValidationError({"since": [message]}) from None

    def _follow(self, position: Position) -> Response:
        search, size = self.search(), self.query["page_size"]
        found: list[Event] = []
        while len(found) < size:
            before = position.as_text()
            found += news(search, position)
            if position.as_text() == before:
                break
        return self._told(found, position, None, None)

    def _go_on(self) -> Response:
        try:
            key, side, since, start = _cursor(self.query["cursor"])
        except (ValueError, TypeError, KeyError, binascii.Error):
            raise ValidationError({"cursor": [_("Take it from `next` or `previous` of a page.")]}) from None
        search = self.search(since=since)
        beyond: dict[str, Any] = {side: key}
        return self._page(search, start, oldest_first="since" in self.query, is_first=False, **beyond)

    def _page(
        self,
        search: Search,
        start: Position,
        *,
        oldest_first: bool = False,
        is_first: bool = True,
        older_than: Key | None = None,
        newer_than: Key | None = None,
    ) -> Response:
        # Towards the beginning of the list it is read the other way round.
        backwards = not is_first and (newer_than is not None) != oldest_first
        page = timeline.page(
            search,
            size=self.query["page_size"],
            older_than=older_than,
            newer_than=newer_than,
            oldest_first=oldest_first != backwards,
            whole=True,
        )
        events = page.events[::-1] if backwards else page.events
        has_before, has_after = (not page.is_last, True) if backwards else (not is_first, not page.is_last)
        ahead, behind = ("newer_than", "older_than") if oldest_first else ("older_than", "newer_than")
        return self._told(
            events,
            start,
            self._link(events[-1], ahead, search.since, start) if events and has_after else None,
            self._link(events[0], behind, search.since, start) if events and has_before else None,
        )

    def _told(self, events: list[Event], position: Position, after: str | None, before: str | None) -> Response:
        pruned, lost = journal.dropped(self.sandbox)
        data = {
            "next": after,
            "previous": before,
            "follow": position.as_text(),
            "dropped": {"pruned": pruned, "lost": lost},
            "results": events,
        }
        return Response(JournalPage(data).data)

    def _link(self, event: Event, side: str, since: datetime | None, start: Position) -> str:
        data = [timeline.as_text(event.key), side, since.isoformat() if since else None, start.as_text()]
        cursor = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
        path = self.request.get_full_path()
        address = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else self.request.build_absolute_uri(path)
        return replace_query_param(address, "cursor", cursor)


def _moment(text: str) -> datetime | None:
    try:
        # A plus that nobody escaped arrives as a space.
        moment = parse_datetime(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    except ValueError:
        return None
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValidationError({"since": [_("Say in which time zone that is: 2030-12-31T00:00:00Z.")]})
    return moment


def _cursor(text: str) -> tuple[Key, str, datetime | None, Position]:
    """Raises ValueError and its like."""
    key, side, since, start = json.loads(base64.urlsafe_b64decode(text))
    place = timeline.as_key(key)
    if place is None or side not in ("older_than", "newer_than"):
        raise ValueError
    return place, side, datetime.fromisoformat(since) if since else None, Position.from_text(start)


class JournalEntryView(JournalApi):
    """One entry."""

    query_class = Query

    @extend_schema(operation_id="journal_retrieve", responses={200: JournalEntryFields})
    @can_fail({"No such entry": lambda: _no_entry("999999", "default")})
    def get(self, request: Request, id: str) -> Response:
        """Look at one entry."""
        event = timeline.find(Search(self.sandbox, self.own), id)
        if event is None:
            raise _no_entry(id, self.sandbox.id)
        return Response(JournalEntryFields(event).data)


class HarView(JournalApi):
    """The journal as an HTTP Archive (HAR 1.2)."""

    query_class = HarQuery

    @extend_schema(operation_id="journal_har", responses={200: Archive})
    def get(self, request: Request) -> HttpResponseBase:
        """Take it away as an HTTP Archive (HAR 1.2). The newest thousand entries that went over HTTP, oldest first;
        browsers' developer tools open it."""
        search = self.search(kinds=kinds_asked(self.query), since=self.query.get("since"))
        return har.respond(search, origin=origin(request))


STREAM = OpenApiResponse(OpenApiTypes.STR, examples=[OpenApiExample("Answer", examples.FRAMES, response_only=True)])


class StreamView(JournalApi):
    """The journal live."""

    query_class = StreamQuery

    @extend_schema(operation_id="journal_stream", responses={(200, "text/event-stream"): STREAM})
    def get(self, request: Request) -> HttpResponseBase:
        """Follow it live. Server-sent events: `event: entry`, its data as in a list. Who does not ask for
        `Accept: text/event-stream` gets what is new and the end. A stream ends after a minute; go on with the last `id`
        as Last-Event-ID."""
        start = request.headers.get("Last-Event-ID") or self.query.get("since") or ""
        try:
            Position.from_text(start) if start else None
        except NoPosition:
            raise ValidationError({"since": [_("Give `follow` of another answer.")]}) from None
        live = "text/event-stream" in request.headers.get("Accept", "")
        return stream.respond(self.search(), start=start, write=_as_json, live=live)


def _no_entry(id: str, sandbox_id: str) -> NotFound:
    return NotFound(
        _("There is no journal entry %(id)s in the sandbox %(sandbox)s.") % {"id": id, "sandbox": sandbox_id}
    )


def _as_json(event: Event) -> str:
    return JSONRenderer().render(JournalEntryFields(event).data).decode()
