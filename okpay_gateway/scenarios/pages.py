"""A client's own scenarios: what waits for his calls, what has happened, and a form to write another."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from okpay_gateway.scenarios import catalogue, making
from okpay_gateway.scenarios.forms import OperationForm, ScenarioForm, operation_choices
from sandbox import clock, magic, scenarios
from sandbox.effects import CHECKOUT
from sandbox.models import Scenario, ScenarioUse
from wallets.models import Account
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page

MOST_SHOWN = 100
MOST_USES = 20

Arguments = ParamSpec("Arguments")
Page = Callable[Concatenate[HttpRequest, Account, Arguments], HttpResponse]


def in_a_sandbox(
    methods: tuple[str, ...],
) -> Callable[[Page[Arguments]], Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]]:
    """A client's page that a hosted gateway does not have: there scenarios do nothing."""

    def decorate(view: Page[Arguments]) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]:
        def page(
            request: HttpRequest, client: Account, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> HttpResponse:
            if not settings.SANDBOX:
                raise Http404
            return view(request, client, *args, **kwargs)

        page.__name__, page.__doc__ = view.__name__, view.__doc__
        return client_page(methods)(page)

    return decorate


@in_a_sandbox(READ)
def listing(request: HttpRequest, client: Account) -> HttpResponse:
    """His scenarios, those of the sandbox that concern everybody, and what they have done."""
    wallets = _wallets(client)
    everybodys = Scenario.objects.filter(sandbox=client.sandbox, wallet="")
    uses = ScenarioUse.objects.filter(sandbox=client.sandbox, wallet__in=wallets).select_related("scenario")
    return render(
        request,
        "scenarios/list.html",
        {
            "scenarios": _own(client)[:MOST_SHOWN],
            "everybodys": everybodys[:MOST_SHOWN],
            "uses": uses.order_by("-id")[:MOST_USES],
            "form": OperationForm(initial={"operation": CHECKOUT}),
            "amounts": magic.AMOUNTS,
            "directives": catalogue.DIRECTIVES,
        },
    )


@in_a_sandbox(READ_OR_ACT)
def new(request: HttpRequest, client: Account) -> HttpResponse:
    """Write one, for the operation that the address names."""
    operation = request.GET.get("operation", "")
    known = {name: label for _group, choices in operation_choices() for name, label in choices}
    if operation not in known:
        return redirect("scenarios")
    form = ScenarioForm(client, operation, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            making.make(client.sandbox, [form.wanted], now=clock.now(client.sandbox))
        except making.NoRoom as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The scenario waits for calls."))
            return redirect("scenarios")
    context = {"form": form, "operation": operation, "title": known[operation], "amounts": magic.AMOUNTS}
    return render(request, "scenarios/new.html", context)


@in_a_sandbox(ACT)
def act(request: HttpRequest, client: Account, scenario_id: int, act: str) -> HttpResponse:
    """One of the buttons beside a scenario."""
    scenario = get_object_or_404(_own(client).select_related("sandbox"), id=scenario_id)
    match act:
        case "pause":
            scenarios.pause(scenario, paused=True)
            messages.success(request, _("%s lets calls pass for now.") % scenario)
        case "resume":
            scenarios.pause(scenario, paused=False)
            messages.success(request, _("%s waits for calls again.") % scenario)
        case "reset":
            scenarios.reset(scenario)
            messages.success(request, _("%s begins to count anew.") % scenario)
        case "delete":
            told = str(scenario)
            scenarios.clear(Scenario.objects.filter(id=scenario.id), scenario.sandbox)
            messages.success(request, _("%s is gone.") % told)
        case _:
            raise Http404
    return redirect(reverse("scenarios"))


def _own(client: Account) -> QuerySet[Scenario]:
    return Scenario.objects.filter(sandbox=client.sandbox, wallet__in=_wallets(client))


def _wallets(client: Account) -> list[str]:
    return list(client.wallets.values_list("id", flat=True))
