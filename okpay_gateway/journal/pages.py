"""The journal as pages: a client sees what concerns his own wallets, staff see everything. Both see the same pages."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ipn.models import IpnMessage
from ipn.pages import Client, for_clients
from okpay_gateway.journal import har, rows, stream, timeline
from okpay_gateway.journal.events import Event
from okpay_gateway.journal.following import Position
from okpay_gateway.journal.forms import JournalSearch, StaffSearch
from okpay_gateway.journal.pictures import picture
from okpay_gateway.journal.search import Search, Stories
from sandbox import clock, journal
from sandbox.models import DEFAULT, Sandbox
from sandbox.origin import origin

# For who has no scripts, or wants none.
REFRESH_EVERY = 10  # seconds

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class Viewer:
    """Who looks: what he may see, and where his pages are."""

    everything: Search
    form: JournalSearch
    frame: str
    prefix: str
    wallets: dict[str, str]

    @property
    def is_staff(self) -> bool:
        return self.everything.own is None

    @property
    def sandbox(self) -> Sandbox:
        return self.everything.sandbox

    def link(self, page: str, *arguments: str) -> str:
        address = reverse(f"{self.prefix}-{page}", args=arguments)
        elsewhere = self.is_staff and self.sandbox.id != DEFAULT
        return f"{address}?sandbox={self.sandbox.id}" if elsewhere else address


View = Callable[Concatenate[HttpRequest, Viewer, Arguments], HttpResponseBase]
Page = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]


def for_everybody(view: View[Arguments]) -> tuple[Page[Arguments], Page[Arguments]]:
    """The view as clients and as staff see it."""

    def to_client(request: HttpRequest, client: Client, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
        wallets = {wallet.id: wallet.title for wallet in client.wallets.values()}
        form = JournalSearch(request.GET, wallets=client.choices)
        everything = Search(client.sandbox, list(wallets))
        return view(request, Viewer(everything, form, "account.html", "journal", wallets), *args, **kwargs)

    def to_staff(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
        if not request.user.has_perm("sandbox.view_journalentry"):
            raise PermissionDenied
        form = StaffSearch(request.GET)
        name = form.cleaned_data.get("sandbox", DEFAULT) if form.is_valid() else DEFAULT
        sandbox = Sandbox.objects.filter(id=name).first() or clock.default_sandbox()
        return view(request, Viewer(Search(sandbox), form, "journal/staff.html", "staff-journal", {}), *args, **kwargs)

    return require_safe(for_clients(to_client)), require_safe(never_cache(admin.site.admin_view(to_staff)))


def listing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """The newest, page by page; live with a script, and without one anew at a click or by itself."""
    search = viewer.form.search(viewer.everything)
    older = timeline.as_key(request.GET.get("older", ""))
    # Before the page is read: what comes meanwhile comes twice, and is recognised, rather than never.
    start = Position.now()
    page = search and timeline.page(search, older_than=older)
    criteria = _criteria(request.GET, viewer.form)
    pruned, lost = journal.dropped(viewer.sandbox)
    return render(
        request,
        "journal/list.html",
        {
            "viewer": viewer,
            "form": viewer.form,
            "page": page,
            "rows": rows.rows(page.events, viewer.link) if page else [],
            "older": timeline.as_text(page.end) if page and page.end and not page.is_last else "",
            "is_first": older is None,
            "query": criteria.urlencode(),
            "refresh": REFRESH_EVERY if "refresh" in request.GET and older is None else None,
            "refresh_every": REFRESH_EVERY,
            "stream": f"{reverse(f'{viewer.prefix}-stream')}?{criteria.urlencode()}",
            "start": start.as_text(),
            "pruned": pruned,
            "lost": lost,
            "is_kept": settings.JOURNAL,
            "kept": settings.JOURNAL_ROWS,
        },
    )


def entry(request: HttpRequest, viewer: Viewer, entry_id: str) -> HttpResponse:
    """One event: request and answer side by side, or the money that moved."""
    event = timeline.find(viewer.everything, entry_id)
    if event is None:
        raise Http404
    return render(
        request,
        "journal/entry.html",
        {"viewer": viewer, "event": event, "row": rows.row(event, viewer.link)},
    )


def story(request: HttpRequest, viewer: Viewer, correlation: str) -> HttpResponse:
    """Everything that belongs together, from the form to VERIFIED."""
    events = timeline.story(viewer.everything, correlation)
    if not events:
        raise Http404
    return render(
        request,
        "journal/story.html",
        {
            "viewer": viewer,
            "correlation": correlation,
            "rows": rows.story(events, viewer.link),
            "picture": picture(events),
            "invoice": next((event.invoice for event in events if event.invoice), ""),
            "transactions": sorted({event.transaction for event in events if event.transaction}),
            "due": _due(viewer, correlation),
            "is_cut": len(events) == timeline.LONGEST_STORY,
        },
    )


def archive(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The search, or with `correlation` a story, as an HTTP Archive."""
    search = viewer.form.search(viewer.everything)
    if search is None:
        raise Http404
    if correlation := request.GET.get("correlation", "")[:40]:
        search = Search(search.sandbox, search.own, correlation=correlation)
    return har.respond(search, origin=origin(request))


def live(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """The lines that would stand above the page's first one, as they come."""
    search = viewer.form.search(viewer.everything)
    if search is None:
        raise Http404

    def write(event: Event) -> str:
        return json.dumps({"id": event.id, "html": rows.as_html(event, viewer.link)})

    start = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
    return stream.respond(search, start=start, write=write)


def _criteria(asked: QueryDict, form: JournalSearch) -> QueryDict:
    """What was searched for, without what only says which page of it."""
    criteria = QueryDict(mutable=True)
    for name in form.fields:
        if value := asked.get(name):
            criteria[name] = value
    return criteria


def _due(viewer: Viewer, correlation: str) -> list[IpnMessage]:
    """Notifications of the story that are still to be sent."""
    stories = Search(viewer.sandbox, correlation=correlation).stories
    assert isinstance(stories, Stories)
    due = IpnMessage.objects.filter(stories.of_message(), next_attempt_at__isnull=False, sandbox=viewer.sandbox)
    if viewer.everything.own is not None:
        due = due.filter(wallet_id__in=viewer.everything.own)
    return list(due.order_by("next_attempt_at", "id")[:10])


# By name, for clients and for staff.
VIEWS: dict[str, tuple[Any, Any]] = {
    "list": for_everybody(listing),
    "har": for_everybody(archive),
    "stream": for_everybody(live),
    "entry": for_everybody(entry),
    "story": for_everybody(story),
}
