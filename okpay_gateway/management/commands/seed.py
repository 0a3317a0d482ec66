"""Make sure that currencies, categories and, in a sandbox, the demo cast exist. Changes nothing that is there."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from marketplace import seed as marketplace
from sandbox import clock
from wallets import seed


class Command(BaseCommand):
    help = "Make sure that currencies, categories and (SANDBOX=true) the demo cast with its store exist."

    def handle(self, *args: Any, **options: Any) -> None:
        seed.currencies()
        marketplace.categories()
        if settings.SANDBOX:
            sandbox = clock.default_sandbox()
            seed.demo_cast(sandbox, now=clock.now(sandbox))
            marketplace.demo_store(sandbox, now=clock.now(sandbox))
