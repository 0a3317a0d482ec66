"""A client's own pages: coming in, going out, and what is in the wallets."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from sandbox import clock
from wallets import registration, statement
from wallets.forms import EMAIL_TAKEN, LoginForm, RegistrationForm
from wallets.models import Account, Wallet

LATEST = 20


class Login(LoginView):
    """Django's own: it gives the session a new key and follows `next` only within this site."""

    template_name = "wallets/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A new client: login, account and first wallet, and logged in at once."""
    following = _within_this_site(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(following or "account")
    form = RegistrationForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and (account := _open_account(form)):
        login(request, account.user)
        return redirect(following or "account")
    return render(request, "wallets/register.html", {"form": form, "next": following})


def _within_this_site(request: HttpRequest, address: str) -> str:
    """The address if it leads to this very site, else ""."""
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else ""


def _open_account(form: RegistrationForm) -> Account | None:
    sandbox = clock.default_sandbox()
    try:
        return registration.register(sandbox=sandbox, now=clock.now(sandbox), **form.details())
    except (ValidationError, IntegrityError):
        # Somebody registered the same e-mail or phone between the form's check and the database's.
        form.add_error("email", EMAIL_TAKEN)
        return None


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The overview. Whose it is follows from the login alone."""
    assert request.user.is_authenticated
    owner = request.user.account
    if owner is None:
        if request.user.is_staff:
            return redirect("admin:index")
        raise PermissionDenied
    wallets = list(owner.wallets.filter(role=Wallet.Role.CLIENT).prefetch_related("balances").order_by("created_at"))
    lines = statement.latest(owner, wallets, count=LATEST)
    return render(request, "wallets/account.html", {"account": owner, "wallets": wallets, "lines": lines})
