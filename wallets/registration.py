"""A new client comes in."""

from datetime import datetime
from typing import Any

from django.db import transaction

from sandbox.models import Sandbox
from wallets import parties, payments
from wallets.models import Account, User


@transaction.atomic
def register(
    *, sandbox: Sandbox, email: str, password: str, now: datetime, wallet_title: str = "", **details: Any
) -> Account:
    """A new client: login, account, first wallet. `details` are fields of Account. An e-mail belongs to one client.

    What was sent to the address before is collected. Raises ValidationError that names the field.
    """
    account = Account(
        id=details.pop("id", "") or parties.free_account_id(),
        sandbox=sandbox,
        email=email.strip().lower(),
        created_at=now,
        **details,
    )
    account.full_clean(exclude=["id", "sandbox"])
    account.save(force_insert=True)
    User.objects.create_user(email, password, account=account)
    wallet = parties.open_wallet(account, title=wallet_title or "Main", now=now)
    payments.collect(wallet, now=now)
    return account
