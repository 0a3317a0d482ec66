"""Staff look at mass payments."""

from django.contrib import admin

from sandbox.admin import ReadOnlyAdmin, ReadOnlyInline
from wallets.models import MassPayment, MassPaymentRow


class RowsInline(ReadOnlyInline):
    model = MassPaymentRow
    fields = ("number", "receiver", "amount", "comment", "invoice", "error", "transaction")
    raw_id_fields = ("transaction",)


@admin.register(MassPayment)
class MassPaymentAdmin(ReadOnlyAdmin):
    list_display = ("id", "wallet_id", "currency_id", "status", "all_or_nothing", "created_at", "finished_at")
    list_filter = ("created_at", "status", "currency")
    search_fields = ("=id", "=wallet__id")
    inlines = (RowsInline,)


@admin.register(MassPaymentRow)
class MassPaymentRowAdmin(ReadOnlyAdmin):
    list_display = ("mass_payment_id", "number", "receiver", "amount", "error", "transaction_id")
    search_fields = ("=mass_payment__id", "=transaction__id", "receiver")
