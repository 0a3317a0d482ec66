"""Audit the books: exit code 0 when they are right, 1 with a line per fault when not."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox.models import Sandbox
from wallets import chain
from wallets.audit import audit
from wallets.chain import Chain


class Command(BaseCommand):
    help = (
        "Audit the books: sums per currency, transactions out of balance, negative or drifted balances, and whether"
        " the ledger's past is as it was sealed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sandbox", metavar="ID", help="one of them; else all")
        parser.add_argument(
            "--head", default="", metavar="HASH", help="what an earlier run has printed: is it still part of the chain?"
        )

    def handle(self, *args: Any, sandbox: str | None, head: str, **options: Any) -> None:
        if head and not sandbox:
            raise CommandError("--head is that of one sandbox: name it by --sandbox.")
        if sandbox and not Sandbox.objects.filter(id=sandbox).exists():
            raise CommandError(f"There is no sandbox {sandbox}.")
        result = audit(sandbox)
        for code, total in result.currencies.items():
            if total:
                self.stderr.write(f"{code}: entries sum to {total}, not to zero")
        for transaction_id in result.orphans:
            self.stderr.write(f"transaction {transaction_id}: entries do not sum to zero")
        for balance in result.negative:
            self.stderr.write(f"balance below zero: {balance}")
        for balance in result.drifted:
            self.stderr.write(f"balance is not the sum of its entries (wallet, currency, balance, entries): {balance}")
        chains = [self._check_chain(each, head) for each in self._sandboxes(sandbox)]
        if not result.ok or not all(each.ok for each in chains):
            raise CommandError("The books are wrong.")
        self.stdout.write(f"The books are right: {len(result.currencies)} currencies, each sums to zero.")
        for each in chains:
            if each.checkpoints:
                self.stdout.write(f"{each.sandbox}: {each.sealed} entries sealed, {each.unsealed} not yet, {each.head}")

    def _sandboxes(self, named: str | None) -> list[str]:
        return [named] if named else list(Sandbox.objects.order_by("id").values_list("id", flat=True))

    def _check_chain(self, sandbox_id: str, head: str) -> Chain:
        chain.seal(sandbox_id)
        found = chain.verify(sandbox_id, head=head)
        for each in found.broken:
            names = ("changed", each.changed), ("missing", each.missing), ("added", each.added)
            which = "; ".join(f"{name}: {', '.join(map(str, numbers))}" for name, numbers in names if numbers)
            self.stderr.write(
                f"{sandbox_id}, checkpoint {each.checkpoint} (entries {each.first_entry} to {each.last_entry}),"
                f" {' and '.join(each.faults)} not as sealed; transactions {which or 'as sealed'}"
            )
        if found.broken_in_all > len(found.broken):
            self.stderr.write(f"{sandbox_id}: {found.broken_in_all - len(found.broken)} more checkpoints do not hold")
        if found.knows_head is False:
            self.stderr.write(f"{sandbox_id}: no checkpoint has the hash {head}")
        return found
