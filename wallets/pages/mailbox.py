"""The mailbox of a sandbox: what would have gone out by e-mail or as a text message."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from wallets import mailbox
from wallets.models import Account
from wallets.pages.client import READ, client_page


@client_page(READ)
def messages(request: HttpRequest, client: Account) -> HttpResponse:
    """What was sent to the client's own addresses, newest first."""
    if not settings.SANDBOX:
        raise Http404
    context = {"client": client, "mailbox": mailbox.of(client)[: mailbox.SHOWN], "most": mailbox.SHOWN}
    return render(request, "wallets/mailbox.html", context)
