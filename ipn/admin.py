"""Staff look at notifications, send them again, and see who asked about them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from ipn import delivery, explanations
from ipn.listener_check.judgement import judge
from ipn.models import AutoReturn, DeliveryAttempt, IpnMessage, ListenerCheck, Verification
from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin, ReadOnlyInline, RecentValues


class AttemptsInline(ReadOnlyInline):
    model = DeliveryAttempt
    fields = ("number", "sent_at", "duration", "response_code", "error", "detail", "cure")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    @admin.display(description=_("what to do"))
    def cure(self, attempt: DeliveryAttempt) -> str:
        return explanations.cure(attempt)


class VerificationsInline(ReadOnlyInline):
    model = Verification
    fields = ("asked_at", "verdict", "reason", "method", "remote_address")


@admin.register(IpnMessage)
class IpnMessageAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = (
        *("id", "created_at", "status", "response_code", "attempts_made", "wallet_id", "transaction_id", "kind"),
        *("next_attempt_at", "url"),
    )
    list_filter = (
        "created_at",
        "status",
        ("kind", RecentValues),
        "is_test",
        ("response_code", RecentValues),
        "sandbox",
    )
    search_fields = ("=id", "=transaction_id", "=wallet_id", "url")
    inlines = (AttemptsInline, VerificationsInline)
    fields = (
        *("id", "sandbox", "wallet_id", "payment", "kind", "is_test", "url", "status", "attempts_made"),
        *("response_code", "created_at", "last_attempt_at", "next_attempt_at", "listed"),
    )
    readonly_fields = ("payment", "listed")
    acts = (
        Act(
            "resend",
            _("Resend"),
            _("queued; it goes out now."),
            delivery.resend,
            explanation=_("The same message again, with retries of its own if that fails."),
        ),
    )

    @admin.display(description=_("transaction"))
    def payment(self, message: IpnMessage) -> SafeString | str:
        if message.transaction_id is None or message.is_test:  # a test tells of a payment that there never was
            return str(message.transaction_id or "-")
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:wallets_transaction_change", args=[message.transaction_id]),
            message.transaction_id,
        )

    @admin.display(description=_("variables"))
    def listed(self, message: IpnMessage) -> SafeString:
        return format_html_join(mark_safe("<br>"), "{} = {}", message.pairs)


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "number", "sent_at", "duration", "response_code", "error")
    list_filter = ("sent_at", "error", ("response_code", RecentValues))
    search_fields = ("=message__id", "=message__transaction_id", "=message__wallet_id")


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    list_display = ("id", "asked_at", "verdict", "reason", "message_id", "method", "remote_address")
    list_filter = ("asked_at", "verdict", ("method", RecentValues))
    search_fields = ("=message__id", "=message__transaction_id", "=auto_return__transaction_id", "reason")


@admin.register(AutoReturn)
class AutoReturnAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "wallet_id", "transaction_id")
    search_fields = ("=transaction_id", "=wallet_id")
    list_filter = ("created_at",)
    inlines = (VerificationsInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("sandbox")


@admin.register(ListenerCheck)
class ListenerCheckAdmin(ReadOnlyAdmin):
    list_display = ("id", "created_at", "wallet_id", "url", "begun_at", "ended_at")
    list_filter = ("created_at", "sandbox")
    search_fields = ("=wallet_id", "url")
    readonly_fields = ("result",)

    @admin.display(description=_("result"))
    def result(self, check: ListenerCheck) -> str:
        return judge(check).in_a_line
