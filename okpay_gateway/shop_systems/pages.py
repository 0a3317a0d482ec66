"""/shop-systems/: one page for each system, made from systems.py, and the form for one that is missing."""

from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from okpay_gateway.developers.pages import receiver
from okpay_gateway.developers.variables import anchor
from okpay_gateway.shop_systems import requests
from okpay_gateway.shop_systems.forms import MissingSystemForm
from okpay_gateway.shop_systems.systems import ADDRESSES, BY_SLUG, HABITS, INSISTED_ON, SYSTEMS
from sandbox.origin import origin
from wallets.throttle import Throttle

# From one address, and from everywhere: a table must not fill up overnight.
FROM_ONE = Throttle("shop-system-requests", allowed=5, period=timedelta(hours=1))
FROM_ALL = Throttle("shop-system-requests-all", allowed=500, period=timedelta(days=1))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: HttpRequest) -> HttpResponse:
    """All systems, and the form."""
    form = MissingSystemForm(request.POST if request.method == "POST" else None)
    wait = 0
    if form.is_valid():
        wait = FROM_ONE.attempt(request.META.get("REMOTE_ADDR", "")) or FROM_ALL.attempt("")
        if not wait:
            requests.ask(**form.cleaned_data, now=timezone.now())
            messages.success(request, _("Thank you. Staff read it; if you left an e-mail address, you get an answer."))
            # Else the browser would stay at the form, and what is said stands above.
            return redirect(reverse("shop-systems") + "#main")
        minutes = -(-wait // 60)
        form.add_error(
            None, _("There were many requests. Send it again in %(minutes)d minutes.") % {"minutes": minutes}
        )
    response = render(request, "shop_systems/overview.html", {"systems": SYSTEMS, "form": form})
    if wait:
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        response["Retry-After"] = str(wait)
    return response


@require_safe
def system(request: HttpRequest, slug: str) -> HttpResponse:
    """How one system is pointed at this server."""
    if slug not in BY_SLUG:
        raise Http404
    here = origin(request)
    context = {
        "system": BY_SLUG[slug],
        "systems": SYSTEMS,
        "origin": here,
        "host": urlsplit(here).netloc,
        "is_https": here.startswith("https:"),
        "addresses": [(old, here + path, what) for old, path, what in ADDRESSES],
        "habits": HABITS,
        "insisted_on": [(name, anchor(name)) for name in INSISTED_ON],
        "receiver": receiver(request),
    }
    return render(request, "shop_systems/system.html", context)
