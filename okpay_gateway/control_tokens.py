"""The control API's part that gives out tokens which may less than CONTROL_TOKEN: who has that one alone may do it."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from okpay_gateway import api_examples as examples
from sandbox import access
from sandbox.api import ControlView, Paged, Strict, Unaimed
from sandbox.examples import answers_with, body
from sandbox.models import ControlToken, Sandbox
from wallets.models import Account


@answers_with(examples.TOKEN)
class TokenFields(serializers.ModelSerializer[ControlToken]):
    """A token, without the text of it: that was told once."""

    sandbox = serializers.CharField(source="sandbox_id", allow_null=True, help_text="null: it reaches every sandbox.")
    account = serializers.SerializerMethodField(help_text="null: it reaches every account there.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=access.SCOPES))

    class Meta:
        model = ControlToken
        fields = ("id", "name", "hint", "sandbox", "account", "scopes", "created_at", "expires_at", "last_used_at")

    def get_account(self, token: ControlToken) -> str | None:
        return token.account_id or None


@answers_with(examples.TOKEN | examples.TOKEN_TEXT)
class IssuedToken(TokenFields):
    token = serializers.SerializerMethodField(help_text="Send it as `Authorization: Bearer ...`. Told this once.")

    class Meta(TokenFields.Meta):
        fields = (*TokenFields.Meta.fields, "token")  # type: ignore[assignment]

    def get_token(self, _token: ControlToken) -> str:
        text: str = self.context["text"]
        return text


class NewToken(Strict):
    """What the token may. With an account it reaches what is this account's, in its sandbox."""

    name = serializers.CharField(max_length=120, help_text="Whose it is, for the list.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=access.SCOPES),
        allow_empty=False,
        help_text="`<resource>:read` or `<resource>:write`, which includes reading.",
    )
    sandbox = serializers.SlugField(
        default=None, allow_null=True, help_text="The only sandbox that it reaches; null: every one."
    )
    account = serializers.CharField(
        default=None, allow_null=True, help_text="The only account that it reaches, by ID; null: every one."
    )
    expires_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Real time; null: never.")

    def validate_sandbox(self, sandbox_id: str | None) -> Sandbox | None:
        if sandbox_id is None:
            return None
        if (sandbox := Sandbox.objects.filter(id=sandbox_id).first()) is None:
            raise ValidationError(_("There is no sandbox %(id)s.") % {"id": sandbox_id})
        return sandbox

    def validate_expires_at(self, moment: Any) -> Any:
        if moment is not None and moment <= timezone.now():
            raise ValidationError(_("This moment is past already."))
        return moment

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        account_id = attrs.pop("account")
        if account_id is not None:
            account = Account.objects.exclude(kind=Account.Kind.HOUSE).filter(id=account_id)
            if attrs["sandbox"] is not None:
                account = account.filter(sandbox=attrs["sandbox"])
            if (found := account.select_related("sandbox").first()) is None:
                raise ValidationError({"account": [_("There is no account %(id)s.") % {"id": account_id}]})
            attrs |= {"account_id": found.id, "sandbox": found.sandbox}
        return attrs


class TokensQuery(Paged):
    sandbox = serializers.SlugField(required=False, help_text="Those that are bound to this sandbox.")
    account = serializers.CharField(required=False, help_text="Those that are bound to this account.")

    columns = {"sandbox": ("sandbox_id",), "account": ("account_id",)}


class TokensView(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, ControlView, GenericViewSet[Any]
):
    """Tokens that may less than CONTROL_TOKEN, which alone gives them out."""

    queryset = ControlToken.objects.all()
    serializer_class = TokenFields
    lookup_value_regex = r"\d{1,18}"

    def get_query_class(self) -> type[Unaimed]:
        return TokensQuery if self.action == "list" else Unaimed

    def in_sandbox(self) -> QuerySet[ControlToken]:
        return ControlToken.objects.all()

    @extend_schema(request=body(NewToken, examples.NEW_TOKENS), responses={201: IssuedToken})
    def create(self, request: Request) -> Response:
        """Give out a token. The answer tells its text, and nobody can tell it again."""
        token, text = access.issue(**self.read(NewToken))
        return Response(IssuedToken(token, context={"text": text}).data, status=201)

    def destroy(self, request: Request, pk: str) -> Response:
        """Revoke a token. From the next call on it is nobody's."""
        self.get_object().delete()
        return Response(status=204)
