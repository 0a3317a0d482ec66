"""What /health/ says, for a container's health check: exit code 0 when all that was asked for is well."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from okpay_gateway import health


class Command(BaseCommand):
    help = "Say whether database, broker, worker and scheduler are well, or those that are named."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(health.PARTS)}; all if none is named")
        parser.add_argument("--over-http", action="store_true", help="ask the web server instead of looking")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["over_http"]:
            if reason := health.reason_not_ready():
                raise CommandError(reason)
            return
        asked = options["parts"] or health.PARTS
        if unknown := set(asked).difference(health.PARTS):
            raise CommandError(f"There is no {', '.join(sorted(unknown))}, only {', '.join(health.PARTS)}.")
        states = health.state_of_each()
        for part in asked:
            self.stdout.write(f"{part}: {states[part]}")
        if any(states[part] != health.OK for part in asked):
            raise CommandError("Not all is well.")
