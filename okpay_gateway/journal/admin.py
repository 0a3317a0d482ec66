"""The journal's requests as a table of the admin, with the way to the timeline of everything."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from sandbox.admin import ReadOnlyAdmin
from sandbox.models import JournalEntry, JournalGap


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    change_list_template = "admin/journal/change_list.html"
    list_display = (
        "at",
        "kind",
        "method",
        "url",
        "status",
        "operation",
        "outcome",
        "wallet_id",
        "correlation",
        "sandbox",
    )
    list_filter = ("at", "kind", "failed", "is_stray", "sandbox")
    search_fields = ("=correlation", "=wallet_id", "=transaction_id", "=invoice", "url", "operation", "outcome", "why")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("sandbox")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "timeline": reverse("staff-journal")})


@admin.register(JournalGap)
class JournalGapAdmin(ReadOnlyAdmin):
    list_display = ("sandbox", "pruned", "lost")
