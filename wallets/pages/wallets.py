"""Wallets and Currencies: the list, and the properties of one wallet with its Integration tab."""

from collections import defaultdict
from decimal import Decimal

from django.conf import settings
from django.contrib import messages
from django.db import transaction as database
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from sandbox import clock
from wallets import balance_chart, parties, presses
from wallets.forms.fields import own_wallets
from wallets.forms.wallets import ChartForm, IntegrationForm, NewWalletForm, TitleForm
from wallets.models import Account, Balance, Currency
from wallets.money import ZERO
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page, own_wallet

MOST_WALLETS = 50
API_CALLS_SHOWN = 50


@client_page(READ_OR_ACT)
def wallets(request: HttpRequest, client: Account) -> HttpResponse:
    """All of them, what they hold together, and a form that opens another."""
    form = NewWalletForm(request.POST if request.method == "POST" else None)
    own = list(own_wallets(client).prefetch_related("balances"))
    if form.is_valid():
        if len(own) < MOST_WALLETS:
            with database.atomic():
                if presses.is_first(form, client):
                    wallet = parties.open_wallet(
                        client, title=form.cleaned_data["title"], now=clock.now(client.sandbox)
                    )
                    messages.success(request, _("The wallet %(wallet)s is open.") % {"wallet": wallet.id})
            return redirect("wallets")
        form.add_error(None, _("An account can have at most %(most)d wallets.") % {"most": MOST_WALLETS})
    totals: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for wallet in own:
        for balance in wallet.balances.all():
            totals[balance.currency_id] += balance.amount
    currencies = [
        (currency, f"{currency.per_euro.normalize():f}", totals.get(currency.code, ZERO))
        for currency in Currency.objects.all()
    ]
    return render(request, "wallets/wallets.html", {"wallets": own, "form": form, "currencies": currencies})


@client_page(READ_OR_ACT)
def properties(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    """What the wallet is called, what it holds and has held."""
    wallet = own_wallet(client, wallet_id)
    form = TitleForm(request.POST if request.method == "POST" else None, initial={"title": wallet.title})
    if form.is_valid():
        wallet.title = form.cleaned_data["title"]
        wallet.save(update_fields=["title"])
        messages.success(request, _("The wallet is renamed."))
        return redirect("wallet", wallet.id)
    balances = list(Balance.objects.filter(wallet=wallet).select_related("currency"))
    chart_form, chart = _chart(request, client, wallet, balances)
    context = {"wallet": wallet, "form": form, "balances": balances, "chart_form": chart_form, "chart": chart}
    return render(request, "wallets/properties.html", context | {"tab": "properties"})


def _chart(
    request: HttpRequest, client: Account, wallet: object, balances: list[Balance]
) -> tuple[ChartForm, balance_chart.Chart | None]:
    if not balances:
        return ChartForm(), None
    asked = {
        "currency": request.GET.get("currency", balances[0].currency_id),
        "days": request.GET.get("days", "30"),
    }
    form = ChartForm(asked)
    if not form.is_valid():
        return form, None
    today = clock.now(client.sandbox).date()
    code, days = form.cleaned_data["currency"].code, int(form.cleaned_data["days"])
    return form, balance_chart.chart(balances[0].wallet, code, today=today, days=days)


@sensitive_post_parameters("api_password")
@client_page(READ_OR_ACT)
def integration(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    """The Integration tab: return URLs, IPN, the API."""
    wallet = own_wallet(client, wallet_id)
    form = IntegrationForm(wallet, request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.save()
        messages.success(request, _("The settings are saved and hold from now on."))
        if form.cleaned_data["api_allowed_ips"] and not form.cleaned_data["api_security"]:
            messages.info(
                request, _("API Security is not enabled, so the addresses were dropped: any may call the API.")
            )
        return redirect("wallet-integration", wallet.id)
    return render(request, "wallets/integration.html", {"wallet": wallet, "form": form, "tab": "integration"})


@client_page(ACT)
def generate_api_password(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    """A new Access Password, shown in the answer to this POST and never again: it stands in no page, session or log."""
    wallet = own_wallet(client, wallet_id)
    wallet.api_password = password = parties.new_api_password()
    wallet.save(update_fields=["api_password_sealed"])
    return render(request, "wallets/api_password.html", {"wallet": wallet, "password": password, "tab": "integration"})


@client_page(READ)
def api_calls(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    """The last calls of the API that were refused, and why; of one function and error, if the address names them."""
    wallet = own_wallet(client, wallet_id)
    calls = wallet.api_calls.order_by("-id")
    asked = {"operation": request.GET.get("function", ""), "outcome": request.GET.get("error", "")}
    wanted = {column: text.replace("\0", "") for column, text in asked.items() if text}
    context = {"wallet": wallet, "calls": calls.filter(**wanted)[:API_CALLS_SHOWN], "is_filtered": bool(wanted)}
    context |= {"tab": "calls", "is_in_journal": settings.JOURNAL}
    return render(request, "wallets/api_calls.html", context)
