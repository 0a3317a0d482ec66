"""The Listener Check among a client's pages: start one, watch it, read what the listener does wrong.

A worker runs it; the page shows what was written down so far, and reloads itself while there is more to come.
"""

import logging

from celery.exceptions import OperationalError
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from redis import RedisError

from ipn.listener_check import checks
from ipn.listener_check.forms import CheckForm
from ipn.listener_check.judgement import Report, judge
from ipn.listener_check.stories import STORIES
from ipn.models import ListenerCheck, Verification
from ipn.pages import Client, for_clients
from ipn.tasks import check_listener

logger = logging.getLogger(__name__)

SHOWN = 10
REFRESH_SECONDS = 2


@require_http_methods(["GET", "HEAD", "POST"])
@for_clients
def start(request: HttpRequest, client: Client) -> HttpResponse:
    """What a check is, the form that starts one, and the latest ones."""
    known = ListenerCheck.objects.filter(wallet_id__in=client.wallets).select_related("sandbox").order_by("-id")
    if request.method == "POST":
        form = CheckForm(request.POST, wallets=client.choices)
        if form.is_valid():
            if under_way := known.filter(checks.under_way()).first():
                messages.warning(request, _("Nothing was started: this check of yours is still under way."))
                return redirect("ipn-listener-check-result", under_way.id)
            asked = dict(form.cleaned_data)
            check = checks.prepare(
                sandbox=client.sandbox, wallet_id=asked.pop("wallet"), now=client.now, for_worker=True, **asked
            )
            _hand_over(check)
            return redirect("ipn-listener-check-result", check.id)
    else:
        form = CheckForm(wallets=client.choices, initial=_initial(request, client, known.first()))
    reports = [judge(check) for check in known[:SHOWN]]
    return render(request, "ipn/listener_check.html", {"form": form, "reports": reports, "stories": STORIES})


@require_safe
@for_clients
def result(request: HttpRequest, client: Client, check_id: int) -> HttpResponse:
    """Story by story; while it is under way, what is known so far."""
    check = get_object_or_404(
        ListenerCheck.objects.select_related("sandbox"), id=check_id, wallet_id__in=client.wallets
    )
    report = judge(check)
    is_lost = checks.is_lost(check)
    is_under_way = check.ended_at is None and not is_lost
    context = {
        "check": check,
        "report": report,
        "is_lost": is_lost,
        "is_under_way": is_under_way,
        # Who reads slowly, or has it read to him, stops that.
        "refreshes": is_under_way and "still" not in request.GET,
        "stories": STORIES,
        "shown": _shown(report, client),
    }
    response = render(request, "ipn/listener_check_result.html", context)
    if context["refreshes"]:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


def _initial(request: HttpRequest, client: Client, latest: ListenerCheck | None) -> dict[str, object]:
    """What the latest check was given, with a number that no order had yet; else the first wallet's listener."""
    asked = {name: request.GET[name] for name in ("wallet", "url") if name in request.GET}
    if latest:
        names = ("url", "amount", "currency", "orders_url")
        before = {"wallet": latest.wallet_id, **{name: getattr(latest, name) for name in names}}
        return {**before, "number": latest.number + 1, **asked}
    own = next(iter(client.wallets.values()), None)
    return {"wallet": own and own.id, "url": own.ipn_url if own else "", "number": 1, **asked}


def _hand_over(check: ListenerCheck) -> None:
    """To a worker, at once; if the broker is away, the scheduler does it later."""
    try:
        check_listener.delay(check.id)
    except (RedisError, OperationalError, OSError) as error:
        logger.warning("Not handed over, the scheduler will do it: %s", error)


def _shown(report: Report, client: Client) -> set[int]:
    """Of the calls of ipn-verify those that have a page of this client's: not those that name no wallet."""
    ids = [note.question for judgement in report.judgements for note in judgement.notes if note.question]
    ids += [question["id"] for judgement in report.judgements for question in judgement.questions]
    return set(Verification.objects.filter(id__in=ids, wallet_id__in=client.wallets).values_list("id", flat=True))
