"""Make sure that the currencies and, in a sandbox installation, the demo cast exist. Changes nothing that is there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from sandbox import clock
from wallets import seed


class Command(BaseCommand):
    help = "Make sure that the currencies and (SANDBOX=true) the demo cast exist."

    def handle(self, *args: Any, **options: Any) -> None:
        seed.currencies()
        if settings.SANDBOX:
            sandbox = clock.default_sandbox()
            seed.demo_cast(sandbox, now=clock.now(sandbox))
