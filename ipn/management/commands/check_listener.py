"""Listener Check for CI: tell a listener all stories, say what it did wrong, exit with 1 if it failed any.

Like every command it works on the database of the settings: with the same VAR (or DATABASE_URL) as the running gateway
that the listener asks.
"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from ipn.listener_check import checks, junit
from ipn.listener_check.api import CheckFields
from ipn.listener_check.facts import Interrupted
from ipn.listener_check.faults import PASS
from ipn.listener_check.judgement import Judgement, Report, judge
from ipn.listener_check.stories import STORIES
from ipn.models import ListenerCheck
from sandbox import clock
from sandbox.models import Sandbox

DEMO_MERCHANT = "OK702746927"


class Command(BaseCommand):
    help = "Tell a listener the stories that it must survive, and say what it does wrong. Exit code 1 if it fails one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "url", nargs="?", help="of the listener; the wallet's Payment Notification (IPN) URL if none"
        )
        parser.add_argument("--wallet", default=DEMO_MERCHANT, help="whose listener it is (default: %(default)s)")
        parser.add_argument("--junit", metavar="FILE", help="write JUnit XML there too; - is the standard output")
        parser.add_argument(
            "--timeout", type=float, metavar="SECONDS", help="for an answer; at most, and by default, IPN_TIMEOUT"
        )
        parser.add_argument(
            "--orders-url",
            default="",
            metavar="URL",
            help="where your shop says how often it delivered {invoice}: a number, or JSON with `shipped`",
        )
        parser.add_argument("--amount", default=f"{checks.AMOUNT}", help="of each order (default: %(default)s)")
        parser.add_argument("--currency", default=checks.CURRENCY, help="of each order (default: %(default)s)")
        parser.add_argument("--number", type=int, default=1, help="ends the invoices, CHECK-DUPLICATE-1 and so on")
        parser.add_argument(
            "--invoice",
            action="append",
            default=[],
            metavar="STORY=INVOICE",
            help=f"another invoice for a story ({', '.join(story.key for story in STORIES)})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Standard output is the file's alone if it goes there.
        say = self.stderr if options["junit"] == "-" else self.stdout
        try:
            check = _prepare(options)
            say.write(f"Listener Check of {check.url} for {check.wallet_id}")
            checks.run(check)
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The gateway's database does not answer: {' '.join(str(error).split())}. "
                "Start the gateway, and give this command the same VAR or DATABASE_URL."
            ) from None
        except Interrupted:
            raise CommandError("The sandbox was reset while its listener was being checked.") from None
        report = judge(check)
        for judgement in report.judgements:
            say.write("\n".join(_lines(judgement)))
        say.write("\n".join([*_cures(report), f"{report.in_a_line}."]))
        if options["junit"]:
            _write(options["junit"], report)
        if not report.passed:
            raise CommandError("The listener failed the check.")


def _prepare(options: dict[str, Any]) -> ListenerCheck:
    given = {name: options[name] for name in map(str, CheckFields().fields) if options.get(name) is not None}
    fields = CheckFields(data={**given, "invoices": dict(_invoice(text) for text in options["invoice"])})
    if not fields.is_valid():
        name, problems = next(iter(fields.errors.items()))
        raise CommandError(f"{name.replace('_', '-')}: {_first(problems)}")
    wanted = dict(fields.validated_data)
    wallet = wanted.pop("wallet")
    sandbox = Sandbox.objects.filter(accounts__wallets__id=wallet, accounts__wallets__role="client").first()
    if sandbox is None:
        raise CommandError(f"wallet: there is no {wallet}.")
    url = wanted.pop("url") or sandbox.accounts.get(wallets__id=wallet).wallets.get(id=wallet).ipn_url
    if not url:
        raise CommandError(f"Give a URL: the wallet {wallet} has no Payment Notification (IPN) URL.")
    return checks.prepare(sandbox=sandbox, wallet_id=wallet, url=url, now=clock.now(sandbox), **wanted)


def _invoice(text: str) -> tuple[str, str]:
    story, equals, invoice = text.partition("=")
    if not equals:
        raise CommandError(f"--invoice {text}: write STORY=INVOICE.")
    return story, invoice


def _first(problems: Any) -> str:
    """Of what a field has to say, which is in a dictionary where the field is one."""
    return _first(next(iter(problems.values()))) if isinstance(problems, dict) else str(problems[0])


def _lines(judgement: Judgement) -> list[str]:
    outcome = judgement.outcome
    mark = outcome if outcome == PASS else outcome.upper()
    head = f"  {mark:<8}{judgement.story.key:<25}{judgement.why_skipped or judgement.seen}"
    return [head, *(f"{'':10}{note.title}" for note in judgement.notes)]


def _cures(report: Report) -> list[str]:
    lines = [""]
    for fault in report.faults:
        lines += [f"{fault.note.title} ({', '.join(story.key for story in fault.stories)})", f"  {fault.note.cure}"]
    return [*lines, ""] if report.faults else lines


def _write(file: str, report: Report) -> None:
    content = junit.as_xml(report)
    if file == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise CommandError(f"--junit {file} cannot be written: {error.strerror}.") from None
