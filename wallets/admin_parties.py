"""Staff look after clients, and after one another's logins."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sandbox.admin import Act, ActingAdmin, ReadOnlyAdmin, ReadOnlyInline, RecentValues
from wallets import countries, parties, standing
from wallets.models import Account, Confirmation, MailboxMessage, MonthlyTurnover, User, Wallet


class WalletsInline(ReadOnlyInline):
    model = Wallet
    fields = ("id", "title", "role", "paysystem", "ipn_enabled", "api_enabled")


class TurnoversInline(ReadOnlyInline):
    model = MonthlyTurnover
    fields = ("month", "amount")


class AccountForm(forms.ModelForm[Account]):
    country_code = forms.ChoiceField(label=_("Country"), required=False)

    class Meta:
        model = Account
        fields = ("email", "phone", "country_code")  # The admin's fieldsets have the rest.

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may only view gets no such field.
        if isinstance(country := self.fields.get("country_code"), forms.ChoiceField):
            country.choices = [("", "---------"), *countries.choices("en")]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        others = User.objects.filter(email__iexact=email).exclude(account=self.instance)
        if Account.objects.filter(email__iexact=email).exclude(id=self.instance.id).exists() or others.exists():
            raise forms.ValidationError(_("Another client or staff member has this e-mail address."))
        return email

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and not parties.normal_phone(phone):
            raise forms.ValidationError(_("Write a phone number with its country code, such as +49 30 1234567."))
        return parties.normal_phone(phone)


@admin.register(Account)
class AccountAdmin(ActingAdmin):
    form = AccountForm
    list_display = ("id", "name", "email", "kind", "verification", "is_blocked", "country_code", "created_at")
    list_filter = (
        "kind",
        "verification",
        "is_blocked",
        "extended_access",
        "sandbox",
        ("country_code", RecentValues),
        "created_at",
    )
    search_fields = ("=id", "email", "first_name", "last_name", "business_name", "phone", "=wallets__id")
    inlines = (WalletsInline, TurnoversInline)
    readonly_fields = ("id", "sandbox", "kind", "created_at")
    fieldsets = (
        (None, {"fields": ("id", "sandbox", "kind", "created_at")}),
        (_("Who"), {"fields": ("first_name", "last_name", "business_name", "email", "phone")}),
        (_("Standing"), {"fields": ("verification", "is_blocked", "extended_access", "reputation")}),
        (_("Address"), {"fields": ("street", "zip", "city", "state", "country_code", "address_confirmed")}),
    )
    acts = (
        Act(
            "verify",
            _("Verify"),
            _("verified."),
            standing.verify,
            offered=lambda account: account.kind != Account.Kind.HOUSE and not account.is_verified,
        ),
        Act(
            "block",
            _("Block"),
            _("blocked: neither pays nor receives."),
            standing.block,
            offered=lambda account: account.kind != Account.Kind.HOUSE and not account.is_blocked,
        ),
        Act("unblock", _("Unblock"), _("unblocked."), standing.unblock, offered=lambda account: account.is_blocked),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A client registers, or a script does by the control API: there belongs a login and a wallet to it.
        return False

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        is_house = obj is not None and obj.kind == Account.Kind.HOUSE
        return not is_house and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        # What was edited and nothing else: payments and other staff go on meanwhile.
        obj.save(update_fields=form.changed_data)
        if "email" in form.changed_data:
            User.objects.filter(account=obj).update(email=obj.email)


@admin.register(MonthlyTurnover)
class MonthlyTurnoverAdmin(ReadOnlyAdmin):
    list_display = ("account", "month", "amount")
    list_select_related = ("account",)
    search_fields = ("=account__id", "account__email")
    list_filter = ("month",)


@admin.register(MailboxMessage)
class MailboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "to", "subject", "sandbox", "created_at")
    list_filter = ("created_at", "sandbox")
    search_fields = ("to", "subject")


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    list_display = ("key", "account", "transaction", "created_at")
    list_select_related = ("account", "transaction__currency")
    search_fields = ("=account__id", "=transaction__id")
    list_filter = ("created_at",)
    ordering = ("-transaction_id",)  # its key says nothing


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)
        field_classes: dict[str, Any] = {}


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Logins. Those of clients come with their account; here staff are added."""

    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "is_staff", "is_superuser", "is_active", "account", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    list_select_related = ("account",)
    search_fields = ("email", "=account__id")
    ordering = ("email",)
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("email", "password", "account")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Last login"), {"fields": ("last_login",)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2", "is_staff")}),)
    readonly_fields = ("account", "last_login")
    # What makes staff more powerful; given by superusers only, or each could make himself one.
    POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        powers = () if request.user.is_superuser else self.POWERS
        clients = ("email",) if obj and obj.account_id else ()
        return (*self.readonly_fields, *powers, *clients)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        untouchable = obj is not None and (
            obj.account_id is not None or (obj.is_superuser and not request.user.is_superuser)
        )
        return not untouchable and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # One by one, where each is asked whether it may go.
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
