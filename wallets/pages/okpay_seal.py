"""The OKPAY Seal: its generator (Profile -> Merchant -> OKPAY Seal), and the page that a seal leads to."""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sandbox import clock
from sandbox.origin import origin
from wallets import okpay_seal
from wallets.forms.fields import own_wallets
from wallets.forms.okpay_seal import OkpaySealForm
from wallets.models import Account
from wallets.okpay_seal import ALTERNATIVE, GRAPHIC_LANGUAGES, GRAPHICS
from wallets.pages.client import READ_OR_ACT, client_page, own_wallet


@client_page(READ_OR_ACT)
def generator(request: HttpRequest, client: Account, wallet_id: str = "") -> HttpResponse:
    """What the seal tells, and the code that puts it on a web page. Without a wallet: the client's first."""
    own = list(own_wallets(client))
    if not own:
        raise Http404
    wallet = own_wallet(client, wallet_id or own[0].id)
    form = OkpaySealForm(okpay_seal.of(wallet), request.POST if request.method == "POST" else None)
    if form.is_valid():
        seal = form.keep(now=clock.now(client.sandbox))
        messages.success(
            request,
            _("Saved. Everybody can see the seal now.") if seal.is_shown else _("Saved. Nobody can see the seal."),
        )
        return redirect("wallet-seal", wallet.id)
    language = request.GET.get("language", get_language() or "en")
    if language not in GRAPHIC_LANGUAGES:
        language = "en"
    context = {
        "wallet": wallet,
        "wallets": own,
        "form": form,
        "is_shown": form.instance.is_shown and not client.is_blocked,
        "is_blocked": client.is_blocked,
        "address": reverse("seal", args=[wallet.id]),
        "graphics": [_graphic(request, wallet.id, name, language) for name in GRAPHICS],
        "language": language,
        "languages": GRAPHIC_LANGUAGES.items(),
    }
    return render(request, "wallets/okpay_seal.html", context)


@never_cache  # its owner may take it back at any moment
@require_safe
def seal(request: HttpRequest, wallet_id: str) -> HttpResponse:
    """What a visitor of the merchant's site reads. Where there is no seal, all are told the same."""
    told = okpay_seal.read(wallet_id)
    if told is None:
        return render(request, "wallets/no_seal.html", status=HTTPStatus.NOT_FOUND)
    context = {"told": told, "here": origin(request), **_came_from(request, told.site)}
    return render(request, "wallets/seal.html", context)


def _graphic(request: HttpRequest, wallet_id: str, name: str, language: str) -> dict[str, object]:
    """A graphic with its HTML code, as it is to be copied."""
    width, height = GRAPHICS[name]
    path = static(f"seals/{name}-{language}.svg")
    code = format_html(
        '<a href="{}" target="_blank" rel="noopener">\n'
        '   <img src="{}" alt="{}" width="{}" height="{}" border="0"/>\n'
        "</a>",
        origin(request) + reverse("seal", args=[wallet_id]),
        origin(request) + path,
        ALTERNATIVE[language],
        width,
        height,
    )
    return {"name": name, "path": path, "width": width, "height": height, "code": str(code)}


def _came_from(request: HttpRequest, site: str) -> dict[str, object]:
    """Whether the page with the seal is on the site that the seal names: a copied seal is found out by that.

    Browsers tell the host that a link was on, unless they are told not to; then we know nothing, and say nothing.
    """
    try:
        came_from, named = urlsplit(request.headers.get("Referer", "")).hostname, urlsplit(site).hostname
    except ValueError:
        return {}
    if not came_from or not named or came_from == request.get_host().partition(":")[0]:
        return {}
    return {"came_from": came_from, "came_from_site": _bare(came_from) == _bare(named)}


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.").rstrip(".")
