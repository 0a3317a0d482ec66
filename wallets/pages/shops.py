"""The Shop tab of a wallet, and the logo that buyers get to see."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sandbox import clock
from wallets import shops
from wallets.drawing import CONTENT_TYPE, HARMLESS
from wallets.forms.shops import ShopForm
from wallets.models import Account, Shop, ShopLogo
from wallets.pages.client import ACT, READ_OR_ACT, client_page, own_wallet

# An address never gets another logo, but a logo may be taken away.
LOGO_LIFETIME = 60 * 60


@client_page(READ_OR_ACT)
def shop(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    """What buyers see at the top of the checkout."""
    wallet = own_wallet(client, wallet_id)
    kept = Shop.objects.select_related("logo").defer("logo__content").filter(wallet=wallet).first()
    form = ShopForm(wallet, kept, *((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid() and form.keep(now=clock.now(client.sandbox)):
        messages.success(request, _("Saved. Buyers see it at the checkout from now on."))
        return redirect("wallet-shop", wallet.id)
    logo = getattr(kept, "logo", None)
    return render(request, "wallets/shop.html", {"wallet": wallet, "form": form, "logo": logo, "tab": "shop"})


@client_page(ACT)
def remove_logo(request: HttpRequest, client: Account, wallet_id: str) -> HttpResponse:
    wallet = own_wallet(client, wallet_id)
    shops.remove_logo(wallet, now=clock.now(client.sandbox))
    messages.success(request, _("The logo is removed."))
    return redirect("wallet-shop", wallet.id)


@require_safe
def logo(request: HttpRequest, name: str) -> HttpResponse:
    """A logo, for anybody who has its address from a checkout or a seal."""
    found = ShopLogo.objects.filter(name=name, shop__wallet__account__is_blocked=False)
    etag = quote_etag(name)
    if etag in parse_etags(request.headers.get("If-None-Match", "")) and found.exists():
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        content = found.values_list("content", flat=True).first()
        if content is None:
            raise Http404
        response = HttpResponse(bytes(content), content_type=CONTENT_TYPE, headers=HARMLESS)
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={LOGO_LIFETIME}"
    return response
