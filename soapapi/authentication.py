"""Who calls, and may he? The order of the checks is the service's own: first what concerns all, the token last."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils.text import Truncator

from sandbox.compiled import Asked, asked_together
from soapapi import addresses, switches, throttle, tokens
from soapapi.addresses import IPAddress
from soapapi.errors import AccountApiDisabled, AuthenticationFailed, CallNotAllowed, CallRefused, InvalidIpAddress
from wallets import parties, secrecy
from wallets.errors import IncorrectParameters, PaymentError, SourceAccountDoesntExist
from wallets.models import ApiCall, Wallet

Reason = ApiCall.Reason


@dataclass(slots=True)
class Call:
    """One request on its way through: what the transport knows, and what is found out."""

    address: IPAddress | None
    is_https: bool
    # Real time.
    at: datetime
    operation: str = ""
    # Parameters that are not of their type. That is told after the token has been checked.
    unreadable: list[str] = field(default_factory=list)
    wallet: Wallet | None = None


def admit(call: Call) -> None:
    """What holds for every operation. Raises CallRefused."""
    switches.check(call.operation)
    if not settings.SANDBOX and not call.is_https:
        raise CallNotAllowed(Reason.HTTPS)


def authenticate(call: Call, wallet_id: str, token: str) -> Wallet:
    """The wallet that calls. Raises SourceAccountDoesntExist, or CallRefused with the reason."""
    wallet = parties.CLIENT_WALLET.first(wallet_id.strip().upper())
    if wallet is None:
        raise SourceAccountDoesntExist
    call.wallet = wallet
    _remember(wallet)
    if not wallet.api_enabled:
        raise AccountApiDisabled(Reason.API_OFF)
    if not addresses.is_allowed(call.address, wallet.api_allowed_ips):
        raise InvalidIpAddress(Reason.ADDRESS)
    if throttle.is_paused(wallet, call.address, at=call.at):
        raise AuthenticationFailed(Reason.TOO_MANY_FAILURES)
    _check_token(call, wallet, token)
    return wallet


def asked_ahead(wallet_id: str, questions: Callable[[str], Iterable[Asked]]) -> AbstractContextManager[None]:
    """One round trip for the caller and for what his function asks: `questions`, given the sandbox that he is in.

    That is not known before the caller is. But it was, if he has called before; should it have changed meanwhile,
    what was asked is of no use, and is asked again.
    """
    wallet_id = wallet_id.strip().upper()
    sandbox_id = _last_seen_in.get(wallet_id)
    if sandbox_id is None:
        return nullcontext()
    return asked_together((parties.CLIENT_WALLET, (wallet_id,)), *questions(sandbox_id))


# Callers' wallets, and their sandboxes.
_last_seen_in: dict[str, str] = {}
MOST_SEEN = 10_000


def _remember(wallet: Wallet) -> None:
    if len(_last_seen_in) >= MOST_SEEN:
        _last_seen_in.clear()
    _last_seen_in[wallet.id] = wallet.account.sandbox_id


def require_extended_access(wallet: Wallet) -> None:
    """EX_ functions: for fully verified merchants, upon contacting the support service. Raises CallNotAllowed."""
    if not (wallet.account.is_verified and wallet.account.extended_access):
        raise CallNotAllowed(Reason.EXTENDED)


def keep(call: Call, error: CallRefused | PaymentError, name: str) -> None:
    """Remember a refusal for the wallet's owner, when there is one."""
    if call.wallet is None:
        return
    reason, detail = ("", "")
    if isinstance(error, CallRefused):
        reason, detail = error.reason or "", error.detail
    elif isinstance(error, IncorrectParameters):
        detail = f"{error.field}: {error}"
    else:
        detail = str(error)
    with transaction.atomic():
        ApiCall.objects.create(
            wallet=call.wallet,
            at=call.at,
            operation=call.operation,
            remote_address=str(call.address) if call.address else None,
            outcome=name,
            reason=reason,
            detail=Truncator(detail).chars(200),
        )
        own = ApiCall.objects.filter(wallet=call.wallet)
        if oldest_kept := own.order_by("-id").values_list("id", flat=True)[ApiCall.KEPT - 1 : ApiCall.KEPT].first():
            own.filter(id__lt=oldest_kept).delete()


def _check_token(call: Call, wallet: Wallet, token: str) -> None:
    if not wallet.api_password_sealed:
        raise AuthenticationFailed(Reason.NO_PASSWORD)
    try:
        expected = _expected(wallet.api_password_sealed, tokens.hour_of(call.at))
    except secrecy.KeyChanged:
        raise AuthenticationFailed(Reason.UNREADABLE_PASSWORD) from None
    if tokens.is_right(token, expected):
        return
    reason = tokens.explain(token, wallet.api_password, call.at)
    if reason in (Reason.WRONG_PASSWORD, Reason.NOT_SHA256):
        throttle.wrong_token(wallet, call.address, token, at=call.at)
    raise AuthenticationFailed(reason)


@lru_cache(maxsize=1000)
def _expected(sealed_password: str, hour: str) -> str:
    """The token of a wallet for an hour: a busy merchant's password is decrypted once an hour, not with every call."""
    return tokens.token(secrecy.open_sealed(sealed_password), hour)
