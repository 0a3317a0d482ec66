"""Are the books right? What `manage.py check_ledger`, the control API and every test of ours ask."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Audit:
    """Sums per currency over all entries (zero each), and the rows that break a rule (none)."""

    currencies: dict[str, Decimal] = field(default_factory=dict)
    # Transactions whose entries do not sum to zero in some currency.
    orphans: list[int] = field(default_factory=list)
    # Balances below zero, as "wallet currency amount".
    negative: list[str] = field(default_factory=list)
    # Client balances that differ from the sum of their entries, as "wallet currency balance entries".
    drifted: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not (any(self.currencies.values()) or self.orphans or self.negative or self.drifted)


def audit(sandbox_id: str | None = None) -> Audit:
    """Recompute the books of one sandbox, or of all."""
    scope = "WHERE account.sandbox_id = %(sandbox)s" if sandbox_id else ""
    scoped = (
        "JOIN wallets_wallet wallet ON wallet.id = t.wallet_id"
        f" JOIN wallets_account account ON account.id = wallet.account_id {scope}"
    )
    return Audit(
        currencies={
            row[0]: row[1]
            for row in _rows(
                "SELECT c.code, coalesce(s.sum, 0.00) FROM wallets_currency c LEFT JOIN"
                f" (SELECT t.currency_id, sum(t.amount) AS sum FROM wallets_entry t {scoped} GROUP BY 1) s"
                " ON s.currency_id = c.code ORDER BY c.position",
                sandbox_id,
            )
        },
        orphans=[
            row[0]
            for row in _rows(
                "SELECT DISTINCT transaction_id FROM (SELECT t.transaction_id, t.currency_id"
                f" FROM wallets_entry t {scoped} GROUP BY 1, 2 HAVING sum(t.amount) <> 0) unbalanced ORDER BY 1",
                sandbox_id,
            )
        ],
        negative=[
            f"{row[0]} {row[1]} {row[2]}"
            for row in _rows(
                f"SELECT t.wallet_id, t.currency_id, t.amount FROM wallets_balance t {scoped}"
                f" {'AND' if scope else 'WHERE'} t.amount < 0 ORDER BY 1, 2",
                sandbox_id,
            )
        ],
        drifted=[
            f"{row[0]} {row[1]} {row[2]} {row[3]}"
            for row in _rows(
                "SELECT coalesce(b.wallet_id, e.wallet_id), coalesce(b.currency_id, e.currency_id),"
                " coalesce(b.amount, 0), coalesce(e.sum, 0) FROM"
                f" (SELECT t.* FROM wallets_balance t {scoped}) b FULL JOIN"
                f" (SELECT t.wallet_id, t.currency_id, sum(t.amount) AS sum FROM wallets_entry t {scoped}"
                f" {'AND' if scope else 'WHERE'} wallet.role = 'client' GROUP BY 1, 2) e"
                " ON e.wallet_id = b.wallet_id AND e.currency_id = b.currency_id"
                " WHERE coalesce(b.amount, 0) <> coalesce(e.sum, 0) ORDER BY 1, 2",
                sandbox_id,
            )
        ],
    )


def _rows(sql: str, sandbox_id: str | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"sandbox": sandbox_id})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
