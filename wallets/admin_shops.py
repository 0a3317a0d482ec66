"""Staff see which seals are shown and what they may tell, and what shops say of themselves. A bad text they delete."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from sandbox.admin import ReadOnlyAdmin
from wallets.models import Account, OkpaySeal, Shop, ShopLogo

SHOWN = (
    *("shows_name", "shows_member_since", "shows_reputation", "shows_place"),
    *("shows_email", "shows_phone", "shows_shop", "shows_site"),
)


class _Removable(ReadOnlyAdmin):
    """Nobody of the staff speaks for a merchant, but what he says can be taken down."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(OkpaySeal)
class OkpaySealAdmin(_Removable):
    list_display = ("wallet_id", "name", "verification", "is_blocked", "is_shown", "page", "changed_at")
    list_filter = ("is_shown", "wallet__account__verification", "wallet__account__is_blocked")
    list_select_related = ("wallet__account",)
    search_fields = ("=wallet__id", "=wallet__account__id", "wallet__account__email", "wallet__account__business_name")
    date_hierarchy = "changed_at"
    fields = ("wallet", "name", "verification", "is_blocked", "is_shown", "page", *SHOWN, "changed_at")
    readonly_fields = ("name", "verification", "is_blocked", "page")

    @admin.display(description=_("name"))
    def name(self, seal: OkpaySeal) -> str:
        return seal.wallet.account.name

    @admin.display(description=_("verification"))
    def verification(self, seal: OkpaySeal) -> str:
        return str(Account.Verification(seal.wallet.account.verification).label)

    @admin.display(description=_("blocked"), boolean=True)
    def is_blocked(self, seal: OkpaySeal) -> bool:
        return seal.wallet.account.is_blocked

    @admin.display(description=_("page"))
    def page(self, seal: OkpaySeal) -> str:
        return format_html('<a href="{0}">{0}</a>', reverse("seal", args=[seal.wallet_id])) if seal.is_shown else "–"


@admin.register(Shop)
class ShopAdmin(_Removable):
    list_display = ("wallet_id", "name", "site", "changed_at")
    search_fields = ("=wallet__id", "=wallet__account__id", "name", "description", "site")
    date_hierarchy = "changed_at"
    readonly_fields = ("picture",)

    @admin.display(description=_("logo"))
    def picture(self, shop: Shop) -> str:
        logo = getattr(shop, "logo", None)
        address = logo and reverse("shop-logo", args=[logo.name])
        return format_html('<img src="{}" alt="{}" height="80">', address, shop) if logo else "–"


@admin.register(ShopLogo)
class ShopLogoAdmin(_Removable):
    list_display = ("name", "shop", "width", "height")
    list_select_related = ("shop",)
    search_fields = ("=shop__wallet__id", "=name")
