"""What a store sells: goods, services, digital products, and how many of them there are."""

from collections.abc import Iterable
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.models.stores import Store
from wallets.models import Currency, TransactionItem
from wallets.money import ZERO


class Category(models.Model):
    """A shelf of the Marketplace. They are the same in every sandbox, as currencies are; staff may add some."""

    slug = models.SlugField(_("address"), primary_key=True, max_length=40)
    name = models.CharField(_("name"), max_length=60)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language, where it is one of ours."""
        return gettext(self.name)


class _IsOneOf(Func):
    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale_in(self, stores: Iterable[int]) -> "ProductQuerySet":
        """What of these stores, which all sell, can be bought or is sold out at present."""
        # As one value: a list of a thousand numbers would take PostgreSQL longer to read than to search.
        listed = Cast(Value(f"{{{','.join(map(str, stores))}}}"), ArrayField(models.BigIntegerField()))
        return self.filter(_IsOneOf("store", listed), is_published=True, is_removed=False)

    def in_stock(self) -> "ProductQuerySet":
        return self.filter(Q(stock=None) | Q(stock__gt=0))


class Product(models.Model):
    """Title, description and price are all that must be said. It is ok_item_#_id; its Item No., ok_item_#_article."""

    Type = TransactionItem.Type

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="products", verbose_name=_("store"))
    title = models.CharField(_("title"), max_length=127)
    description = models.TextField(_("description"), max_length=10_000)
    price = models.DecimalField(_("price"), max_digits=20, decimal_places=2, help_text=_("Of one piece."))
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", verbose_name=_("currency"))

    article = models.CharField(
        _("Item No."), max_length=40, blank=True, help_text=_("Its number in your own price list or database.")
    )
    type = models.CharField(_("type"), max_length=10, choices=Type.choices, default=Type.DIGITAL)
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="products",
        verbose_name=_("category"),
    )
    stock = models.PositiveIntegerField(
        _("in stock"),
        null=True,
        blank=True,
        help_text=_("Every purchase takes from it. Empty: any number can be sold."),
    )
    low_stock = models.PositiveIntegerField(
        _("tell me when only so many are left"), null=True, blank=True, help_text=_("Empty: never.")
    )
    shipping = models.DecimalField(
        _("shipping"), max_digits=20, decimal_places=2, default=ZERO, help_text=_("Of the first piece.")
    )
    shipping2 = models.DecimalField(_("shipping of each further piece"), max_digits=20, decimal_places=2, default=ZERO)
    tax = models.DecimalField(_("tax"), max_digits=20, decimal_places=2, default=ZERO, help_text=_("Of each piece."))
    # As in a payment form: a title without a value asks the buyer.
    custom_1_title = models.CharField(_("custom field 1 title"), max_length=127, blank=True)
    custom_1_value = models.CharField(
        _("custom field 1 value"), max_length=127, blank=True, help_text=gettext_lazy("Empty: the buyer fills it in.")
    )
    custom_2_title = models.CharField(_("custom field 2 title"), max_length=127, blank=True)
    custom_2_value = models.CharField(
        _("custom field 2 value"), max_length=127, blank=True, help_text=gettext_lazy("Empty: the buyer fills it in.")
    )
    is_published = models.BooleanField(_("published"), default=False)
    members_only = models.BooleanField(
        _("exclusive offer"), default=False, help_text=_("Shown and sold to registered users only.")
    )
    # What was sold stays for those who bought it, also when its store has taken it away.
    is_removed = models.BooleanField(_("removed"), default=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("last change"))

    # What the windows are searched by. Without a language: the words of a product may be of any.
    words = models.GeneratedField(
        expression=SearchVector("title", "article", weight="A", config="simple")
        + SearchVector("description", weight="B", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(name="product_price_is_positive", condition=Q(price__gte=Decimal("0.01"))),
            models.CheckConstraint(
                name="product_extras_are_not_negative", condition=Q(shipping__gte=0, shipping2__gte=0, tax__gte=0)
            ),
            models.CheckConstraint(name="removed_is_not_published", condition=~Q(is_removed=True, is_published=True)),
            models.UniqueConstraint(
                "store", "article", name="one_product_per_article", condition=~Q(article="") & Q(is_removed=False)
            ),
        )
        indexes = (
            models.Index(F("store"), F("id").desc(), name="products_newest_first"),
            models.Index(F("category"), F("id").desc(), name="products_on_sale", condition=Q(is_published=True)),
            models.Index(F("currency"), F("price"), F("id"), name="products_by_price", condition=Q(is_published=True)),
            models.Index(
                F("category"),
                F("currency"),
                F("price"),
                F("id"),
                name="products_of_category_by_price",
                condition=Q(is_published=True),
            ),
            models.Index(
                F("id").desc(),
                name="products_exclusive",
                condition=Q(is_published=True, is_removed=False, members_only=True),
            ),
            models.Index(
                F("store"),
                F("stock"),
                F("id"),
                name="products_running_low",
                condition=Q(stock__lte=F("low_stock"), is_removed=False),
            ),
            GinIndex(F("words"), name="products_by_words", fastupdate=False),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_on_sale(self) -> bool:
        return self.is_published and not self.is_removed and self.store.sells

    @property
    def is_sold_out(self) -> bool:
        return self.stock == 0

    @property
    def is_low(self) -> bool:
        return self.stock is not None and self.low_stock is not None and self.stock <= self.low_stock

    @property
    def needs_address(self) -> bool:
        """As at the checkout (checkout/orders.py): goods want to know where to, and so does a charge for shipping."""
        return self.type == self.Type.SHIPMENT or bool(self.shipping)

    @property
    def questions(self) -> list[tuple[str, str]]:
        """What the buyer must fill in: names such as `custom_1_value`, with their titles."""
        return [
            (f"{custom}_value", title)
            for custom in ("custom_1", "custom_2")
            if (title := getattr(self, f"{custom}_title")) and not getattr(self, f"{custom}_value")
        ]

    @property
    def terms(self) -> str:
        """All that its price depends on, in one line: so a page can say later what its reader was shown."""
        return f"{self.currency_id} {self.price:.2f} {self.shipping:.2f} {self.shipping2:.2f} {self.tax:.2f}"

    def shipping_of(self, quantity: int) -> Decimal:
        """ShippingTotal of the official page."""
        return self.shipping + self.shipping2 * (quantity - 1)

    def total_of(self, quantity: int) -> Decimal:
        """ItemTotal of the official page: what so many pieces cost with everything."""
        return (self.price + self.tax) * quantity + self.shipping_of(quantity)


class DigitalContent(models.Model):
    """What the buyer of a digital product gets after the payment: a text, a file, or both."""

    product = models.OneToOneField(
        Product,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="digital_content",
        verbose_name=_("product"),
    )
    text = models.TextField(_("text"), max_length=10_000, blank=True)
    file_name = models.CharField(_("file name"), max_length=127, blank=True)
    file = models.BinaryField(null=True)
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    updated_at = models.DateTimeField(_("last change"))

    class Meta:
        verbose_name = _("digital content")
        verbose_name_plural = _("digital contents")

    def __str__(self) -> str:
        return self.file_name or gettext("text")

    @property
    def has_file(self) -> bool:
        return bool(self.file_name)
