"""My Account: what is in the wallets, and what happened last."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ipn.models import IpnMessage
from wallets import statement
from wallets.forms.fields import own_wallets
from wallets.models import Account, Wallet
from wallets.pages.client import READ, client_page

LATEST = 20
MOST_UNDELIVERED = 1_000


@client_page(READ)
def account(request: HttpRequest, client: Account) -> HttpResponse:
    wallets = list(own_wallets(client).prefetch_related("balances"))
    lines = statement.latest(client, wallets, count=LATEST)
    context = {"account": client, "wallets": wallets, "lines": lines, "undelivered": _undelivered(wallets)}
    return render(request, "wallets/account.html", context)


def _undelivered(wallets: list[Wallet]) -> int:
    """How many notifications a listener has not acknowledged yet, as far as it matters how many."""
    retried = IpnMessage.objects.filter(
        wallet_id__in=[wallet.id for wallet in wallets], status=IpnMessage.Status.RETRYING
    )
    return retried.order_by()[:MOST_UNDELIVERED].count()
