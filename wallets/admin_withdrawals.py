"""Staff look at withdrawals: what went to which payment system."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from wallets.models import Withdrawal


@admin.register(Withdrawal)
class WithdrawalAdmin(admin.ModelAdmin[Withdrawal]):
    list_display = ("transaction", "family", "account", "amount", "currency", "exchange_rate")
    list_filter = ("family", "currency")
    list_select_related = ("transaction",)
    search_fields = ("=transaction__id", "=transaction__payer_wallet__id", "account", "=paysystem_transaction_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
