"""What OKPAY thinks of a client: verified or not, blocked or not."""

from datetime import datetime

from wallets.models import Account


def verify(account: Account, *, now: datetime) -> None:
    """His papers were seen, by whatever way: the higher monthly limit holds from now on."""
    _set(account, verification=Account.Verification.VERIFIED)


def block(account: Account, *, now: datetime) -> None:
    """He neither pays nor receives, whoever asks."""
    _set(account, is_blocked=True)


def unblock(account: Account, *, now: datetime) -> None:
    _set(account, is_blocked=False)


def _set(account: Account, **values: object) -> None:
    # These columns only: somebody may be editing the address at this moment.
    Account.objects.filter(id=account.id).update(**values)
    account.refresh_from_db(fields=list(values))
