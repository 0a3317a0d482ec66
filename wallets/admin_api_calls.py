"""Staff see why calls of the SOAP API were refused, and turn functions off."""

from django.contrib import admin

from sandbox.admin import ReadOnlyAdmin, RecentValues
from wallets.models import ApiCall, DisabledApiFunction


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    list_display = ("at", "wallet_id", "operation", "remote_address", "outcome", "reason")
    list_filter = ("at", "reason", ("operation", RecentValues), ("outcome", RecentValues))
    search_fields = ("=wallet__id", "operation", "=remote_address")


@admin.register(DisabledApiFunction)
class DisabledApiFunctionAdmin(admin.ModelAdmin[DisabledApiFunction]):
    list_display = ("name", "since")
    search_fields = ("name",)
