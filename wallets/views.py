"""A client's own pages: coming in, going out, and what is in the wallets."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django.views.generic import FormView

from sandbox import clock
from wallets import parties, statement
from wallets.forms import EMAIL_TAKEN, LoginForm, RegistrationForm
from wallets.models import Wallet

LATEST = 20


class Login(LoginView):
    """Django's own: it gives the session a new key and follows `next` only within this site."""

    template_name = "wallets/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


@method_decorator([sensitive_post_parameters(), never_cache], name="dispatch")
class Register(RedirectURLMixin, FormView[RegistrationForm]):
    """A new client: login, account and first wallet, and logged in at once."""

    template_name = "wallets/register.html"
    form_class = RegistrationForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        return resolve_url("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def form_valid(self, form: RegistrationForm) -> HttpResponse:
        sandbox = clock.default_sandbox()
        try:
            account = parties.register(sandbox=sandbox, now=clock.now(sandbox), **form.details())
        except (ValidationError, IntegrityError):
            # Somebody registered the same e-mail or phone between the form's check and the database's.
            form.add_error("email", EMAIL_TAKEN)
            return self.form_invalid(form)
        login(self.request, account.user)
        return super().form_valid(form)


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
