"""Forms of the stock manager."""

import codecs
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from marketplace import catalogue
from marketplace.models import Category, Product, Store
from marketplace.stock import MOST
from wallets import money
from wallets.documents import LARGEST_SIZE
from wallets.errors import IncorrectParameters
from wallets.forms.fields import AmountField, OwnWalletField, WebAddressField, plain_text
from wallets.models import Account, Currency
from wallets.presses import OnceForm


class StoreForm(forms.ModelForm[Store]):
    """Who sells, where the money goes, whom buyers ask."""

    class Meta:
        model = Store
        fields = ("name", "description", "email", "phone")
        labels = {
            "name": _("Name of the store"),
            "description": _("Description"),
            "email": _("E-mail for buyers"),
            "phone": _("Phone for buyers"),
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}

    url = WebAddressField(label=_("Web address"), required=False)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("JPEG, PNG, GIF or WebP, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/gif,image/webp"}),
    )
    field_order = ("wallet", "name", "description", "logo", "email", "phone", "url")

    def __init__(self, client: Account, store: Store | None, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, instance=store)
        self.fields["wallet"] = OwnWalletField(
            client,
            label=_("Wallet"),
            help_text=_("It receives the money. Its Integration tab says who is notified of sales."),
        )
        if store:
            self.initial["wallet"] = store.wallet_id
            self.initial["url"] = store.url
        self.order_fields(self.field_order)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        plain_text(name)
        return name

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if len(url) > 400:
            raise ValidationError(_("The address may have at most 400 characters."))
        return url

    def clean_logo(self) -> bytes | None:
        return read_file(self.cleaned_data["logo"], LARGEST_SIZE, _("The picture may have at most 5 MB."))


class OptionalAmountField(AmountField):
    """An amount, or nothing for 0.00."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> Decimal:
        text = str(value or "").strip()
        try:
            is_zero = not text or money.parse_price(text) == money.ZERO
        except ValueError:
            is_zero = False
        return money.ZERO if is_zero else super().clean(text)


@dataclass(frozen=True)
class Choices:
    """Asked once for many forms: an import has thousands."""

    currencies: dict[str, Currency]
    categories: dict[str, Category]

    @classmethod
    def load(cls) -> "Choices":
        currencies = {currency.code: currency for currency in Currency.objects.filter(enabled=True)}
        return cls(currencies, {category.slug: category for category in Category.objects.all()})


class ProductForm(OnceForm):
    """All that its owner may say of a product. Only title, description and price are required."""

    title = forms.CharField(label=_("Title"), max_length=127)
    description = forms.CharField(label=_("Description"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 8}))
    price = AmountField(label=_("Price"))
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    article = forms.CharField(
        label=_("Item No."),
        max_length=40,
        required=False,
        help_text=_("Its number in your own price list or database. Notifications carry it as ok_item_1_article."),
    )
    type = forms.ChoiceField(
        label=_("Type"),
        choices=Product.Type.choices,
        required=False,
        help_text=_("Tangible goods ask the buyer for an address."),
    )
    category = forms.ChoiceField(label=_("Category"), required=False)
    stock = forms.IntegerField(
        label=_("Pieces in stock"),
        required=False,
        min_value=0,
        max_value=MOST,
        help_text=_("Every purchase takes from it. Empty: any number can be sold."),
    )
    low_stock = forms.IntegerField(
        label=_("Tell me when only so many are left"),
        required=False,
        min_value=0,
        max_value=MOST,
        help_text=_("Once, by e-mail. Empty: never."),
    )
    shipping = OptionalAmountField(label=_("Shipping"), help_text=_("Of the first piece."))
    shipping2 = OptionalAmountField(label=_("Shipping, further pieces"), help_text=_("Of each further piece."))
    tax = OptionalAmountField(label=_("Tax"), help_text=_("Of each piece, on top of the price."))
    custom_1_title = forms.CharField(label=_("Custom field 1"), max_length=127, required=False)
    custom_1_value = forms.CharField(
        label=_("Its value"), max_length=127, required=False, help_text=_("Empty: the buyer fills it in.")
    )
    custom_2_title = forms.CharField(label=_("Custom field 2"), max_length=127, required=False)
    custom_2_value = forms.CharField(
        label=_("Its value"), max_length=127, required=False, help_text=_("Empty: the buyer fills it in.")
    )
    is_published = forms.BooleanField(label=_("Published: buyers can see and buy it"), required=False)
    members_only = forms.BooleanField(label=_("Exclusive offer: only registered users see and buy it"), required=False)
    # What was in stock when the page was made; empty: unlimited.
    stock_seen = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
    # The same of everything else, as marks of what was there.
    seen = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, product: Product | None = None, choices: Choices | None = None) -> None:
        self.product = product
        self.choices = choices or Choices.load()
        initial: dict[str, Any] = {"currency": next(iter(self.choices.currencies), ""), "type": Product.Type.DIGITAL}
        if product:
            initial = {name: getattr(product, name) for name in catalogue.FIELDS}
            initial |= {"currency": product.currency_id, "category": product.category_id, "stock": product.stock}
            initial["stock_seen"] = "" if product.stock is None else product.stock
            initial["seen"] = catalogue.marks(product)
        super().__init__(data, initial=initial)
        currencies = {**self.choices.currencies}
        if product and product.currency_id not in currencies:
            currencies[product.currency_id] = product.currency
        self._currencies = currencies
        self._choose("currency", [(code, f"{code} · {each.name}") for code, each in currencies.items()])
        self._choose("category", [("", _("None")), *((s, each.label) for s, each in self.choices.categories.items())])

    def fields_given(self) -> dict[str, Any]:
        """The valid form as arguments for catalogue.create and change."""
        data = self.cleaned_data
        given = {name: data[name] for name in catalogue.FIELDS}
        given["currency"] = self._currencies[data["currency"] or self.initial["currency"]]
        given["category"] = self.choices.categories.get(data["category"])
        given["type"] = data["type"] or self.initial["type"]
        return given

    @property
    def stock_given(self) -> int | None:
        return self.cleaned_data["stock"]  # type: ignore[no-any-return]

    @property
    def stock_seen_given(self) -> int | None:
        seen = self.cleaned_data["stock_seen"]
        return int(seen) if seen.isascii() and seen.isdigit() else None

    def add_conflict(self, field: str) -> None:
        """Somebody else wrote another value into this field while this form was being filled in."""
        assert self.product is not None
        value = self.product.get_type_display() if field == "type" else getattr(self.product, field)
        if isinstance(value, bool):
            value = _("yes") if value else _("no")
        shown = Truncator("" if value is None else str(value)).chars(200) or "-"
        text = _("Changed meanwhile, to: %(value)s. Save again to write yours over it.")
        self.add_error(field, text % {"value": shown})

    def add_refusal(self, field: str, text: str) -> None:
        self.add_error(field if field in self.fields else None, text)

    def clean(self) -> dict[str, Any]:
        """What catalogue.check would say, said beside its field."""
        if not self.errors:
            try:
                catalogue.check(Product(**self.fields_given()))
            except IncorrectParameters as refused:
                self.add_refusal(refused.field, str(refused))
        return self.cleaned_data

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class PictureForm(OnceForm):
    file = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG, GIF or WebP, at most 5 MB. It is drawn anew: where a photo was taken is not kept."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/gif,image/webp"}),
    )
    alt = forms.CharField(
        label=_("What it shows"), max_length=127, required=False, help_text=_("For those who cannot see it.")
    )

    def clean_file(self) -> bytes | None:
        return read_file(self.cleaned_data["file"], LARGEST_SIZE, _("The picture may have at most 5 MB."))


class DigitalForm(forms.Form):
    """Stands beside PictureForm on one page, whose file is another."""

    text = forms.CharField(
        label=_("Text"),
        max_length=catalogue.TEXT_LENGTH,
        required=False,
        help_text=_("Such as a key or an address. Shown to who has paid."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    file = forms.FileField(
        label=_("File"), required=False, help_text=_("At most 10 MB. It takes the place of the one before.")
    )

    def __init__(self, data: Any = None, files: Any = None, *, initial: Any = None) -> None:
        super().__init__(data, files, auto_id="digital_%s", initial=initial)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > catalogue.LARGEST_FILE:
            raise ValidationError(_("The file may have at most 10 MB."))
        return file


class AddStockForm(OnceForm):
    add = forms.IntegerField(
        label=_("Pieces to add"),
        min_value=-MOST,
        max_value=MOST,
        help_text=_("A number below zero takes some out."),
    )


class ShipForm(forms.Form):
    tracking = forms.CharField(
        label=_("Tracking"),
        max_length=255,
        required=False,
        help_text=_("Such as the carrier and the number of the parcel. The buyer reads it."),
    )


class RefundForm(forms.Form):
    amount = OptionalAmountField(label=_("Amount"), help_text=_("Empty: all that is left."))


class RefundOnceForm(OnceForm, RefundForm):
    """As the seller has it."""


class ImportForm(OnceForm):
    """Rows of products, pasted or as a file."""

    pasted = forms.CharField(
        label=_("Rows"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off"}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        help_text=_("UTF-8 or UTF-16, columns divided by commas, semicolons or tabs; at most 2,000 rows and 2 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    only_good = forms.BooleanField(label=_("Import the good rows also when others are wrong"), required=False)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.errors and bool(data["pasted"].strip()) == bool(data["file"].strip()):
            self.add_error("file", _("Paste rows or choose a file."))
        return data

    def clean_file(self) -> str:
        content = read_file(self.cleaned_data["file"], 2 * 1024 * 1024, _("The file may have at most 2 MB.")) or b""
        # Spreadsheets put a mark before the first row. What they call Unicode text is UTF-16, and begins with another.
        encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise ValidationError(_("This is no text in UTF-8. Save your list as “CSV UTF-8”, and choose that file."))
        return text


def read_file(file: Any, largest: int, too_large: Any) -> bytes | None:
    """The content of an uploaded file, looked at only when it is not too large."""
    if not file:
        return None
    if file.size > largest:
        raise ValidationError(too_large)
    return bytes(file.read())
