"""Audit the books: exit code 0 when they are right, 1 with a line per fault when not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallets.audit import audit


class Command(BaseCommand):
    help = "Audit the books: sums per currency, transactions out of balance, negative or drifted balances."

    def handle(self, *args: Any, **options: Any) -> None:
        result = audit()
        for code, total in result.currencies.items():
            if total:
                self.stderr.write(f"{code}: entries sum to {total}, not to zero")
        for transaction_id in result.orphans:
            self.stderr.write(f"transaction {transaction_id}: entries do not sum to zero")
        for balance in result.negative:
            self.stderr.write(f"balance below zero: {balance}")
        for balance in result.drifted:
            self.stderr.write(f"balance is not the sum of its entries (wallet, currency, balance, entries): {balance}")
        if not result.ok:
            raise CommandError("The books are wrong.")
        self.stdout.write(f"The books are right: {len(result.currencies)} currencies, each sums to zero.")
