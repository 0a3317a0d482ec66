"""For whom a sandbox was made: its merchant and its buyer."""

from collections.abc import Iterable

from sandbox.models import DEFAULT, Sandbox
from wallets import seed
from wallets.models import Wallet

MERCHANT, BUYER = "merchant", "buyer"
# The first two of the demo cast.
CAST = dict(zip((MERCHANT, BUYER), (who["wallet"] for who in seed.CAST), strict=False))


def wallets_of(sandbox: Sandbox) -> dict[str, str]:
    """The IDs of their wallets, by role. There need not be such wallets."""
    known: dict[str, str] = sandbox.people
    return CAST if sandbox.id == DEFAULT else known


def known(sandboxes: Iterable[Sandbox]) -> dict[str, Wallet]:
    """The wallets of many sandboxes' people, by ID, in one query."""
    wanted = {wallet for sandbox in sandboxes for wallet in wallets_of(sandbox).values()}
    return Wallet.objects.select_related("account").in_bulk(wanted)
