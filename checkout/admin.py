"""Staff look at orders that came to the checkout."""

from django.contrib import admin

from checkout.models import ButtonKey, CheckoutSession, PaymentLink, SessionItem
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
    list_filter = ("created_at", "status", "currency", "sandbox")
    ordering = ("-created_at", "-token")
    search_fields = ("=token", "=invoice", "=receiver__id", "=transaction__id", "=payer_account__id")
    inlines = (ItemsInline,)


@admin.register(SessionItem)
class SessionItemAdmin(ReadOnlyAdmin):
    list_display = ("session_id", "number", "name", "article", "type", "quantity", "price")
    list_filter = ("type",)
    search_fields = ("=session__token", "name", "=article")


@admin.register(PaymentLink)
class PaymentLinkAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "wallet_id", "is_enabled", "is_encrypted", "expires_at", "created_at", "changed_at")
    list_filter = ("created_at", "is_enabled", "is_encrypted", "wallet__account__sandbox")
    ordering = ("-created_at", "-id")
    search_fields = ("=id", "name", "=wallet__id", "=wallet__account__id")


@admin.register(ButtonKey)
class ButtonKeyAdmin(ReadOnlyAdmin):
    list_display = ("id", "wallet_id", "title", "is_ours", "created_at", "revoked_at")
    list_filter = ("is_ours", "wallet__account__sandbox")
    ordering = ("-created_at", "-id")
    search_fields = ("=id", "=wallet__id", "title")
