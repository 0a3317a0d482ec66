"""Staff read and answer what visitors miss."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from okpay_gateway.models import ShopSystemRequest
from okpay_gateway.shop_systems import requests
from okpay_gateway.shop_systems.forms import AnswerForm
from sandbox import clock
from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin
from sandbox.models import Sandbox

Status = ShopSystemRequest.Status


def _is_new(row: ShopSystemRequest) -> bool:
    return row.status == Status.NEW


@admin.register(ShopSystemRequest)
class ShopSystemRequestAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("id", "shop_system", "version", "email", "status", "created_at", "answered_at")
    list_filter = ("status", "created_at")
    search_fields = ("shop_system", "email", "message")
    fields = (
        *("shop_system", "version", "website", "email", "message", "created_at", "status", "answer", "answered_at"),
    )
    acts = (
        Act(
            "answer",
            _("Answer"),
            _("Answered."),
            requests.answer,
            form=AnswerForm,
            in_list=False,
            explanation=_("The text is kept here."),
            offered=_is_new,
        ),
        Act(
            "close",
            _("Mark as answered"),
            _("Marked as answered."),
            requests.answer,
            explanation=_("Nothing is sent to who asked."),
            offered=_is_new,
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: ShopSystemRequest | None = None) -> bool:
        return request.user.has_perm("okpay_gateway.delete_shopsystemrequest")

    def sandbox_of(self, row: ShopSystemRequest) -> Sandbox:
        return clock.default_sandbox()
