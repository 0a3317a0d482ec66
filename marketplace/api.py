"""The control API's part of the Marketplace: stores, products and orders, for merchants who automate their stock."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction as database
from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from marketplace import api_examples as examples
from marketplace import catalogue, fulfilment, pictures, purchases, stock, stores
from marketplace.errors import OutOfStock, PriceChanged, WrongOrderState
from marketplace.models import (
    Category,
    DigitalContent,
    Order,
    OrderEvent,
    OrderLine,
    Picture,
    Product,
    Rendition,
    Store,
)
from marketplace.purchases import Line
from sandbox import access
from sandbox.api import Amount, ControlView, ListQuery, Nothing, Query, Strict, TrueOrFalse, WebAddress
from sandbox.examples import answer, answers_with, body, can_fail
from wallets import exchange, parties, payments
from wallets.api import AddressFields, ItemFields, RefundFields
from wallets.errors import (
    CurrencyNotFound,
    IncorrectParameters,
    InsufficientFunds,
    MoreThanIsLeft,
    NotAPicture,
    SourceAccountDoesntExist,
)
from wallets.models import Account, Wallet
from wallets.money import D

MOST = stock.MOST


# Stores


@answers_with(examples.STORE)
class StoreFields(Strict):
    """A merchant's store. A change of `status` is what staff would do in the admin."""

    id = serializers.IntegerField(read_only=True)
    account = serializers.CharField(read_only=True, source="account_id")
    wallet = serializers.CharField(
        source="wallet_id", required=False, help_text="Where the money goes; the account's first wallet if not given."
    )
    name = serializers.CharField(max_length=127)
    description = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=127, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)
    url = WebAddress(required=False)
    status = serializers.ChoiceField(choices=Store.Status.choices, required=False)
    reason = serializers.CharField(
        max_length=255, allow_blank=True, required=False, help_text="Why it is suspended, for its owner to read."
    )
    created_at = serializers.DateTimeField(read_only=True)

    def validate_url(self, url: str) -> str:
        if len(url) > 400:
            raise ValidationError(_("The address may have at most 400 characters."))
        return url


class NewStore(StoreFields):
    account = serializers.CharField(
        required=False, help_text="Whose it becomes: an account ID. A token that is bound to one needs not say it."
    )


class StoresQuery(ListQuery):
    account = serializers.CharField(required=False, help_text="Of this account.")
    status = serializers.ChoiceField(choices=Store.Status.choices, required=False, help_text="Those that are so now.")

    columns = {"account": ("account_id",)}


class StoresView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Stores of the Marketplace, one of each account."""

    scope, for_accounts, account_paths = "products", "write", ("account_id",)
    queryset = Store.objects.all()
    serializer_class = StoreFields
    lookup_value_regex = r"\d{1,18}"

    def get_query_class(self) -> type[Query]:
        return StoresQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Store]:
        return Store.objects.filter(account__sandbox=self.sandbox).select_related("account__sandbox", "wallet")

    @extend_schema(request=body(NewStore, examples.NEW_STORES), responses={201: StoreFields})
    @can_fail({"A second store": stores.has_one_already})
    @database.atomic
    def create(self, request: Request) -> Response:
        """Register a store. It waits for approval, unless `status` says otherwise."""
        wanted = self.read(NewStore)
        account = _account(self, wanted.pop("account", self.access.account_id))
        status, reason = wanted.pop("status", Store.Status.PENDING), wanted.pop("reason", "")
        wallet = _wallet_of(account, wanted.pop("wallet_id", ""))
        store = stores.register(account, wallet=wallet, now=self.now, **wanted)
        self._judge(store, status, reason)
        return Response(self.get_serializer(store).data, status=201)

    @extend_schema(request=body(StoreFields, examples.STORE_CHANGES))
    @can_fail({"Somebody else's wallet": lambda: no_such_wallet()})
    @database.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a store, approve or suspend it. What is not named stays."""
        store = self.get_object()
        changes = self.read(partial=True)
        status, reason = changes.pop("status", store.status), changes.pop("reason", store.reason)
        if "wallet_id" in changes:
            changes["wallet_id"] = _wallet_of(store.account, changes["wallet_id"]).id
        stores.check_name(changes.get("name", store.name))
        for name, value in changes.items():
            setattr(store, name, value)
        if changes:
            store.save(update_fields=[name.removesuffix("_id") for name in changes])
        self._judge(store, status, reason)
        return Response(self.get_serializer(self.in_sandbox().get(id=store.id)).data)

    def _judge(self, store: Store, status: str, reason: str) -> None:
        if (status, reason) == (store.status, store.reason):
            return
        if self.access.account_id:
            raise access.not_for_accounts(self.access)
        match status:
            case Store.Status.APPROVED:
                stores.approve(store, now=self.now)
            case Store.Status.SUSPENDED:
                stores.suspend(store, reason=reason, now=self.now)
            case _:
                raise ValidationError({"status": [_("A store is approved or suspended; it waits only at first.")]})


# Products


class ImageFields(serializers.ModelSerializer[Picture]):
    url = serializers.SerializerMethodField(help_text="The medium size; small.webp and large.webp are beside it.")

    class Meta:
        model = Picture
        fields = ("id", "url", "alt")

    def get_url(self, picture: Picture) -> str:
        path = reverse("marketplace-picture", args=[picture.name, Rendition.Size.MEDIUM])
        if settings.PUBLIC_URL:
            return settings.PUBLIC_URL + path
        found: str = self.context["request"].build_absolute_uri(path)
        return found


@answers_with(examples.PRODUCT)
class ProductFields(Strict):
    """What a store sells. Only `title`, `description` and `price` must be said."""

    id = serializers.IntegerField(read_only=True, help_text="ok_item_#_id of notifications.")
    account = serializers.CharField(read_only=True, source="store.account_id")
    store = serializers.IntegerField(read_only=True, source="store_id")
    title = serializers.CharField(max_length=127)
    description = serializers.CharField(max_length=10_000)
    price = Amount(help_text="Of one piece.")
    currency = serializers.CharField(max_length=3, source="currency_id", required=False, help_text="EUR if not given.")
    article = serializers.CharField(
        max_length=40, allow_blank=True, required=False, help_text="Item No.: ok_item_#_article of notifications."
    )
    type = serializers.ChoiceField(choices=Product.Type.choices, required=False)
    category = serializers.CharField(
        max_length=40, allow_null=True, required=False, source="category_id", help_text="Its address, such as `books`."
    )
    stock = serializers.IntegerField(
        min_value=0,
        max_value=MOST,
        allow_null=True,
        required=False,
        help_text="null: any number can be sold. Written, it overwrites; `stock/` adds, also while others buy.",
    )
    low_stock = serializers.IntegerField(
        min_value=0,
        max_value=MOST,
        allow_null=True,
        required=False,
        help_text="The owner gets an e-mail when only so many are left; null: never.",
    )
    shipping = Amount(required=False, help_text="Of the first piece.")
    shipping2 = Amount(required=False, help_text="Of each further piece.")
    tax = Amount(required=False, help_text="Of each piece.")
    custom_1_title = serializers.CharField(max_length=127, allow_blank=True, required=False)
    custom_1_value = serializers.CharField(
        max_length=127, allow_blank=True, required=False, help_text="Empty: the buyer fills it in."
    )
    custom_2_title = serializers.CharField(max_length=127, allow_blank=True, required=False)
    custom_2_value = serializers.CharField(max_length=127, allow_blank=True, required=False)
    is_published = TrueOrFalse(required=False)
    members_only = TrueOrFalse(required=False, help_text="An exclusive offer: for registered users only.")
    digital_text = serializers.CharField(
        max_length=catalogue.TEXT_LENGTH,
        allow_blank=True,
        required=False,
        help_text="What its buyers read after the payment. `file/` sets what they download.",
    )
    digital_file = serializers.SerializerMethodField(help_text="The name of that file; empty: none.")
    images = ImageFields(many=True, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_digital_file(self, product: Product) -> str:
        return product.digital_content.file_name if hasattr(product, "digital_content") else ""

    def to_representation(self, instance: Product) -> dict[str, Any]:
        text = instance.digital_content.text if hasattr(instance, "digital_content") else ""
        instance.digital_text = text  # type: ignore[attr-defined]  # where the field looks for it
        return dict(super().to_representation(instance))

    def validate_currency(self, code: str) -> str:
        return exchange.get_currency(code.upper()).code

    def validate_category(self, slug: str | None) -> str | None:
        if slug is not None and not Category.objects.filter(slug=slug).exists():
            known = ", ".join(Category.objects.values_list("slug", flat=True))
            raise ValidationError(_("There is no such category. Known: %(known)s.") % {"known": known})
        return slug


class NewProduct(ProductFields):
    account = serializers.CharField(
        required=False,
        help_text="Whose store: an account ID. A token that is bound to one needs not say it.",
    )


class StockFields(Strict):
    """One of both."""

    add = serializers.IntegerField(
        min_value=-MOST, max_value=MOST, required=False, help_text="Pieces put in, or below zero taken out."
    )
    set = serializers.IntegerField(
        min_value=0, max_value=MOST, allow_null=True, required=False, help_text="How many there are; null: unlimited."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise ValidationError({"add": [_("Say add or set, one of both.")]})
        return attrs


class Base64(serializers.CharField):
    """A file as JSON can carry it."""

    default_error_messages = {"base64": gettext_lazy("Write the file in Base64.")}

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            return base64.b64decode(re.sub(r"\s", "", text), validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


class ImageUpload(Strict):
    content = Base64(help_text="A JPEG, PNG, GIF or WebP picture, in Base64. A body has room for 2 MB.")
    alt = serializers.CharField(max_length=127, allow_blank=True, default="", help_text="What it shows, in words.")


class FileUpload(Strict):
    name = serializers.CharField(max_length=255)
    content = Base64(help_text="The file, in Base64. A body has room for 2 MB; the page takes 10 MB.")


class ProductsQuery(ListQuery):
    account = serializers.CharField(required=False, help_text="Whose store.")
    store = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="Of this store.")
    article = serializers.CharField(required=False, help_text="Item No., exactly.")
    category = serializers.CharField(required=False, help_text="On this shelf, such as `books`.")
    type = serializers.ChoiceField(choices=Product.Type.choices, required=False, help_text="How it is delivered.")
    # A string of two words, because everything in a query is one.
    is_published = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="`true`: only what can be seen in the windows."
    )

    columns = {"account": ("store__account_id",), "store": ("store_id",), "category": ("category_id",)}

    def validate_is_published(self, value: str) -> bool:
        return value == "true"


class ProductsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """What stores sell, and how many there are. A product that was removed is not here."""

    scope, for_accounts, account_paths = "products", "write", ("store__account_id",)
    queryset = Product.objects.all()
    serializer_class = ProductFields
    lookup_value_regex = r"\d{1,18}"
    path_examples = {"image": "7"}

    def get_query_class(self) -> type[Query]:
        return ProductsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Product]:
        contents = DigitalContent.objects.defer("file")
        return (
            Product.objects.filter(store__account__sandbox=self.sandbox, is_removed=False)
            .select_related("store__account", "currency")
            .prefetch_related("images", Prefetch("digital_content", contents))
        )

    @extend_schema(request=body(NewProduct, examples.NEW_PRODUCTS), responses={201: ProductFields})
    @can_fail({"Its Item No. is taken": catalogue.article_taken, "Not a currency": CurrencyNotFound})
    @database.atomic
    def create(self, request: Request) -> Response:
        """Put a new product into a store."""
        wanted = self.read(NewProduct)
        account = _account(self, wanted.pop("account", self.access.account_id))
        store = Store.objects.filter(account=account).first()
        if store is None:
            raise ValidationError({"account": [_("This account has no store: register one under stores/.")]})
        text = wanted.pop("digital_text", "")
        wanted.setdefault("currency_id", "EUR")
        product = catalogue.create(store, now=self.now, **wanted)
        if text:
            catalogue.set_digital_text(product, text, now=self.now)
        return self._answer_with(product, status=201)

    @extend_schema(request=body(ProductFields, examples.PRODUCT_CHANGES))
    @can_fail({"Its Item No. is taken": catalogue.article_taken})
    @database.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a product. What is not named stays; open checkouts keep the price that they showed."""
        product, changes = self.get_object(), self.read(partial=True)
        if "digital_text" in changes:
            catalogue.set_digital_text(product, changes.pop("digital_text"), now=self.now)
        if "stock" in changes:
            stock.overwrite(product, changes.pop("stock"), now=self.now)
        if changes:
            catalogue.change(product, now=self.now, **changes)
        return self._answer_with(product)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a product away for good. Who has bought it keeps his order and its files."""
        catalogue.remove(self.get_object(), now=self.now)
        return Response(status=204)

    @extend_schema(request=body(StockFields, examples.STOCKS), responses=ProductFields)
    @can_fail({"More than there are": lambda: stock.impossible(12)})
    @action(detail=True, methods=["post"])
    def stock(self, request: Request, pk: str) -> Response:
        """Change the stock of a product. Put pieces in, take some out, or say how many there are."""
        product, wanted = self.get_object(), self.read(StockFields)
        if "add" in wanted:
            stock.add(product, wanted["add"], now=self.now)
        else:
            stock.overwrite(product, wanted["set"], now=self.now)
        return self._answer_with(product)

    @extend_schema(request=body(ImageUpload, examples.IMAGES), responses={201: ProductFields})
    @can_fail({"Not a picture": lambda: not_a_picture()})
    @action(detail=True, methods=["post"])
    def images(self, request: Request, pk: str) -> Response:
        """Give a product one more picture. It is drawn anew in three sizes; what else is in the file is not kept."""
        product, wanted = self.get_object(), self.read(ImageUpload)
        try:
            pictures.add(product, wanted["content"], alt=wanted["alt"], now=self.now)
        except NotAPicture as refused:
            refused.field = "content"
            raise
        return self._answer_with(product, status=201)

    @extend_schema(operation_id="products_images_destroy", responses={204: None})
    @can_fail({"No such picture": lambda: no_such_picture("99")})
    @action(detail=True, methods=["delete"], url_path=r"images/(?P<image>\d{1,18})")
    def image(self, request: Request, pk: str, image: str) -> Response:
        """Take a picture of a product away."""
        found = self.get_object().images.filter(id=image).first()
        if found is None:
            raise no_such_picture(image)
        found.delete()
        return Response(status=204)

    @extend_schema(request=body(FileUpload, examples.FILES), responses={201: ProductFields})
    @action(detail=True, methods=["post"])
    def file(self, request: Request, pk: str) -> Response:
        """Give a product its file. Buyers download it after the payment, instead of the one before."""
        product, wanted = self.get_object(), self.read(FileUpload)
        try:
            catalogue.set_digital_file(product, wanted["name"], wanted["content"], now=self.now)
        except IncorrectParameters as refused:
            refused.field = "content"
            raise
        return self._answer_with(product, status=201)

    def _answer_with(self, product: Product, *, status: int = 200) -> Response:
        return Response(self.get_serializer(self.in_sandbox().get(id=product.id)).data, status=status)


# Orders


class EventFields(serializers.ModelSerializer[OrderEvent]):
    amount = Amount(allow_null=True)

    class Meta:
        model = OrderEvent
        fields = ("at", "kind", "amount", "note")


@answers_with(examples.ORDER)
class OrderFields(serializers.ModelSerializer[Order]):
    """What was bought. Its number is the ID of its transaction, which notifications carry as ok_txn_id."""

    id = serializers.IntegerField(source="transaction_id")
    store = serializers.IntegerField(source="store_id")
    seller = serializers.CharField(source="store.account_id", help_text="An account ID.")
    buyer = serializers.CharField(
        source="buyer_id", allow_null=True, help_text="An account ID; null: bought without an account."
    )
    total = Amount()
    items = ItemFields(source="transaction.items", many=True)
    delivery_address = AddressFields(source="transaction.delivery_address", allow_null=True, default=None)
    comment = serializers.CharField(source="transaction.comment")
    events = EventFields(many=True)

    class Meta:
        model = Order
        fields = (
            *("id", "status", "store", "seller", "buyer", "total", "currency", "items", "delivery_address"),
            *("comment", "tracking", "events", "created_at", "updated_at"),
        )


class LineFields(Strict):
    product = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = serializers.IntegerField(min_value=1, max_value=purchases.MOST_PIECES, default=1)
    custom_1_value = serializers.CharField(max_length=127, allow_blank=True, default="")
    custom_2_value = serializers.CharField(max_length=127, allow_blank=True, default="")


class ShippingFields(Strict):
    """Where goods go. What is not given is the buyer's own."""

    name = serializers.CharField(max_length=128, required=False)
    street = serializers.CharField(max_length=200, required=False)
    zip = serializers.CharField(max_length=20, allow_blank=True, required=False)
    city = serializers.CharField(max_length=40, required=False)
    state = serializers.CharField(max_length=40, allow_blank=True, required=False)
    country_code = serializers.CharField(max_length=2, required=False)


class NewOrder(Strict):
    """What a buyer would choose in the windows, paid from his balance."""

    payer = serializers.CharField(help_text="Who buys, by e-mail, wallet or account ID.")
    items = LineFields(many=True, allow_empty=False)
    currency = serializers.CharField(
        default="", max_length=3, help_text="The balance to pay from, converted if it is another than the products'."
    )
    total = Amount(required=False, help_text="What the buyer was shown; refused if it costs something else by now.")
    comment = serializers.CharField(max_length=255, allow_blank=True, default="")
    address = ShippingFields(required=False)


class ShipFields(Strict):
    tracking = serializers.CharField(max_length=255, allow_blank=True, default="", help_text="For the buyer to read.")


class OrdersQuery(ListQuery):
    seller = serializers.CharField(required=False, help_text="An account ID.")
    buyer = serializers.CharField(required=False, help_text="An account ID.")
    store = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="Of this store.")
    product = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="With this product in it."
    )
    status = serializers.ChoiceField(choices=Order.Status.choices, required=False, help_text="Those that are so now.")

    columns = {
        "seller": ("store__account_id",),
        "buyer": ("buyer_id",),
        "store": ("store_id",),
    }

    @classmethod
    def condition(cls, query: Mapping[str, Any]) -> Q:
        found = super().condition({name: value for name, value in query.items() if name != "product"})
        if "product" in query:
            # By a question of its own, because an order may have the same product on two lines.
            found &= Q(transaction__in=OrderLine.objects.filter(product=query["product"]).values("order"))
        return found


class OrdersView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """What was sold in the Marketplace, and what becomes of it."""

    scope, for_accounts, account_paths = "orders", "write", ("store__account_id", "buyer_id")
    queryset = Order.objects.all()
    serializer_class = OrderFields
    lookup_value_regex = r"\d{1,18}"
    newest_first = "-transaction_id"

    def get_query_class(self) -> type[Query]:
        return OrdersQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Order]:
        found = Order.objects.filter(store__account__sandbox=self.sandbox).for_pages()
        return found.prefetch_related("transaction__items", "events")

    @extend_schema(request=body(NewOrder, examples.NEW_ORDERS), responses={201: OrderFields})
    @can_fail(
        {
            "Not enough money": InsufficientFunds,
            "Sold out": lambda: OutOfStock("OKPAY Poster", 40),
            "Another price": lambda: PriceChanged(D("113.00"), "USD"),
            "Nobody": SourceAccountDoesntExist,
        }
    )
    def create(self, request: Request) -> Response:
        """Buy something. Stock, order, payment and notification at once, or nothing."""
        if self.access.account_id:
            # Such a token is for what the account sells: it shall not spend its money.
            raise access.not_for_accounts(self.access)
        wanted = self.read(NewOrder)
        payer = self._payer(wanted["payer"])
        order = purchases.buy(
            self._lines(wanted["items"]),
            payer=payer,
            from_currency=wanted["currency"].upper(),
            address=_address(payer.account, wanted.get("address", {})),
            comment=wanted["comment"],
            expected_total=wanted.get("total"),
            now=self.now,
        )
        return self._answer_with(order, status=201)

    @extend_schema(request=body(ShipFields, examples.SHIPMENTS), responses={200: answer(OrderFields, examples.SHIPPED)})
    @can_fail({"Shipped already": lambda: WrongOrderState(Order.Status.SHIPPED.label)})
    @action(detail=True, methods=["post"])
    def ship(self, request: Request, pk: str) -> Response:
        """Ship an order. The buyer gets an e-mail."""
        return self._act(fulfilment.ship, **self.read(ShipFields))

    @extend_schema(request=Nothing, responses={200: answer(OrderFields, examples.DELIVERED)})
    @can_fail({"Delivered already": lambda: WrongOrderState(Order.Status.DELIVERED.label)})
    @action(detail=True, methods=["post"])
    def deliver(self, request: Request, pk: str) -> Response:
        """Say that the buyer has it."""
        self.read(Nothing)
        return self._act(fulfilment.deliver)

    @extend_schema(request=body(RefundFields, examples.REFUNDS))
    @can_fail({"More than is left": lambda: MoreThanIsLeft(D("113.00"))})
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: str) -> Response:
        """Refund an order, all or part of it. Before it was shipped, all of it puts the pieces back in stock."""
        return self._act(fulfilment.refund, **self.read(RefundFields))

    def _act(self, verb: Callable[..., None], **told: Any) -> Response:
        order = self.get_object()
        # Who has bought it may look, and no more.
        self.check_account(order.store.account_id)
        verb(order, now=self.now, **told)
        return self._answer_with(order)

    def _payer(self, name: str) -> Wallet:
        account = Account.objects.filter(id=name, sandbox=self.sandbox).exclude(kind=Account.Kind.HOUSE).first()
        wallet = parties.primary_wallet(account) if account else parties.find_wallet(name, sandbox=self.sandbox)
        if wallet is None:
            raise SourceAccountDoesntExist
        return wallet

    def _lines(self, items: list[dict[str, Any]]) -> list[Line]:
        known = Product.objects.filter(store__account__sandbox=self.sandbox, is_removed=False).select_related(
            "store__account__sandbox", "store__wallet__account__sandbox"
        )
        products = known.in_bulk([item["product"] for item in items])
        if missing := [item["product"] for item in items if item["product"] not in products]:
            raise ValidationError({"items": [_("There is no product %(id)s.") % {"id": missing[0]}]})
        return [Line(products[item.pop("product")], **item) for item in items]

    def _answer_with(self, order: Order, *, status: int = 200) -> Response:
        found = self.in_sandbox().get(transaction=order.transaction_id)
        return Response(self.get_serializer(found).data, status=status)


def _account(view: ControlView, account_id: str) -> Account:
    """Raises ValidationError, or Refused for an account that the caller's token does not reach."""
    if not account_id:
        raise ValidationError({"account": [_("Say whose: an account ID.")]})
    view.check_account(account_id)
    clients = Account.objects.exclude(kind=Account.Kind.HOUSE)
    account = clients.select_related("sandbox").filter(id=account_id, sandbox=view.sandbox).first()
    if account is None:
        raise ValidationError({"account": [_("There is no account %(id)s.") % {"id": account_id}]})
    return account


def _wallet_of(account: Account, wallet_id: str) -> Wallet:
    own = account.wallets.filter(role=Wallet.Role.CLIENT)
    wallet = own.filter(id=wallet_id).first() if wallet_id else own.order_by("created_at", "id").first()
    if wallet is None:
        raise no_such_wallet()
    return wallet


def no_such_wallet() -> IncorrectParameters:
    return IncorrectParameters("wallet", _("The account has no such wallet."))


def not_a_picture() -> NotAPicture:
    refused = NotAPicture()
    refused.field = "content"
    return refused


def no_such_picture(id: str) -> NotFound:
    return NotFound(_("This product has no picture %(id)s.") % {"id": id})


def _address(buyer: Account, given: dict[str, str]) -> payments.Address:
    own = {
        "name": buyer.name,
        "street": buyer.street,
        "zip": buyer.zip,
        "city": buyer.city,
        "state": buyer.state,
        "country_code": buyer.country_code,
    }
    return payments.Address(**{**own, **given}, confirmed=not given and buyer.address_confirmed)
