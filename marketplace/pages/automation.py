"""A merchant's own program: a token that may keep stock and prices right for his account and nothing else, and what to
send with it. Official page "Marketplace": "you can automate the sales and stock management routine"."""

from django import forms
from django.contrib import messages
from django.db import transaction as database
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models import Store
from marketplace.pages.products import store_page
from sandbox import access
from sandbox.models import ControlToken
from sandbox.origin import origin
from wallets import presses
from wallets.models import Account
from wallets.pages.client import READ_OR_ACT
from wallets.presses import OnceForm

MOST_TOKENS = 20
SCOPES = {
    "stock": (("products:write", "orders:read"), gettext_lazy("Change stock and prices, read orders")),
    "all": (("products:write", "orders:write"), gettext_lazy("Change stock and prices, ship and refund orders")),
    "read": (("products:read", "orders:read"), gettext_lazy("Only read")),
}


class TokenForm(OnceForm):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("Such as the program that will have it.")
    )
    may = forms.ChoiceField(
        label=gettext_lazy("It may"), choices=[(name, label) for name, (_scopes, label) in SCOPES.items()]
    )


@store_page(READ_OR_ACT)
def automation(request: HttpRequest, store: Store) -> HttpResponse:
    """The tokens there are, a new one, and commands to paste. A new token stands on the page that it was made with."""
    client, made, form = store.account, "", TokenForm()
    if "revoke" in request.POST:
        _revoke(client, request.POST["revoke"])
        messages.success(request, _("The token is revoked: nobody comes in with it any more."))
        return redirect("store-automation")
    if request.method == "POST":
        form = TokenForm(request.POST)
        if form.is_valid():
            made = _make(client, form)
            if not made and not form.errors:
                messages.info(request, _("That was done already: nothing was done twice."))
                return redirect("store-automation")
        form = TokenForm() if made else form
    context = {
        "tab": "automation",
        "store": store,
        "tokens": _own(client),
        "made": made,
        "form": form,
        "api": f"{origin(request)}/api/v1/",
        "product": store.products.filter(is_removed=False).order_by("id").values_list("id", flat=True).first() or 1,
    }
    return render(request, "marketplace/automation.html", context)


@database.atomic
def _make(client: Account, form: TokenForm) -> str:
    """The text of a new token; "" when there is none, because this press came before or there are too many."""
    # Of two new ones at once the second waits here, and counts the first.
    Account.objects.select_for_update(no_key=True).get(id=client.id)
    if _own(client).count() >= MOST_TOKENS:
        form.add_error(None, _("There are %d tokens: revoke one first.") % MOST_TOKENS)
        return ""
    if not presses.is_first(form, client):
        return ""
    scopes, _label = SCOPES[form.cleaned_data["may"]]
    name = form.cleaned_data["name"]
    _token, text = access.issue(name=name, scopes=scopes, sandbox=client.sandbox, account_id=client.id)
    return text


def _revoke(client: Account, id: str) -> None:
    if id.isascii() and id.isdigit() and len(id) < 19:
        _own(client).filter(id=id).delete()


def _own(client: Account) -> QuerySet[ControlToken]:
    return ControlToken.objects.filter(sandbox=client.sandbox, account_id=client.id)
