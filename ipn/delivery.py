"""Deliver messages until they are acknowledged, or given up."""

from collections.abc import Sequence
from datetime import datetime

from ipn.encoding import encode
from ipn.models import IpnMessage
from sandbox.models import Sandbox


def queue(
    *,
    sandbox: Sandbox,
    wallet_id: str,
    transaction_id: int | None,
    kind: str,
    url: str,
    pairs: Sequence[tuple[str, str]],
    now: datetime,
    is_test: bool = False,
) -> IpnMessage:
    """Seal a message in the caller's database transaction; it goes out on commit."""
    return IpnMessage.objects.create(
        sandbox=sandbox,
        wallet_id=wallet_id,
        transaction_id=transaction_id,
        kind=kind,
        url=url,
        variables=encode(pairs),
        is_test=is_test,
        created_at=now,
        next_attempt_at=now,
    )
