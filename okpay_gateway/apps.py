"""The site's own app: what belongs to no other, and where apps that do not know each other are introduced."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    name = "okpay_gateway"
    # Staff see it above the requests of visitors.
    verbose_name = _("Site")

    def ready(self) -> None:
        from checkout import shops
        from okpay_gateway import marketplace_checkout
        from wallets.models import Transaction

        shops.register(Transaction.Kind.MARKETPLACE, marketplace_checkout.shop_of)
