"""Magic amounts: for a shop that can change nothing but its prices, the cents of an amount say what happens.

Only for wallets that ask for it, by a scenario with the effect `magic`: nobody's ordinary 9.51 fails by surprise.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from sandbox.effects import CHECKOUT, IPN, IPN_VERIFY, SEND_MONEY, Play, delayed, read


@dataclass(frozen=True)
class Magic:
    """One row of the table. `operations` are those to which it happens."""

    cents: str
    operations: tuple[str, ...]
    effect: str
    delay: float = 0


_PAYMENTS = (CHECKOUT, SEND_MONEY)
# 31 to 39 how it turns out, 51 to 58 refusals, 61 to 65 the answer, 71 to 76 the notification, 81 to 83 ipn-verify.
AMOUNTS = (
    Magic("31", _PAYMENTS, "pending:review"),
    Magic("32", _PAYMENTS, "pending:unilateral"),
    Magic("33", _PAYMENTS, "pending:verify"),
    Magic("34", _PAYMENTS, "pending:other"),
    Magic("35", _PAYMENTS, "pending:review:approve:10m"),
    Magic("36", _PAYMENTS, "pending:review:decline:10m"),
    Magic("39", _PAYMENTS, "failed"),
    Magic("51", _PAYMENTS, "fault:Insufficient_Funds"),
    Magic("52", _PAYMENTS, "fault:Limits_Exceeded"),
    Magic("53", _PAYMENTS, "fault:Source_Account_Blocked"),
    Magic("54", _PAYMENTS, "fault:Target_Account_Blocked"),
    Magic("55", _PAYMENTS, "fault:Currency_Disabled"),
    Magic("56", (SEND_MONEY,), "fault:Internal_Error"),
    Magic("57", (SEND_MONEY,), "fault:API_Disabled"),
    Magic("58", (SEND_MONEY,), "fault:Access_Denied"),
    Magic("61", _PAYMENTS, "succeed", delay=10),
    Magic("62", (SEND_MONEY,), "reset:processed"),
    Magic("63", (SEND_MONEY,), "reset:unprocessed"),
    Magic("64", (SEND_MONEY,), "truncated:processed"),
    Magic("65", (SEND_MONEY,), "http:503"),
    Magic("71", (IPN,), "drop"),
    Magic("72", (IPN,), "double"),
    Magic("73", (IPN,), "late:30m"),
    Magic("74", (IPN,), "forge"),
    Magic("75", (IPN,), "alter:ok_txn_status=completed"),
    Magic("76", (IPN,), "reorder"),
    Magic("81", (IPN_VERIFY,), "invalid"),
    Magic("82", (IPN_VERIFY,), "http:500"),
    Magic("83", (IPN_VERIFY,), "succeed", delay=10),
)


def play(operation: str, amount: Decimal | None) -> Play | None:
    """What the amount says about this operation, if anything."""
    if amount is None or amount != amount.quantize(Decimal("0.01")):
        return None
    return _play(operation, f"{abs(amount):.2f}"[-2:])


@cache
def _play(operation: str, cents: str) -> Play | None:
    for magic in AMOUNTS:
        if magic.cents == cents and operation in magic.operations:
            return delayed(read(magic.effect, operation=operation), magic.delay)
    return None
