"""Encrypt the stored secrets with the present SECRET_KEY, so that the old one can go from SECRET_KEY_FALLBACKS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkout.models import ButtonKey
from wallets import secrecy
from wallets.models import Wallet


class Command(BaseCommand):
    help = (
        "Encrypt API passwords and button keys with the present SECRET_KEY. Needs the old one in SECRET_KEY_FALLBACKS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = 0, []
        for row, column in self._secrets():
            before = getattr(row, column)
            try:
                row.reseal()
            except secrecy.KeyChanged:
                lost.append(f"{row._meta.verbose_name} {row.pk}")
                continue
            # Not what somebody has set anew meanwhile.
            done += (
                type(row)
                ._default_manager.filter(pk=row.pk, **{column: before})
                .update(**{column: getattr(row, column)})
            )
        self.stdout.write(f"Resealed {done} secrets.")
        if lost:
            raise CommandError(f"No key opens these; set them anew: {', '.join(lost)}")

    def _secrets(self) -> Any:
        for wallet in Wallet.objects.exclude(api_password_sealed="").iterator():
            yield wallet, "api_password_sealed"
        for key in ButtonKey.objects.iterator():
            yield key, "secret_sealed"
