"""Staff look after wallets, their settings, and the currencies."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin, ReadOnlyInline, RecentValues
from sandbox.models import Sandbox
from wallets import deposits
from wallets.errors import PaymentError
from wallets.forms.fields import AmountField, CurrencyField, ListenerAddressField, NetworksField, ReturnAddressField
from wallets.models import Balance, Currency, HistorySegment, Transaction, Wallet


class WalletForm(forms.ModelForm[Wallet]):
    """The Integration tab. The API password goes in and never comes out."""

    return_success = ReturnAddressField(label=_("Success URL"), required=False, widget=AdminURLFieldWidget)
    return_fail = ReturnAddressField(label=_("Fail URL"), required=False, widget=AdminURLFieldWidget)
    ipn_url = ListenerAddressField(
        label=_("Payment Notification (IPN) URL"), required=False, widget=AdminURLFieldWidget
    )
    api_allowed_ips = NetworksField(
        label=_("Enable API Security: addresses"),
        required=False,
        help_text=_("Addresses and networks that may call the API, one a line. Empty: any."),
    )
    new_api_password = forms.CharField(
        label=_("New API password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: it stays as it is. Nobody can read it here."),
    )

    class Meta:
        model = Wallet
        fields = (
            *("title", "return_success", "return_fail", "return_method", "ipn_enabled", "ipn_url"),
            *("api_enabled", "api_allowed_ips"),
        )

    def _get_validation_exclusions(self) -> set[str]:
        # Our fields have checked them, and know that a host may be a bare name; the model's validator does not.
        checked = {"return_success", "return_fail", "ipn_url"}
        return checked | super()._get_validation_exclusions()  # type: ignore[misc, no-any-return]


class DepositForm(forms.Form):
    currency = CurrencyField()
    amount = AmountField()


class BalancesInline(ReadOnlyInline):
    model = Balance
    fields = ("currency", "amount")


def _deposit(wallet: Wallet, *, currency: Currency, amount: Decimal, now: Any) -> Transaction:
    return deposits.deposit(wallet, currency=currency.code, amount=amount, now=now)


@admin.register(Wallet)
class WalletAdmin(ActingAdmin):
    form = WalletForm
    list_display = ("id", "title", "account", "role", "paysystem", "ipn_enabled", "api_enabled", "created_at")
    list_filter = ("role", "ipn_enabled", "api_enabled", "account__sandbox", ("paysystem", RecentValues), "created_at")
    list_select_related = ("account",)
    search_fields = ("=id", "title", "=account__id", "account__email", "ipn_url")
    inlines = (BalancesInline,)
    readonly_fields = ("id", "account", "role", "paysystem", "created_at", "has_api_password")
    acts = (
        Act(
            "deposit",
            _("Deposit"),
            _("the money is there."),
            _deposit,
            form=DepositForm,
            in_list=False,
            explanation=_("Money from outside, free of charge."),
            offered=lambda wallet: not wallet.is_house,
        ),
    )
    refusals = (PaymentError,)

    def sandbox_of(self, row: Wallet) -> Sandbox:
        return row.account.sandbox

    def get_fieldsets(self, request: HttpRequest, obj: Wallet | None = None) -> Any:
        password = ("new_api_password",) if self.has_change_permission(request, obj) else ()
        return (
            (None, {"fields": ("id", "account", "title", "role", "paysystem", "created_at")}),
            (_("Return"), {"fields": ("return_success", "return_fail", "return_method")}),
            (_("Payment notification"), {"fields": ("ipn_enabled", "ipn_url")}),
            ("API", {"fields": ("api_enabled", "has_api_password", *password, "api_allowed_ips")}),
        )

    @admin.display(description=_("API password is set"), boolean=True)
    def has_api_password(self, wallet: Wallet) -> bool:
        return bool(wallet.api_password_sealed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return not (obj is not None and obj.is_house) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Wallet | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Wallet, form: Any, change: bool) -> None:
        columns = [name for name in form.changed_data if name != "new_api_password"]
        if password := form.cleaned_data.get("new_api_password"):
            obj.api_password = password
            columns.append("api_password_sealed")
        obj.save(update_fields=columns)


@admin.register(Balance)
class BalanceAdmin(ReadOnlyAdmin):
    list_display = ("wallet", "currency", "amount")
    list_filter = ("currency",)
    list_select_related = ("wallet", "currency")
    search_fields = ("=wallet__id", "=wallet__account__id", "wallet__account__email")


@admin.register(HistorySegment)
class HistorySegmentAdmin(ReadOnlyAdmin):
    list_display = ("wallet", "position", "after", "last", "earliest", "latest")
    list_select_related = ("wallet", "last__currency")
    search_fields = ("=wallet__id",)


@admin.register(Currency)
class CurrencyAdmin(admin.ModelAdmin[Currency]):
    """Rates and what is enabled are staff's; which currencies there are is OKPAY's."""

    list_display = ("code", "name", "per_euro", "enabled")
    list_filter = ("enabled",)
    search_fields = ("code", "name")
    fields = ("code", "name", "position", "per_euro", "enabled")
    readonly_fields = ("code", "name", "position")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Currency | None = None) -> bool:
        return False
