"""Where siblings that do not know each other are introduced, once everything is loaded."""

from django.apps import AppConfig


class Gateway(AppConfig):
    name = "okpay_gateway"

    def ready(self) -> None:
        from checkout import shops
        from okpay_gateway import marketplace_checkout
        from wallets.models import Transaction

        shops.register(Transaction.Kind.MARKETPLACE, marketplace_checkout.shop_of)
