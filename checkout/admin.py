"""Staff look at orders that came to the checkout."""

from django.contrib import admin

from checkout.models import CheckoutSession, SessionItem
from sandbox.admin import ReadOnlyAdmin, ReadOnlyInline


class ItemsInline(ReadOnlyInline):
    model = SessionItem
    fields = ("number", "name", "article", "type", "quantity", "price", "handling", "shipping", "tax")


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    list_display = (
        *("token", "created_at", "status", "receiver_id", "currency_id", "invoice", "payer_account_id"),
        *("transaction_id", "finished_at"),
    )
    list_filter = ("status", "currency", "sandbox")
    search_fields = ("=token", "=invoice", "=receiver__id", "=transaction__id", "=payer_account__id")
    date_hierarchy = "created_at"
    inlines = (ItemsInline,)


@admin.register(SessionItem)
class SessionItemAdmin(ReadOnlyAdmin):
    list_display = ("session_id", "number", "name", "article", "type", "quantity", "price")
    list_filter = ("type",)
    search_fields = ("=session__token", "name", "=article")
