"""Staff look at transactions, decide pending ones and take money back. Entries and amounts nobody edits."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from ipn.models import IpnMessage
from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin, ReadOnlyInline, RecentValues
from wallets import announcements, payments, reversals
from wallets.errors import PaymentError
from wallets.forms.fields import AmountField
from wallets.models import Decision, DeliveryAddress, Entry, LedgerCheckpoint, Transaction, TransactionItem

Status = Transaction.Status
MOST_MESSAGES = 20


class AmountOrAll(AmountField):
    def clean(self, value: Any) -> Decimal | None:  # type: ignore[override]
        return super().clean(value) if str(value or "").strip() else None


class RefundForm(forms.Form):
    amount = AmountOrAll(required=False, help_text=_("Empty: all that is left of the payment."))


class ItemsInline(ReadOnlyInline):
    model = TransactionItem
    fields = ("number", "name", "article", "type", "quantity", "price", "handling", "shipping", "tax")


class EntriesInline(ReadOnlyInline):
    model = Entry
    fields = ("wallet", "currency", "amount", "created_at")


class AddressInline(ReadOnlyInline):
    model = DeliveryAddress
    fields = ("name", "street", "zip", "city", "state", "country_code", "confirmed")


class ReversalsInline(ReadOnlyInline):
    model = Transaction
    verbose_name_plural = _("reversals")
    fields = ("id", "reversal_reason", "gross", "fee", "created_at")


def _is_pending(payment: Transaction) -> bool:
    return payment.status == Status.PENDING


def _can_be_reversed(payment: Transaction) -> bool:
    return payment.status == Status.COMPLETED and payment.kind in announcements.ANNOUNCED


@admin.register(Transaction)
class TransactionAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = (
        *("id", "created_at", "kind", "status", "payer_name", "receiver_wallet_id", "gross", "fee", "currency_id"),
        *("payment_method", "invoice"),
    )
    list_filter = (
        "created_at",
        "status",
        "kind",
        ("payment_method", RecentValues),
        "reversal_reason",
        "sandbox",
        "currency",
    )
    search_fields = (
        *("=id", "=invoice", "=payer_wallet__id", "=receiver_wallet__id"),
        *("payer_wallet__account__email", "receiver_wallet__account__email"),
    )
    inlines = (ItemsInline, EntriesInline, AddressInline, ReversalsInline)
    fieldsets = (
        (None, {"fields": ("id", "sandbox", "kind", "status", "pending_reason", "reversal_reason", "parent")}),
        (_("Parties"), {"fields": ("payer_wallet", "payer_account", "receiver_wallet", "receiver_as_sent")}),
        (
            _("Money"),
            {
                "fields": (
                    *("payment_method", "currency", "gross", "fee", "fee_payer", "net", "total"),
                    *("paid_currency", "paid_amount", "exchange_rate"),
                )
            },
        ),
        (_("Order"), {"fields": ("invoice", "comment", "ipn_url", "created_at", "updated_at")}),
        (_("What happened"), {"fields": ("notifications", "story")}),
    )
    readonly_fields = ("net", "total", "notifications", "story")
    acts = (
        Act("approve", _("Approve"), _("approved."), payments.approve, offered=_is_pending),
        Act(
            "decline",
            _("Decline"),
            _("declined; the money went back."),
            payments.decline,
            explanation=_("The held money goes back to where it came from."),
            offered=_is_pending,
        ),
        Act(
            "refund",
            _("Refund"),
            _("refunded."),
            reversals.refund,
            form=RefundForm,
            explanation=_("The receiver gives money back to the payer, in full or in part."),
            offered=_can_be_reversed,
        ),
        Act(
            "chargeback",
            _("Chargeback"),
            _("charged back."),
            reversals.chargeback,
            explanation=_("The payment system takes back all that is left of the payment."),
            offered=_can_be_reversed,
        ),
    )
    refusals = (PaymentError,)

    @admin.display(description=_("payer"), ordering="payer_wallet")
    def payer_name(self, payment: Transaction) -> str:
        payer = payment.payer
        if payer is None:
            return payment.payment_method
        return payer.id if payment.payer_wallet.is_house else payment.payer_wallet_id

    @admin.display(description=_("IPN messages"))
    def notifications(self, payment: Transaction) -> SafeString | str:
        """What its listener was told, newest first, each with what became of it."""
        told = IpnMessage.objects.filter(transaction_id=payment.id).order_by("-id")[:MOST_MESSAGES]
        rows = (
            (reverse("admin:ipn_ipnmessage_change", args=[message.id]), message.id, message.get_status_display())
            for message in told
        )
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a> {}', rows) or "-"

    @admin.display(description=_("journal"))
    def story(self, payment: Transaction) -> SafeString:
        query = urlencode({"transaction": str(payment.id), "sandbox": str(payment.sandbox_id)})
        return format_html('<a href="{}?{}">{}</a>', reverse("staff-journal"), query, _("Everything about it"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transaction]:
        of_each = ("sandbox", "payer_wallet__account", "payer_account", "receiver_wallet", "currency")
        return super().get_queryset(request).select_related(*of_each)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("id", "transaction_id", "wallet_id", "amount", "currency_id", "created_at")
    list_filter = ("created_at", "currency", "wallet__role")
    search_fields = ("=transaction__id", "=wallet__id")


@admin.register(LedgerCheckpoint)
class LedgerCheckpointAdmin(ReadOnlyAdmin):
    list_display = ("sandbox", "number", "first_entry", "last_entry", "count", "hash")
    list_filter = ("sandbox",)
    exclude = ("transactions",)


@admin.register(TransactionItem)
class TransactionItemAdmin(ReadOnlyAdmin):
    list_display = ("transaction_id", "number", "name", "article", "type", "quantity", "price")
    list_filter = ("type",)
    search_fields = ("=transaction__id", "name", "=article")


@admin.register(DeliveryAddress)
class DeliveryAddressAdmin(ReadOnlyAdmin):
    list_display = ("transaction_id", "name", "street", "city", "country_code", "confirmed")
    list_filter = ("confirmed", ("country_code", RecentValues))
    search_fields = ("=transaction__id", "name", "city")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("transaction_id", "verdict", "due_at", "sandbox")
    list_filter = ("verdict",)
    search_fields = ("=transaction__id",)
