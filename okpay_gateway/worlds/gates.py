"""Let no money of a sandbox move while its rows are exchanged, and nobody in any other sandbox notice.

Whoever moves money locks a checkout session, a monthly turnover, products and balances, in this order, and at its end,
by the foreign keys of what it has written, touches the wallets and the sandbox. Locking the same rows in the same order
waits for what is under way and holds back what comes; half a payment is never seen. What comes by in another order is
why an exchange gives way and tries again.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection

from sandbox.models import Sandbox
from wallets import chain

T = TypeVar("T")

# Shorter than PostgreSQL's deadlock_timeout (1 s): in a circle of waiting it is us who gives way, never a payment.
LOCK_TIMEOUT_MS = 300
TRIES = 40
PAUSE = 0.05  # seconds
# lock_not_available, deadlock_detected, foreign_key_violation (somebody added to what was being deleted)
GAVE_WAY = ("55P03", "40P01", "23503")

_WALLETS = (
    "SELECT wallet.id FROM wallets_wallet wallet JOIN wallets_account account ON account.id = wallet.account_id"
    " WHERE account.sandbox_id = %(sandbox)s"
)
_ACCOUNTS = "SELECT id FROM wallets_account WHERE sandbox_id = %(sandbox)s"
_LOCKS = (
    "SELECT FROM checkout_checkoutsession WHERE sandbox_id = %(sandbox)s AND status = 'open' ORDER BY token",
    "SELECT FROM wallets_masspaymentrow WHERE error = '' AND transaction_id IS NULL AND mass_payment_id IN"  # noqa: S608
    f" (SELECT id FROM wallets_masspayment WHERE status = 'sending' AND wallet_id IN ({_WALLETS})) ORDER BY id",
    f"SELECT FROM wallets_monthlyturnover WHERE account_id IN ({_ACCOUNTS}) ORDER BY id",
    "SELECT FROM marketplace_product WHERE store_id IN"  # noqa: S608
    f" (SELECT id FROM marketplace_store WHERE account_id IN ({_ACCOUNTS})) ORDER BY id",
    f"SELECT FROM wallets_balance WHERE wallet_id IN ({_WALLETS}) ORDER BY wallet_id, currency_id",
    "SELECT FROM ipn_ipnmessage WHERE sandbox_id = %(sandbox)s AND next_attempt_at IS NOT NULL ORDER BY id",
    f"SELECT FROM wallets_wallet WHERE account_id IN ({_ACCOUNTS}) ORDER BY id",
    "SELECT FROM sandbox_sandbox WHERE id = %(sandbox)s",
)
# Whoever seals the ledger looks at entries that may be about to go.
_SEALER = "SELECT pg_advisory_xact_lock(%(chain)s)"
CLOSE = "; ".join([f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}", _SEALER, *(f"{lock} FOR UPDATE" for lock in _LOCKS)])


def close(sandbox: Sandbox) -> None:
    """Until the database transaction ends. Raises OperationalError when somebody is in the way."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, {"sandbox": sandbox.id, "chain": chain.lock_of(sandbox.id)})


def giving_way(exchange: Callable[[], T]) -> T:
    """Do it, again and again if others are in the way. Raises OperationalError after many seconds of that."""
    for left in reversed(range(TRIES)):
        try:
            return exchange()
        except (OperationalError, IntegrityError) as error:
            if not left or getattr(error.__cause__, "pgcode", "") not in GAVE_WAY:
                raise
            time.sleep(PAUSE)
    raise AssertionError("unreachable")
