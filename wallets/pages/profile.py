"""The Profile: where everything about the account begins, as the official pages have it."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sandbox import clock
from sandbox.origin import origin
from wallets import confirmations, countries, documents, mailbox
from wallets.documents import IDENTITY
from wallets.errors import EmailTaken, PaymentError
from wallets.forms.profile import CodeForm, DocumentForm, NewEmailForm, NewPasswordForm, ProfileForm
from wallets.models import Account, ClientDocument
from wallets.pages.client import ACT, READ, READ_OR_ACT, client_page, user_of


@client_page(READ)
def profile(request: HttpRequest, client: Account) -> HttpResponse:
    """The account at a glance, Account preferences, Merchant."""
    return render(
        request,
        "wallets/profile.html",
        {"client": client, "country": _country(client), "texts_can_be_sent": mailbox.texts_can_be_sent()},
    )


@client_page(READ_OR_ACT)
def details(request: HttpRequest, client: Account) -> HttpResponse:
    """Names, phone, address."""
    form = ProfileForm(client, request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your details are saved."))
        return redirect("profile")
    return render(request, "wallets/details.html", {"form": form, "client": client})


@sensitive_post_parameters()
@client_page(READ_OR_ACT)
def password(request: HttpRequest, client: Account) -> HttpResponse:
    """Change the password. This browser stays logged in, all others are logged out."""
    form = NewPasswordForm(user_of(request), request.POST if request.method == "POST" else None)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Other browsers are logged out."))
        return redirect("profile")
    return render(request, "wallets/password.html", {"form": form})


# E-mail


@sensitive_post_parameters("password")
@client_page(READ_OR_ACT)
def email(request: HttpRequest, client: Account) -> HttpResponse:
    """Another address: it becomes the client's when the link that is sent there is followed."""
    form = NewEmailForm(user_of(request), request.POST if request.method == "POST" else None)
    if form.is_valid():
        _ask_to_confirm(request, client, form.cleaned_data["email"])
        return redirect("profile")
    return render(request, "wallets/email.html", {"form": form, "client": client})


@client_page(ACT)
def send_email_link(request: HttpRequest, client: Account) -> HttpResponse:
    """The link that confirms the present address, once more."""
    _ask_to_confirm(request, client, client.email)
    return redirect("profile")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads. Programs that look at links in messages only read: a button confirms."""
    try:
        client, address = confirmations.link(token)
        if request.method == "POST":
            client = confirmations.confirm_email(token, now=clock.now(client.sandbox))
            messages.success(request, _("The e-mail address %(email)s is confirmed.") % {"email": client.email})
            return redirect("profile")
    except confirmations.LinkRefused:
        return render(request, "wallets/link_refused.html", status=410)
    except EmailTaken as error:
        return render(request, "wallets/link_refused.html", {"reason": str(error)}, status=409)
    return render(request, "wallets/confirm_email.html", {"email": address})


def _ask_to_confirm(request: HttpRequest, client: Account, address: str) -> None:
    if wait := confirmations.ask_to_confirm_email(client, address, origin=origin(request)):
        messages.warning(request, _too_many(wait))
    else:
        messages.info(request, _("A message with a link is on its way to %(email)s.") % {"email": address})


# Phone


@client_page(READ_OR_ACT)
def phone(request: HttpRequest, client: Account) -> HttpResponse:
    """The code of the text message."""
    if not client.phone or client.phone_confirmed or not mailbox.texts_can_be_sent():
        return redirect("profile")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if confirmations.confirm_phone(client, form.cleaned_data["code"]):
            messages.success(request, _("Your phone number is confirmed."))
            return redirect("profile")
        form.add_error("code", _("This is not the code, or it is too old or was tried too often. Have another sent."))
    return render(request, "wallets/phone.html", {"form": form, "client": client})


@client_page(ACT)
def send_phone_code(request: HttpRequest, client: Account) -> HttpResponse:
    if not client.phone or client.phone_confirmed or not mailbox.texts_can_be_sent():
        return redirect("profile")
    if wait := confirmations.send_phone_code(client):
        messages.warning(request, _too_many(wait))
    return redirect("phone")


# Verification


@client_page(READ_OR_ACT)
def verification(request: HttpRequest, client: Account) -> HttpResponse:
    """Ask to be verified: papers go to staff, who judge them."""
    form = DocumentForm(request.POST, request.FILES) if request.method == "POST" else DocumentForm()
    if form.is_valid():
        try:
            documents.upload(
                client,
                kind=form.cleaned_data["kind"],
                content=form.cleaned_data["file"].read(),
                now=clock.now(client.sandbox),
            )
        except PaymentError as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, _("Your document was sent. Staff will judge it."))
            return redirect("verification")
    sent = list(client.documents.defer("content").order_by("-id")[:50])
    accepted = {document.kind for document in sent if document.status == ClientDocument.Status.ACCEPTED}
    return render(
        request,
        "wallets/verification.html",
        {
            "form": form,
            "client": client,
            "documents": sent,
            "has_identity": bool(accepted & set(IDENTITY)),
            "has_address": ClientDocument.Kind.UTILITY_BILL in accepted,
        },
    )


def _too_many(seconds: int) -> str:
    return _("Too many messages were asked for. Wait %(seconds)d seconds.") % {"seconds": seconds}


def _country(client: Account) -> str:
    return dict(countries.choices(get_language() or "en")).get(client.country_code, client.country_code)
