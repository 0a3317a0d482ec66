"""Drive a running gateway from the terminal; all of it is in okpay_sandbox/cli.py, which needs no Django."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from okpay_sandbox import cli


class Command(BaseCommand):
    help = "Drive a running gateway: create sandboxes, trigger, tail, resend, listen --forward-to."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        # Its arguments are its own; Django would read them as options of the command.
        sys.exit(cli.main(argv[2:], program="manage.py sandboxctl"))

    def handle(self, *args: Any, **options: Any) -> None:
        raise AssertionError("run_from_argv answers")
