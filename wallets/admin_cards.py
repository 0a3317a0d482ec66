"""Staff ship debit cards, or refuse them and give the money back."""

from datetime import datetime
from typing import Any, Protocol

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sandbox import clock
from wallets import cards
from wallets.errors import PaymentError
from wallets.models import DebitCardOrder
from wallets.models.cards import STATUS_BY_TRANSACTION


class StatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return DebitCardOrder.Status.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[DebitCardOrder]) -> QuerySet[DebitCardOrder]:
        if not self.value():
            return queryset
        wanted = [status for status, order_status in STATUS_BY_TRANSACTION.items() if order_status == self.value()]
        return queryset.filter(transaction__status__in=wanted)


class Decision(Protocol):
    def __call__(self, order: DebitCardOrder, *, now: datetime) -> None: ...


@admin.register(DebitCardOrder)
class DebitCardOrderAdmin(admin.ModelAdmin[DebitCardOrder]):
    list_display = ("transaction_id", "ordered_at", "ordered_by", "email", "courier", "price", "status_name", "comment")
    list_filter = (StatusFilter, "courier")
    list_select_related = ("transaction",)
    search_fields = ("=transaction__id", "=transaction__payer_wallet__id", "email")
    fields = ("transaction", "ordered_at", "ordered_by", "email", "courier", "price", "status_name", "comment")
    readonly_fields = fields
    actions = ("ship", "refuse")

    @admin.display(description=_("ordered"), ordering="transaction__created_at")
    def ordered_at(self, order: DebitCardOrder) -> datetime:
        return order.transaction.created_at

    @admin.display(description=_("ordered by"), ordering="transaction__payer_wallet")
    def ordered_by(self, order: DebitCardOrder) -> str:
        return order.transaction.payer_wallet_id

    @admin.display(description=_("price"))
    def price(self, order: DebitCardOrder) -> str:
        return f"{order.transaction.gross} {order.transaction.currency_id}"

    @admin.display(description=_("status"), ordering="transaction__status")
    def status_name(self, order: DebitCardOrder) -> str:
        return str(order.status.label)

    @admin.display(description=_("comment"))
    def comment(self, order: DebitCardOrder) -> str:
        return order.transaction.comment

    @admin.action(description=_("Ship the selected cards"), permissions=["change"])
    def ship(self, request: HttpRequest, orders: QuerySet[DebitCardOrder]) -> None:
        done = self._decide(request, orders, cards.ship)
        self.message_user(request, ngettext("%d card is on its way.", "%d cards are on their way.", done) % done)

    @admin.action(description=_("Refuse the selected cards and give the money back"), permissions=["change"])
    def refuse(self, request: HttpRequest, orders: QuerySet[DebitCardOrder]) -> None:
        done = self._decide(request, orders, cards.refuse)
        self.message_user(request, ngettext("%d card was refused.", "%d cards were refused.", done) % done)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _decide(self, request: HttpRequest, orders: QuerySet[DebitCardOrder], decision: Decision) -> int:
        done = 0
        for order in orders.select_related("transaction__sandbox"):
            try:
                decision(order, now=clock.now(order.transaction.sandbox))
                done += 1
            except PaymentError as error:
                self.message_user(request, f"{order}: {error}", messages.ERROR)
        return done
