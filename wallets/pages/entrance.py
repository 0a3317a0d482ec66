"""Coming in and going out: log in, register, a forgotten password."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, PasswordResetConfirmView, PasswordResetView
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sandbox import clock
from sandbox.origin import origin
from wallets import confirmations, registration
from wallets.forms import EMAIL_TAKEN, LoginForm, RegistrationForm
from wallets.forms.profile import ForgottenForm, SetNewPasswordForm
from wallets.models import Account
from wallets.throttle import Throttle

# Messages that anybody may have sent to somebody: not more than this.
FORGOTTEN = Throttle("forgotten", allowed=3, period=timedelta(minutes=10))


class Login(LoginView):
    """Django's own: it gives the session a new key and follows `next` only within this site."""

    template_name = "wallets/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.retry_after:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(form.retry_after)
        return response


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
        confirmations.ask_to_confirm_email(account, account.email, origin=origin(request))
        if not following:
            messages.success(
                request,
                _("Your account is open. A message with a link is on its way to %(email)s: follow it to confirm it.")
                % {"email": account.email},
            )
        return redirect(following or "account")
    return render(request, "wallets/register.html", {"form": form, "next": following})


@method_decorator(never_cache, name="dispatch")
class Forgotten(PasswordResetView):
    """Ask for a message with a link. The answer is the same whether or not the address is known."""

    template_name = "wallets/forgotten.html"
    form_class = ForgottenForm
    email_template_name = "wallets/messages/new_password.txt"
    subject_template_name = "wallets/messages/new_password_subject.txt"
    success_url = reverse_lazy("forgotten-sent")

    def form_valid(self, form: Any) -> HttpResponse:
        if FORGOTTEN.attempt(form.cleaned_data["email"].lower()):
            return redirect(self.get_success_url())
        self.extra_email_context = {"origin": origin(self.request)}
        return super().form_valid(form)


@never_cache
@require_http_methods(["GET", "HEAD"])
def forgotten_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "wallets/forgotten_sent.html")


class SetNewPassword(PasswordResetConfirmView):
    """Where the link leads. Django moves the token from the address into the session, so that no log keeps it."""

    template_name = "wallets/new_password.html"
    form_class = SetNewPasswordForm
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your password is changed. Log in with the new one."))
        return response


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
