"""What the database's functions refuse. They do it by an error, so that nobody has to wait for their answer to know.

Migration 0016 has the functions; each error has an SQLSTATE of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.db import DatabaseError

from wallets.errors import InsufficientFunds, LimitsExceeded


@contextmanager
def told() -> Iterator[None]:
    """Raises them as PaymentErrors. The database's transaction, or its savepoint, has to be rolled back then."""
    try:
        yield
    except DatabaseError as error:
        refusal = error.__cause__
        match getattr(refusal, "pgcode", None):
            case "OKFUN":
                raise InsufficientFunds from None
            case "OKLIM":
                raise LimitsExceeded(Decimal(refusal.diag.message_detail)) from None  # type: ignore[union-attr]
        raise
