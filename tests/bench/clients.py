"""Clients of a benchmark's own: verified, with the SOAP API on, and nothing in their history."""

from sandbox import clock
from wallets.models import Account, Wallet

PASSWORD = "BenchPass"


def open_client(number: int) -> Wallet:
    """The wallet `OK<number>` of a new account with that number."""
    sandbox = clock.default_sandbox()
    now = clock.now(sandbox)
    account = Account.objects.create(
        id=str(number),
        sandbox=sandbox,
        first_name="Bench",
        last_name=str(number),
        email=f"{number}@example.com",
        verification=Account.Verification.VERIFIED,
        created_at=now,
    )
    wallet = Wallet(id=f"OK{number}", account=account, title="Bench", api_enabled=True, created_at=now)
    wallet.api_password = PASSWORD
    wallet.save(force_insert=True)
    return wallet
