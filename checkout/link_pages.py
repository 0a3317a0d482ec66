"""Profile -> Merchant -> Payment Links & Buttons: the generator, the saved links with their code, keys of seals.

Official page "Payment Links & Buttons Creation".
"""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction as database
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from checkout import buttons, graphics, links, seals
from checkout.link_forms import GeneratorForm, KeyForm, LooksForm, RowsForm
from checkout.links import TooManyLinks
from checkout.models import ButtonKey, PaymentLink
from checkout.payment_form import Hint
from sandbox import clock, paging
from sandbox.origin import origin
from wallets import presses, secrecy
from wallets.models import Account
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page

LINKS_ON_A_PAGE = 25
MOST_KEYS = 50  # of one account, revoked ones too


@client_page(READ_OR_ACT)
def generator(request: HttpRequest, client: Account) -> HttpResponse:
    """The form that makes a link or button in two steps, and below it those that were made before."""
    form = GeneratorForm(client, None, _now(client), _posted(request))
    if _is_to_be_saved(request) and form.is_valid():
        return _saved(request, form)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    own = PaymentLink.objects.filter(wallet__account=client).select_related("wallet")
    page = paging.page(own, ("-created_at", "-id"), size=LINKS_ON_A_PAGE, before=before, after=after)
    links.count(page.rows)
    context = {
        "form": form,
        "show_errors": _is_to_be_saved(request),
        "page": page,
        "total": own.count(),
    }
    return render(request, "checkout/links/generator.html", context)


@client_page(READ_OR_ACT)
def developer(request: HttpRequest, client: Account) -> HttpResponse:
    """Any variable, by rows of name and value."""
    return _rows_page(request, RowsForm(client, None, _now(client), _posted(request)))


@client_page(READ)
def link(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    """The generated code of one link, how it was used, and what can be done with it."""
    link = own_link(client, link_id)
    try:
        code = buttons.code(link, origin=origin(request), now=_now(client))
    except secrecy.KeyChanged:
        code = None
    short_url = code.short_url if code else ""
    context = {
        "link": link,
        "code": code,
        "rows": code.html.count("\n") + 2 if code else 0,
        "qr": buttons.qr_svg(short_url) if code else "",
        "graphic": graphics.address(link.graphic, link.graphic_language) if link.graphic else "",
        "caption": link.caption or buttons.CAPTION,
        "sums": links.received(link),
        "latest": link.sessions.select_related("transaction").order_by("-created_at")[:10],
        "is_expired": bool(link.expires_at and link.expires_at <= _now(client)),
        "generator_can_show": GeneratorForm.can_show(link),
    }
    return render(request, "checkout/links/link.html", context)


@client_page(READ_OR_ACT)
def edit(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    """The generator's form once more; what it has no fields for is edited by rows."""
    link = own_link(client, link_id)
    if not GeneratorForm.can_show(link):
        return redirect("button-edit-variables", link.id)
    form = GeneratorForm(client, link, _now(client), _posted(request))
    if _is_to_be_saved(request) and form.is_valid():
        return _saved(request, form)
    context = {"form": form, "link": link, "show_errors": _is_to_be_saved(request)}
    return render(request, "checkout/links/edit.html", context)


@client_page(READ_OR_ACT)
def edit_variables(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    return _rows_page(request, RowsForm(client, own_link(client, link_id), _now(client), _posted(request)))


@client_page(ACT)
def switch(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    link = own_link(client, link_id)
    links.switch(link, on=request.POST.get("on") == "1")
    done = _("The link is enabled.") if link.is_enabled else _("The link is disabled: who follows it is told so.")
    messages.success(request, done)
    return redirect("button", link.id)


@client_page(ACT)
def revoke_buttons(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    link = own_link(client, link_id)
    links.revoke_buttons(link, now=_now(client))
    messages.success(request, _("Encrypted buttons of before are refused now. Put the new code on your pages."))
    return redirect("button", link.id)


@client_page(READ_OR_ACT)
def delete(request: HttpRequest, client: Account, link_id: str) -> HttpResponse:
    """Asks first. Payments that came by the link stay."""
    link = own_link(client, link_id)
    if request.method == "POST":
        link.delete()
        messages.success(request, _("The link “%(name)s” is deleted.") % {"name": link.name})
        return redirect("buttons")
    return render(request, "checkout/links/delete.html", {"link": link})


@client_page(READ)
def qr(request: HttpRequest, client: Account, link_id: str, kind: str) -> HttpResponse:
    """The QR code as a file."""
    link = own_link(client, link_id)
    short_url = buttons.short_url(link, origin=origin(request))
    if kind == "svg":
        response = HttpResponse(buttons.qr_svg(short_url), content_type="image/svg+xml")
    else:
        response = HttpResponse(buttons.qr_png(short_url), content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="okpay-{link.id}.{kind}"'
    return response


@client_page(READ_OR_ACT)
def keys(request: HttpRequest, client: Account) -> HttpResponse:
    """Keys of encrypted buttons. A new one is shown in the answer to the POST that makes it, and never again."""
    own = ButtonKey.objects.filter(wallet__account=client).select_related("wallet")
    form = KeyForm(client, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if own.count() < MOST_KEYS:
            wallet, title = form.cleaned_data["wallet"], form.cleaned_data["title"]
            key = seals.new_key(wallet, title=title, now=_now(client))
            return render(request, "checkout/links/key.html", {"key": key, "secret": key.secret.hex()})
        form.add_error(None, _("An account can have at most %(most)d keys.") % {"most": MOST_KEYS})
    return render(request, "checkout/links/keys.html", {"keys": own, "form": form})


@client_page(ACT)
def revoke_key(request: HttpRequest, client: Account, key_id: str) -> HttpResponse:
    key = get_object_or_404(ButtonKey, id=key_id, wallet__account=client)
    seals.revoke(key, now=_now(client))
    messages.success(request, _("The key is revoked: no button that it has sealed is accepted any more."))
    return redirect("button-keys")


def own_link(client: Account, link_id: str) -> PaymentLink:
    """404 for a link of somebody else, as for one that does not exist."""
    found = PaymentLink.objects.select_related("wallet__account__sandbox")
    return get_object_or_404(found, id=link_id, wallet__account=client)


def _rows_page(request: HttpRequest, form: RowsForm) -> HttpResponse:
    pressed = _posted(request) or {}
    if "add" in pressed:
        form.add_rows()
    elif "check" in pressed or "save" in pressed:
        is_good = form.check() and form.is_valid()
        if is_good and "save" in pressed:
            return _saved(request, form)
    context = {"form": form, "link": form.link, "show_errors": "save" in pressed}
    return render(request, "checkout/links/developer.html", context)


def _saved(request: HttpRequest, form: LooksForm) -> HttpResponse:
    is_new = form.link is None
    try:
        with database.atomic():
            if is_new and not presses.is_first(form, form.client):
                made = PaymentLink.objects.filter(wallet__account=form.client).order_by("-created_at", "-id")
                return redirect("button", made[0].id) if made else redirect("buttons")
            link, hints = form.save()
    except TooManyLinks as error:
        messages.error(request, str(error))
        return redirect("buttons")
    messages.success(request, _("Here is the code of your link.") if is_new else _("The link is changed."))
    _warn(request, hints)
    return redirect("button", link.id)


def _warn(request: HttpRequest, hints: list[Hint]) -> None:
    for hint in hints:
        messages.warning(request, f"{hint.variable}: {hint.text}")


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _is_to_be_saved(request: HttpRequest) -> bool:
    """Not when only the graphics are to be shown in another language."""
    return request.method == "POST" and "update" not in request.POST


def _now(client: Account) -> datetime:
    return clock.now(client.sandbox)
