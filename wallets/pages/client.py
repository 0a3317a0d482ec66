"""Who is looking, and what is his: every page of the account begins here."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from wallets.models import Account, User, Wallet

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Account, P], HttpResponseBase]
READ, READ_OR_ACT, ACT = ("GET", "HEAD"), ("GET", "HEAD", "POST"), ("POST",)


def client_page(
    methods: tuple[str, ...],
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """A view that gets the account of who is logged in, its sandbox loaded. Nothing of it stays in a cache."""

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            client = Account.objects.select_related("sandbox").filter(user=user_of(request)).first()
            if client is None:
                if user_of(request).is_staff:
                    return redirect("admin:index")
                raise PermissionDenied
            return view(request, client, *args, **kwargs)

        return require_http_methods(list(methods))(never_cache(login_required(page)))

    return decorate


def user_of(request: HttpRequest) -> User:
    assert request.user.is_authenticated
    return request.user


def own_wallet(client: Account, wallet_id: str) -> Wallet:
    """404 for a wallet that is not the client's, as for one that does not exist."""
    wallet = get_object_or_404(Wallet, id=wallet_id, account=client, role=Wallet.Role.CLIENT)
    wallet.account = client
    return wallet
