"""The control API's part of Payment Links & Buttons: links with the code that they are used by, and keys of seals."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from django.db import transaction as database
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from checkout import api_examples as examples
from checkout import buttons, graphics, links, payment_form, seals
from checkout.api import HintFields
from checkout.buttons import Code
from checkout.links import Looks, TooManyLinks
from checkout.models import ButtonKey, PaymentLink
from checkout.payment_form import Hint, Pair, PaymentFormError
from sandbox.api import Amount, ControlView, ListQuery, Query, Strict, TrueOrFalse
from sandbox.examples import answers_with, body
from sandbox.origin import origin
from wallets import secrecy
from wallets.models import Wallet

T = TypeVar("T")

EXAMPLE = {"ok_item_1_name": "Robot", "ok_item_1_price": "50.00", "ok_currency": "USD"}


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}, "example": EXAMPLE})
class Variables(serializers.DictField):
    """A payment form: {"ok_item_1_name": "Robot"}. In a change null takes a variable out; others stay."""

    child = serializers.CharField(allow_null=True, allow_blank=True, trim_whitespace=False, max_length=links.LONGEST)

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        if isinstance(data, dict):
            wrong = {name for name, value in data.items() if not isinstance(value, str | None)}
            if wrong:
                raise ValidationError({name: [_("Write a string, as a form sends it.")] for name in wrong})
        return dict(super().to_internal_value(data))

    def to_representation(self, value: Any) -> dict[str, str]:
        return dict(value)


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "string", "nullable": True}, "example": EXAMPLE}
)
class VariablesAsked(Variables):
    """A variable that is null shall not be there."""


class LinkInput(Strict):
    """What can be said about a link. ok_receiver is the wallet, if `variables` do not name it."""

    wallet = serializers.CharField(required=False, help_text="The wallet ID of the receiver.")
    variables = VariablesAsked(required=False)
    graphic = serializers.ChoiceField(
        choices=list(graphics.GRAPHICS),
        allow_blank=True,
        required=False,
        help_text="Of the button. Empty: a text link.",
    )
    graphic_language = serializers.ChoiceField(choices=list(graphics.LANGUAGES), required=False)
    caption = serializers.CharField(max_length=127, allow_blank=True, required=False, help_text="Of a text link.")
    encrypted = TrueOrFalse(required=False, source="is_encrypted", help_text="Seal the code, so that it cannot change.")
    enabled = TrueOrFalse(required=False, source="is_enabled")
    expires_at = serializers.DateTimeField(allow_null=True, required=False, help_text="By the sandbox's clock.")


class LinkChange(LinkInput):
    refuse_older = TrueOrFalse(
        default=False, help_text="Refuse encrypted buttons that were sealed before this change from now on."
    )


@answers_with(examples.LINK)
class LinkFields(serializers.ModelSerializer[PaymentLink]):
    """A payment link with its code. html and url are null when the key of the seal cannot be read any more."""

    wallet = serializers.CharField(source="wallet_id")
    variables = Variables()
    encrypted = serializers.BooleanField(source="is_encrypted")
    enabled = serializers.BooleanField(source="is_enabled")
    clicks = serializers.IntegerField(help_text="Checkouts that were opened by it.")
    payments = serializers.IntegerField(help_text="Of these, completed.")
    html = serializers.SerializerMethodField(help_text="For a web page.")
    url = serializers.SerializerMethodField(help_text="For e-mails and documents; empty: too long for an address.")
    short_url = serializers.SerializerMethodField(help_text="Follows every change of the link.")

    class Meta:
        model = PaymentLink
        fields = (
            *("id", "wallet", "name", "variables", "graphic", "graphic_language", "caption", "encrypted", "enabled"),
            *("expires_at", "revision", "oldest_revision", "clicks", "payments", "html", "url", "short_url"),
            *("created_at", "changed_at"),
        )

    def to_representation(self, link: PaymentLink) -> dict[str, Any]:
        self.code: Code | None
        try:
            self.code = buttons.code(link, origin=self.origin, now=self.context["view"].now)
        except secrecy.KeyChanged:
            self.code = None
        return dict(super().to_representation(link))

    @property
    def origin(self) -> str:
        return origin(self.context["request"])

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_html(self, _link: PaymentLink) -> str | None:
        return self.code.html if self.code else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_url(self, _link: PaymentLink) -> str | None:
        return self.code.url if self.code else None

    def get_short_url(self, link: PaymentLink) -> str:
        return buttons.short_url(link, origin=self.origin)


class QRFields(serializers.Serializer[Any]):
    """Leads to short_url."""

    svg = serializers.CharField(help_text="An SVG element.")
    png = serializers.CharField(help_text="A PNG picture, in Base64.")


@answers_with(examples.LINK | examples.WHOLE_LINK_MORE)
class WholeLink(LinkFields):
    """With the QR code, what was received, and what process.html has to say about the form at present."""

    received = serializers.SerializerMethodField(help_text="By completed payments.")
    hints = serializers.SerializerMethodField(help_text="What is no error, but probably not meant.")
    problems = serializers.SerializerMethodField(help_text="What is wrong, such as a currency that is disabled now.")
    qr = serializers.SerializerMethodField()

    class Meta(LinkFields.Meta):
        fields = (*LinkFields.Meta.fields, "received", "hints", "problems", "qr")  # type: ignore[assignment]

    def to_representation(self, link: PaymentLink) -> dict[str, Any]:
        self._hints: list[Hint] = []
        self._problems: list[Hint] = []
        try:
            self._hints = list(payment_form.parse(link.pairs).hints)
        except PaymentFormError as error:
            self._hints = error.hints
            self._problems = [Hint(problem.variable, problem.expected) for problem in error.problems]
        return super().to_representation(link)

    @extend_schema_field(serializers.DictField(child=Amount()))
    def get_received(self, link: PaymentLink) -> dict[str, str]:
        return {currency: f"{amount:.2f}" for currency, amount in links.received(link)}

    @extend_schema_field(HintFields(many=True))
    def get_hints(self, _link: PaymentLink) -> Any:
        return HintFields(self._hints, many=True).data

    @extend_schema_field(HintFields(many=True))
    def get_problems(self, _link: PaymentLink) -> Any:
        return HintFields(self._problems, many=True).data

    @extend_schema_field(QRFields)
    def get_qr(self, link: PaymentLink) -> dict[str, str]:
        short_url = self.get_short_url(link)
        png = base64.b64encode(buttons.qr_png(short_url)).decode()
        return {"svg": buttons.qr_svg(short_url), "png": png}


class LinksQuery(ListQuery):
    wallet = serializers.CharField(required=False, help_text="Of this wallet.")
    # A string of two words, because everything in a query is one.
    enabled = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="`true`: only those that can be used."
    )

    columns = {"wallet": ("wallet_id",), "enabled": ("is_enabled",)}

    def validate_enabled(self, value: str) -> bool:
        return value == "true"


class LinksView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Payment links and buttons that are kept here."""

    scope, for_accounts, account_paths = "payment-links", "write", ("wallet__account_id",)
    queryset = PaymentLink.objects.all()
    lookup_value_regex = r"[a-z0-9]{12}"
    newest_first = ("-created_at", "-id")

    def get_serializer_class(self) -> type[LinkFields]:
        return LinkFields if self.action == "list" else WholeLink

    def get_query_class(self) -> type[Query]:
        return LinksQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[PaymentLink]:
        found = PaymentLink.objects.filter(wallet__account__sandbox=self.sandbox)
        return found.select_related("wallet__account__sandbox")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        links.count(page or [])
        return page

    @extend_schema(request=body(LinkInput, examples.NEW_LINKS), responses={201: WholeLink})
    @database.atomic
    def create(self, request: Request) -> Response:
        """Keep a new link. The answer has the code for a page, the URL for e-mails, the QR code."""
        wanted = self.read(LinkInput)
        variables = {name: value for name, value in wanted.pop("variables", {}).items() if value is not None}
        wallet = self._wallet(wanted.pop("wallet", ""), variables)
        is_enabled = wanted.pop("is_enabled", True)
        pairs = [("ok_receiver", wallet.id)] if "ok_receiver" not in variables else []
        pairs += variables.items()
        link, _hints = _checked(lambda: links.create(wallet.account, pairs, Looks(**wanted), now=self.now))
        self._same_wallet(link, wallet)
        if not is_enabled:
            links.switch(link, on=False)
        return Response(self.get_serializer(self.in_sandbox().get(id=link.id)).data, status=201)

    @extend_schema(request=body(LinkChange, examples.LINK_CHANGES), responses=WholeLink)
    @database.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a link. What is not named stays; a variable that is null is taken out."""
        link, wanted = self.get_object(), self.read(LinkChange)
        refuse_older = wanted.pop("refuse_older")
        pairs = _merged(link.pairs, wanted.pop("variables", {}))
        if "wallet" in wanted:
            wallet = self._wallet(wanted.pop("wallet"), {})
            pairs = _merged(pairs, {"ok_receiver": wallet.id})
        is_enabled = wanted.pop("is_enabled", link.is_enabled)
        looks = replace(links.looks_of(link), **wanted)
        _checked(lambda: links.change(link, pairs, looks, now=self.now, refuse_older=refuse_older))
        if is_enabled != link.is_enabled:
            links.switch(link, on=is_enabled)
        return Response(self.get_serializer(self.in_sandbox().get(id=link.id)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a link. Payments that came by it stay; who still follows it is told that there is no such link."""
        PaymentLink.objects.get(id=self.get_object().id).delete()
        return Response(status=204)

    def _wallet(self, named: str, variables: dict[str, str]) -> Wallet:
        """Of `wallet`, or of ok_receiver where that is a wallet ID, or the first one of an account's token."""
        wallets = Wallet.objects.select_related("account__sandbox").filter(role=Wallet.Role.CLIENT)
        wallets = self.of_account_wallets(wallets.filter(account__sandbox=self.sandbox))
        wanted = named or variables.get("ok_receiver", "")
        if not wanted and self.access.account_id and (first := wallets.order_by("created_at", "id").first()):
            return first
        if not wanted:
            raise ValidationError({"wallet": [_("Whose link is it? A wallet ID.")]})
        wallet = wallets.filter(id=wanted.strip().upper()).first()
        if wallet is None:
            field = "wallet" if named else "variables.ok_receiver"
            raise ValidationError({field: [_("There is no wallet %(id)s. Write a wallet ID.") % {"id": wanted}]})
        return wallet

    def of_account_wallets(self, wallets: QuerySet[Wallet]) -> QuerySet[Wallet]:
        return wallets.filter(account_id=self.access.account_id) if self.access.account_id else wallets

    def _same_wallet(self, link: PaymentLink, wallet: Wallet) -> None:
        if link.wallet_id != wallet.id:
            message = _("This is another wallet than `wallet`: leave one of them out.")
            raise ValidationError({"variables.ok_receiver": [message]})


class KeyInput(Strict):
    wallet = serializers.CharField(help_text="Whose buttons it will seal: a wallet ID.")
    title = serializers.CharField(max_length=127, default="", allow_blank=True, help_text="Which program uses it.")


@answers_with(examples.KEY)
class KeyFields(serializers.ModelSerializer[ButtonKey]):
    """A key of encrypted buttons. docs/encrypted-buttons.md says how to seal with one."""

    wallet = serializers.CharField(source="wallet_id")

    class Meta:
        model = ButtonKey
        fields = ("id", "wallet", "title", "is_ours", "created_at", "revoked_at")


@answers_with(examples.KEY | examples.SECRET)
class NewKey(KeyFields):
    """With the key itself, which is told only here."""

    secret = serializers.SerializerMethodField(help_text="32 bytes, hexadecimal. Shown once.")

    class Meta(KeyFields.Meta):
        fields = (*KeyFields.Meta.fields, "secret")  # type: ignore[assignment]

    def get_secret(self, key: ButtonKey) -> str:
        return key.secret.hex()


class KeysView(mixins.ListModelMixin, ControlView, GenericViewSet[Any]):
    """Keys that seal encrypted buttons: this site's own, and those of merchants' programs."""

    scope, for_accounts, account_paths = "payment-links", "write", ("wallet__account_id",)
    queryset = ButtonKey.objects.all()
    serializer_class = KeyFields
    lookup_value_regex = r"[a-z0-9]{10}"
    newest_first = ("-created_at", "-id")

    def get_query_class(self) -> type[Query]:
        return ListQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[ButtonKey]:
        return ButtonKey.objects.filter(wallet__account__sandbox=self.sandbox)

    @extend_schema(request=body(KeyInput, examples.NEW_KEYS), responses={201: NewKey})
    def create(self, request: Request) -> Response:
        """Make a key for a program that makes encrypted buttons by itself. It is told once."""
        wanted = self.read(KeyInput)
        wallets = Wallet.objects.filter(account__sandbox=self.sandbox, role=Wallet.Role.CLIENT)
        wallet = wallets.filter(id=wanted["wallet"]).first()
        if wallet is None:
            raise ValidationError({"wallet": [_("There is no wallet %(id)s.") % {"id": wanted["wallet"]}]})
        self.check_account(wallet.account_id)
        return Response(NewKey(seals.new_key(wallet, title=wanted["title"], now=self.now)).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a key. No button that it has sealed is accepted any more."""
        seals.revoke(self.get_object(), now=self.now)
        return Response(status=204)


def _merged(pairs: list[Pair], changes: dict[str, str | None]) -> list[Pair]:
    """The form with some variables changed, added at its end, or taken out by None."""
    known = {name for name, _value in pairs}
    merged = [(name, changes.get(name, value)) for name, value in pairs]
    merged += [(name, value) for name, value in changes.items() if name not in known]
    return [(name, value) for name, value in merged if value is not None]


def _checked(act: Callable[[], T]) -> T:
    """Raises ValidationError under the names of LinkInput."""
    try:
        return act()
    except PaymentFormError as error:
        problems: dict[str, list[str]] = {}
        for problem in error.problems:
            expected = _("Expected: %(what)s.") % {"what": problem.expected}
            problems.setdefault(f"variables.{problem.variable}", []).append(expected)
        raise ValidationError(problems) from None
    except TooManyLinks as error:
        raise ValidationError({"wallet": [str(error)]}) from None
