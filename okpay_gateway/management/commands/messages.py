"""Bring the .po files up to date with the code and compile them; say what still waits for a translation."""

from typing import Any

from django.core.management.base import BaseCommand

from okpay_gateway import catalogs


class Command(BaseCommand):
    help = "Update okpay_gateway/locale/*/LC_MESSAGES/django.po from the code and compile them to django.mo."
    # Must run in a tree whose pages do not work yet.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        strings = catalogs.strings_of_the_code()
        for language in catalogs.languages():
            catalog = catalogs.updated(language, strings)
            path = catalogs.po_file(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(catalogs.as_po(catalog))
            path.with_suffix(".mo").write_bytes(catalogs.as_mo(catalog))
            waiting = catalogs.untranslated(catalog)
            self.stdout.write(f"{language}: {len(catalog)} strings, {len(waiting)} untranslated")
            for message in waiting:
                self.stdout.write(f"  {message.id!r}")
