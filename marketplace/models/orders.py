"""What was bought. The payment is the fact: its ID is the order's number, its items are what the buyer pays for."""

import secrets
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Subquery
from django.utils.translation import gettext_lazy as _

from marketplace.models.products import Product
from marketplace.models.stores import Store
from sandbox.models import Sandbox
from wallets.models import Account, Transaction, TransactionItem


def new_token() -> str:
    """Whoever bought without an account sees his order by it, so it cannot be guessed."""
    return secrets.token_urlsafe(24)


class OrderQuerySet(models.QuerySet["Order"]):
    def sold_by(self, account: Account) -> "OrderQuerySet":
        # By the number of the store, which the index of its orders begins with.
        return self.filter(store=Subquery(Store.objects.filter(account=account).values("pk")[:1]))

    def bought_by(self, account: Account) -> "OrderQuerySet":
        return self.filter(buyer=account)

    def for_pages(self) -> "OrderQuerySet":
        """With all that a page or an answer tells of each."""
        return self.select_related("transaction__delivery_address", "store__account__sandbox", "buyer")


class Order(models.Model):
    """One payment for things of one store. Amounts, currency and delivery address are those of its transaction."""

    class Status(models.TextChoices):
        """PENDING: the payment waits to be decided, and holds its pieces. CANCELED: it was decided against."""

        PENDING = "pending", _("Payment pending")
        PAID = "paid", _("Paid")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", _("Delivered")
        REFUNDED = "refunded", _("Refunded")
        CANCELED = "canceled", _("Canceled")

    transaction = models.OneToOneField(
        Transaction, primary_key=True, on_delete=models.CASCADE, related_name="order", verbose_name=_("payment")
    )
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="orders", verbose_name=_("store"))
    buyer = models.ForeignKey(
        Account,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="orders",
        verbose_name=_("buyer"),
        help_text=_("None: bought without an account."),
    )
    token = models.CharField(_("token"), max_length=32, unique=True, default=new_token)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    tracking = models.CharField(_("tracking"), max_length=255, blank=True)
    created_at = models.DateTimeField(_("ordered"))
    updated_at = models.DateTimeField(_("last change"))

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        # By the column: "-transaction" would turn the transactions' own order round.
        ordering = ("-transaction_id",)
        indexes = (
            models.Index(F("store"), F("transaction").desc(), name="orders_of_store"),
            models.Index(F("buyer"), F("transaction").desc(), name="orders_of_buyer"),
        )

    def __str__(self) -> str:
        return str(self.transaction_id)

    @property
    def number(self) -> int:
        """The same as ok_txn_id, by which the merchant's listener knows it."""
        return self.transaction_id

    @property
    def sandbox(self) -> Sandbox:
        return self.store.account.sandbox

    @property
    def total(self) -> Decimal:
        return self.transaction.gross

    @property
    def currency(self) -> str:
        return self.transaction.currency_id

    @property
    def is_paid(self) -> bool:
        """Whether what was bought is the buyer's: only then digital contents are handed out."""
        return self.status in (self.Status.PAID, self.Status.SHIPPED, self.Status.DELIVERED)

    @property
    def can_be_shipped(self) -> bool:
        return self.status == self.Status.PAID

    @property
    def can_be_delivered(self) -> bool:
        return self.status in (self.Status.PAID, self.Status.SHIPPED)

    @property
    def can_be_refunded(self) -> bool:
        return self.is_paid


class OrderLine(models.Model):
    """Which product an item of the payment is, and how many pieces it holds of the stock."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    item = models.OneToOneField(
        TransactionItem, on_delete=models.CASCADE, related_name="order_line", verbose_name=_("item")
    )
    product = models.ForeignKey(
        Product, on_delete=models.RESTRICT, related_name="order_lines", verbose_name=_("product")
    )
    held = models.PositiveIntegerField(
        _("taken from stock"), default=0, help_text=_("0: it was unlimited, or was given back.")
    )

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ("item__number",)

    def __str__(self) -> str:
        return f"{self.order_id} {self.product_id}"


class OrderEvent(models.Model):
    """What happened to an order, for both sides to read."""

    class Kind(models.TextChoices):
        ORDERED = "ordered", _("Ordered, payment pending")
        PAID = "paid", _("Paid")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", _("Delivered")
        REFUNDED = "refunded", _("Refunded")
        CHARGED_BACK = "charged_back", _("Charged back")
        CANCELED = "canceled", _("Canceled: the payment was declined")

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events", verbose_name=_("order"))
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=2, null=True, blank=True)
    note = models.CharField(_("note"), max_length=255, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("event of an order")
        verbose_name_plural = _("events of orders")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind}"
