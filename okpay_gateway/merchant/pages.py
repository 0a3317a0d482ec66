"""Merchant Overview: sales, checkouts, deliveries and refusals of a period at a glance, each leading to its list."""

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from checkout.models import CheckoutSession
from ipn.models import IpnMessage
from okpay_gateway.merchant import checkouts as listed
from okpay_gateway.merchant import figures, pictures
from okpay_gateway.merchant.figures import Period, Refused, Sales, Taken
from okpay_gateway.merchant.forms import CheckoutsForm, OverviewForm
from okpay_gateway.merchant.pictures import Bar
from sandbox import clock
from wallets import statement
from wallets.forms.fields import own_wallets
from wallets.models import Account, ApiCall
from wallets.pages.client import READ, client_page

# Charts; further currencies stand in the table.
MOST_CHARTS = 4

# In the order in which their pieces of a bar stand.
CHECKOUTS = ("paid", "pending", "open", "canceled", "expired", "failed")
DELIVERIES = ("sent", "queued", "retrying", "withheld", "failed")


@client_page(READ)
def overview(request: HttpRequest, client: Account) -> HttpResponse:
    """All wallets or one, over a period that ends today."""
    choices, asked = _choices(client), request.GET.dict()
    form = OverviewForm({"days": OverviewForm.DEFAULT, **asked}, wallets=choices)
    context: dict[str, object] = {"form": form, "has_wallets": bool(choices)}
    if form.is_valid():
        wallet, days = form.cleaned_data["wallet"], int(form.cleaned_data["days"])
        wallets = [wallet] if wallet else [each for each, _title in choices]
        context |= _figures(wallets, wallet, Period.of(days, now=clock.now(client.sandbox)), days, dict(choices))
    return render(request, "merchant/overview.html", context)


def _figures(wallets: list[str], wallet: str, period: Period, days: int, titles: dict[str, str]) -> dict[str, object]:
    sales = figures.sales(wallets, period)
    opened = figures.checkouts(wallets, period)
    messages = figures.deliveries(wallets, period)
    calls = figures.api_calls(wallets, since=timezone.now() - timedelta(days=days))
    forms = figures.forms(wallets, period) if settings.JOURNAL else figures.Refusals()
    sold = list(dict.fromkeys(row.currency for row in sales.rows if row.sales))
    checkout_bar = _bar("merchant-checkouts", CHECKOUTS, CheckoutSession.Status, opened, wallet, period)
    delivery_bar = _bar("ipn-history", DELIVERIES, IpnMessage.Status, messages, wallet, period)
    return {
        "period": period,
        "sales": sales,
        "rows": [_row(row, period, titles) for row in sales.rows],
        "charts": [pictures.columns(code, sales.by_day[code], period) for code in sold[:MOST_CHARTS]],
        "more_currencies": len(sold[MOST_CHARTS:]),
        "number_of_sales": sales.number("sales"),
        "not_paid": _not_paid(sales, period),
        "checkouts": checkout_bar,
        "conversion": pictures.percent(opened.get("paid", 0), checkout_bar.total),
        "paid": opened.get("paid", 0),
        "deliveries": delivery_bar,
        "sent": messages.get("sent", 0),
        "delivered": pictures.percent(messages.get("sent", 0), delivery_bar.total),
        "calls": calls,
        "call_rows": _bars(calls.most_frequent, "wallet-api-calls"),
        "calls_kept": ApiCall.KEPT,
        "forms": forms,
        "form_rows": _bars(forms.most_frequent, "journal"),
        "journal_is_kept": settings.JOURNAL,
        "several_wallets": len(wallets) > 1,
    }


def _row(row: Taken, period: Period, titles: dict[str, str]) -> dict[str, object]:
    """A row of the table with the addresses of the lists that its numbers come from."""
    asked = {"kind": statement.EVERY_SALE, "currency": row.currency, "first_day": period.first, "last_day": period.last}
    address = reverse("wallet-history", args=[row.wallet])

    def link(status: str, direction: str = statement.Direction.RECEIVED) -> str:
        return f"{address}?{urlencode({**asked, 'direction': direction, 'status': status})}"

    return {
        "taken": row,
        "title": titles.get(row.wallet, row.wallet),
        "completed": link("completed"),
        "reversed": link("reversed"),
        "pending": link("pending"),
        "taken_back": link("reversed", statement.Direction.PAID),
    }


def _not_paid(sales: Sales, period: Period) -> list[dict[str, object]]:
    """Payments that were refused or declined, wallet by wallet."""
    asked = {"kind": statement.EVERY_SALE, "first_day": period.first, "last_day": period.last}
    found: list[dict[str, object]] = []
    for status in ("failed", "canceled"):
        numbers: dict[str, int] = {}
        for row in sales.rows:
            numbers[row.wallet] = numbers.get(row.wallet, 0) + getattr(row, status)
        found += [
            {
                "status": status,
                "wallet": wallet,
                "number": number,
                "address": f"{reverse('wallet-history', args=[wallet])}?{urlencode({**asked, 'status': status})}",
            }
            for wallet, number in numbers.items()
            if number
        ]
    return found


def _bar(
    url: str,
    order: tuple[str, ...],
    statuses: type[CheckoutSession.Status] | type[IpnMessage.Status],
    numbers: dict[str, int],
    wallet: str,
    period: Period,
) -> Bar:
    asked = {"wallet": wallet, "first_day": period.first, "last_day": period.last}
    return pictures.bar(
        [
            (
                status,
                statuses(status).label,
                numbers.get(status, 0),
                f"{reverse(url)}?{urlencode({**asked, 'status': status})}",
            )
            for status in order
        ]
    )


def _bars(rows: list[Refused], url: str) -> list[tuple[Refused, int, str]]:
    """Each with the length of its bar, of 100, and the address of its list."""
    most = max((row.number for row in rows), default=1)
    return [(row, max(2, round(100 * row.number / most)), _list_of(row, url)) for row in rows]


def _list_of(row: Refused, url: str) -> str:
    if url == "journal":
        asked = {"kind": "form", "outcome": "failed", "wallet": row.wallet, "text": row.error[:200]}
        return f"{reverse(url)}?{urlencode(asked)}"
    asked = {"function": row.what, "error": row.error}
    return f"{reverse(url, args=[row.wallet])}?{urlencode(asked)}"


@client_page(READ)
def checkouts(request: HttpRequest, client: Account) -> HttpResponse:
    """The checkouts that were opened at the client's wallets."""
    choices = _choices(client)
    form = CheckoutsForm(request.GET, wallets=choices)
    page = None
    if form.is_valid():
        asked = dict(form.cleaned_data)
        wallet = asked.pop("wallet")
        wallets = [wallet] if wallet else [each for each, _title in choices]
        page = listed.page(wallets, **asked, older_than=request.GET.get("older", ""))
    criteria = request.GET.copy()
    criteria.pop("older", None)
    context = {
        "form": form,
        "page": page,
        "query": criteria.urlencode(),
        "is_first": "older" not in request.GET,
        "several_wallets": len(choices) > 1,
    }
    return render(request, "merchant/checkouts.html", context)


def _choices(client: Account) -> list[tuple[str, str]]:
    return [(wallet.id, f"{wallet.title} ({wallet.id})") for wallet in own_wallets(client)]
