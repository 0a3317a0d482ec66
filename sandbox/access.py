"""Who calls the control API, and what he may: the owner everything, others what their token's scopes say.

A view declares the resource that it is about (`ControlView.scope`). Reading it takes `<resource>:read`, anything else
`<resource>:write`, which includes reading. A view that declares none is the owner's alone.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise
from rest_framework.exceptions import APIException

from sandbox.models import ControlToken, Sandbox

# What a scope is about, for whoever chooses some.
RESOURCES: dict[str, StrOrPromise] = {
    "accounts": gettext_lazy("accounts/: clients and their logins"),
    "wallets": gettext_lazy("wallets/: balances, the Integration tab, deposits"),
    "payments": gettext_lazy("transactions/: everything that moved money; refunds, chargebacks, decisions"),
    "checkout": gettext_lazy("checkout-sessions/: orders that came to process.html, paid or cancelled by a script"),
    "ipn": gettext_lazy("ipn-messages/, verifications/: notifications, their attempts, the simulator"),
    "ledger": gettext_lazy("ledger/audit/"),
    "clock": gettext_lazy("clock/, wait/: the sandbox's time and what becomes due"),
    "sandboxes": gettext_lazy("sandboxes/, reset/: sandboxes as a whole, their snapshots and copies"),
    "journal": gettext_lazy("journal/: every request and its answer"),
    "scenarios": gettext_lazy("scenarios/: scripted outcomes"),
    "products": gettext_lazy("products/: what a store sells, and its stock"),
    "orders": gettext_lazy("orders/: what was sold in the Marketplace"),
    "payment-links": gettext_lazy("payment-links/: links and buttons"),
    "subscriptions": gettext_lazy("subscriptions/"),
}
READ, WRITE = "read", "write"
SCOPES = tuple(f"{resource}:{how}" for resource in RESOURCES for how in (READ, WRITE))

PREFIX = "okc_"
HINT_LENGTH = 8
# How often it is written down that a token was used.
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Access:
    """The caller. Without a token of his own he has CONTROL_TOKEN: he owns the installation."""

    token: ControlToken | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_owner(self) -> bool:
        return self.token is None

    @property
    def sandbox_id(self) -> str | None:
        """The only sandbox that he reaches. None: any."""
        return self.token.sandbox_id if self.token else None

    @property
    def account_id(self) -> str:
        """The only account that he reaches. "": any."""
        return self.token.account_id if self.token else ""

    def may(self, resource: str, *, write: bool) -> bool:
        if self.is_owner:
            return True
        return f"{resource}:{WRITE}" in self.scopes or (not write and f"{resource}:{READ}" in self.scopes)


OWNER = Access()


class Refused(APIException):
    """The token is right, but it may not do this. `errors` names what is missing."""

    status_code = 403
    default_code = "forbidden"

    def __init__(self, field: str, detail: str, *, auth_header: str = "") -> None:
        super().__init__(detail)
        self.errors = {field: [detail]}
        if auth_header:
            self.auth_header = auth_header


def missing_scope(access: Access, resource: str, *, write: bool) -> Refused:
    if not resource:
        return Refused("scope", _("Only the gateway's CONTROL_TOKEN may do this."))
    needed = f"{resource}:{WRITE if write else READ}"
    has = ", ".join(sorted(access.scopes)) or _("none")
    detail = _("This call needs the scope %(needed)s. This token has: %(has)s.") % {"needed": needed, "has": has}
    return Refused("scope", detail, auth_header=f'Bearer error="insufficient_scope", scope="{needed}"')


def foreign_sandbox(access: Access) -> Refused:
    """The same whether or not there is such a sandbox: what others have is not for this caller to learn."""
    return Refused("sandbox", _("This token is for the sandbox %(id)s only.") % {"id": access.sandbox_id})


def foreign_account(access: Access) -> Refused:
    return Refused("account", _("This token is for the account %(id)s only.") % {"id": access.account_id})


def not_for_accounts(access: Access) -> Refused:
    detail = _(
        "This token is for the account %(id)s only, and this call concerns more than one account can answer for."
    )
    return Refused("account", detail % {"id": access.account_id})


def issue(
    *,
    name: str,
    scopes: Iterable[str],
    sandbox: Sandbox | None = None,
    account_id: str = "",
    expires_at: datetime | None = None,
) -> tuple[ControlToken, str]:
    """A new token, and the text of it, which nobody can tell again."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ControlToken.objects.create(
        name=name,
        digest=_digest(text),
        hint=text[:HINT_LENGTH],
        sandbox=sandbox,
        account_id=account_id,
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return token, text


def recognise(text: str, *, now: datetime) -> Access | None:
    """Whose token this is. None: nobody's, or it was revoked or has expired. `now` is the real time."""
    if not text.startswith(PREFIX):
        return None
    token = ControlToken.objects.filter(digest=_digest(text)).first()
    if token is None or (token.expires_at and token.expires_at <= now):
        return None
    if token.last_used_at is None or token.last_used_at <= now - USED_EVERY:
        long_ago = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        ControlToken.objects.filter(long_ago, id=token.id).update(last_used_at=now)
    return Access(token, frozenset(token.scopes))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
