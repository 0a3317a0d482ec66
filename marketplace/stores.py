"""The life of a store: its owner registers it, staff let it in, or close it with a reason."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as database
from django.utils.translation import gettext_lazy as _

from marketplace.models import Store
from wallets.errors import IncorrectParameters
from wallets.forms.fields import plain_text
from wallets.models import Account, Wallet

Status = Store.Status


def check_name(name: str) -> None:
    """Buyers shall see all of it. Raises IncorrectParameters."""
    try:
        plain_text(name)
    except ValidationError as wrong:
        raise IncorrectParameters("name", str(wrong.message)) from None


@database.atomic
def register(
    account: Account,
    *,
    wallet: Wallet,
    name: str,
    now: datetime,
    description: str = "",
    email: str = "",
    phone: str = "",
    url: str = "",
) -> Store:
    """A store that waits for approval. Raises IncorrectParameters when there is one already."""
    assert wallet.account_id == account.id, "a store's money goes to its owner"
    check_name(name)
    try:
        with database.atomic():
            return Store.objects.create(
                account=account,
                wallet=wallet,
                name=name,
                description=description,
                email=email,
                phone=phone,
                url=url,
                created_at=now,
            )
    except IntegrityError:
        raise has_one_already() from None


def has_one_already() -> IncorrectParameters:
    return IncorrectParameters("account", _("This account has a store already."))


def approve(store: Store, *, now: datetime) -> None:
    """Its published products can be bought."""
    _decide(store, Status.APPROVED, "")


def suspend(store: Store, *, reason: str, now: datetime) -> None:
    """It sells nothing until it is approved again. The owner reads why."""
    _decide(store, Status.SUSPENDED, reason)


def _decide(store: Store, status: Store.Status, reason: str) -> None:
    store.status, store.reason = status, reason
    store.save(update_fields=["status", "reason"])
