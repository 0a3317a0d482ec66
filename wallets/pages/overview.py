"""My Account: what is in the wallets, and what happened last."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from wallets import statement
from wallets.forms.fields import own_wallets
from wallets.models import Account
from wallets.pages.client import READ, client_page

LATEST = 20


@client_page(READ)
def account(request: HttpRequest, client: Account) -> HttpResponse:
    wallets = list(own_wallets(client).prefetch_related("balances"))
    lines = statement.latest(client, wallets, count=LATEST)
    return render(request, "wallets/account.html", {"account": client, "wallets": wallets, "lines": lines})
