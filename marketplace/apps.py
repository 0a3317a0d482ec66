"""The Marketplace goes along with every payment of its kind, whichever mouth made it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Marketplace(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplace")

    def ready(self) -> None:
        from marketplace import purchases
        from wallets import followers
        from wallets.models import Transaction

        followers.register(Transaction.Kind.MARKETPLACE, purchases.follow)
