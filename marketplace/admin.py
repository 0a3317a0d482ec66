"""Staff let stores in or close them, and see what is sold; products are their owners' business."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from marketplace import fulfilment, stores
from marketplace.forms import RefundForm, ShipForm
from marketplace.models import (
    Category,
    DigitalContent,
    OneClick,
    Order,
    OrderEvent,
    OrderLine,
    Picture,
    Product,
    Rendition,
    Store,
)
from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin, ReadOnlyInline
from wallets.errors import PaymentError


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=255, help_text=_("The owner of the store reads it."))


class PartialRefundForm(RefundForm):
    def clean_amount(self) -> Any:
        return self.cleaned_data["amount"] or None


@admin.register(Store)
class StoreAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("id", "name", "account", "status", "reason", "on_sale", "sold", "created_at")
    list_filter = ("status", "account__is_blocked", "account__verification", "account__sandbox", "created_at")
    list_select_related = ("account",)
    search_fields = ("name", "=account__id", "account__email", "account__business_name", "=wallet__id")
    fields = ("account", "wallet", "status", "reason", "name", "description", "email", "phone", "url", "created_at")
    acts = (
        Act(
            "approve",
            _("Approve"),
            _("The store sells from now on."),
            stores.approve,
            offered=lambda store: store.status != Store.Status.APPROVED,
        ),
        Act(
            "suspend",
            _("Suspend"),
            _("The store sells nothing from now on."),
            stores.suspend,
            form=ReasonForm,
            in_list=False,
            explanation=_("Nothing of it can be bought until it is approved again. Orders stay as they are."),
            offered=lambda store: store.status != Store.Status.SUSPENDED,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Store]:
        rows: QuerySet[Store] = super().get_queryset(request).select_related("account__sandbox")
        # Each counted for itself: joined together there would be as many rows as products times orders.
        published = Product.objects.filter(store=OuterRef("pk"), is_published=True)
        return rows.annotate(on_sale=_count(published), sold=_count(Order.objects.filter(store=OuterRef("pk"))))

    @admin.display(description=_("published"), ordering="on_sale")
    def on_sale(self, store: Any) -> int:
        return int(store.on_sale or 0)

    @admin.display(description=_("orders"), ordering="sold")
    def sold(self, store: Any) -> int:
        return int(store.sold or 0)


def _count(rows: QuerySet[Any]) -> Subquery:
    counted = rows.order_by().values("store").annotate(count=Count("pk")).values("count")
    return Subquery(counted, output_field=IntegerField())


@admin.register(OneClick)
class OneClickAdmin(ReadOnlyAdmin):
    list_display = ("account", "since")
    search_fields = ("account__id", "account__email")
    ordering = ("-since",)


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin[Category]):
    list_display = ("slug", "name", "position")
    list_editable = ("position",)
    search_fields = ("name", "slug")

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> Any:
        return ("slug",) if obj else ()


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    list_display = ("id", "title", "store", "article", "price", "currency_id", "type", "stock", "is_published")
    list_filter = ("is_published", "is_removed", "type", "category", "currency", "store__status", "created_at")
    list_select_related = ("store",)
    search_fields = ("=id", "title", "=article", "store__name")
    readonly_fields = ("pictures",)

    @admin.display(description=_("pictures"))
    def pictures(self, product: Product) -> SafeString:
        images = (
            (reverse("marketplace-picture", args=[image.name, "medium"]), image.alt) for image in product.images.all()
        )
        return format_html_join(" ", '<img src="{}" width="240" alt="{}">', images)


@admin.register(DigitalContent)
class DigitalContentAdmin(ReadOnlyAdmin):
    """Without the contents: they are for buyers."""

    list_display = ("product_id", "file_name", "size", "sha256", "updated_at")
    search_fields = ("=product__id", "file_name", "=sha256")
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[DigitalContent]:
        return super().get_queryset(request).defer("file", "text")


@admin.register(Picture)
class PictureAdmin(ReadOnlyAdmin):
    list_display = ("id", "store", "product", "position", "alt", "created_at")
    list_filter = ("store__status",)
    list_select_related = ("store", "product")
    search_fields = ("=name", "store__name", "product__title")
    readonly_fields = ("shown",)

    @admin.display(description=_("picture"))
    def shown(self, picture: Picture) -> SafeString:
        address = reverse("marketplace-picture", args=[picture.name, "medium"])
        return format_html('<img src="{}" width="480" alt="{}">', address, picture.alt)


@admin.register(Rendition)
class RenditionAdmin(ReadOnlyAdmin):
    list_display = ("id", "picture_id", "size", "width", "height")
    list_filter = ("size",)
    search_fields = ("=picture__name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rendition]:
        # A list of a hundred must not read all those pictures.
        return super().get_queryset(request).defer("content")


class LinesInline(ReadOnlyInline):
    model = OrderLine
    fields = ("item", "product", "held")


class EventsInline(ReadOnlyInline):
    model = OrderEvent
    fields = ("at", "kind", "amount", "note", "by")


@admin.register(Order)
class OrderAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("transaction_id", "created_at", "store", "buyer", "status", "amount", "tracking", "updated_at")
    list_filter = ("status", "transaction__currency", "store__status", "store__account__sandbox", "created_at")
    list_select_related = ("store__account__sandbox", "buyer", "transaction")
    search_fields = ("=transaction__id", "store__name", "=buyer__id", "buyer__email", "tracking")
    # Not the token: who has it sees what a guest has bought.
    fields = ("transaction", "store", "buyer", "status", "amount", "tracking", "created_at", "updated_at")
    readonly_fields = ("amount",)
    inlines = (LinesInline, EventsInline)
    refusals = (PaymentError,)
    acts = (
        Act(
            "ship",
            _("Mark as shipped"),
            _("The buyer is told."),
            fulfilment.ship,
            form=ShipForm,
            in_list=False,
            offered=lambda order: order.can_be_shipped,
        ),
        Act(
            "deliver",
            _("Mark as delivered"),
            _("The order is delivered."),
            fulfilment.deliver,
            offered=lambda order: order.can_be_delivered,
        ),
        Act(
            "refund",
            _("Refund"),
            _("The money went back."),
            fulfilment.refund,
            form=PartialRefundForm,
            in_list=False,
            offered=lambda order: order.can_be_refunded,
        ),
    )

    @admin.display(description=_("amount"), ordering="transaction__gross")
    def amount(self, order: Order) -> str:
        return f"{order.total} {order.currency}"


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    list_display = ("id", "order_id", "item", "product", "held")
    list_select_related = ("item", "product")
    search_fields = ("=order__transaction__id", "=product__id", "product__title")


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "at", "order_id", "kind", "amount", "note", "by")
    list_filter = ("kind", "at")
    list_select_related = ("by",)
    search_fields = ("=order__transaction__id", "note")
