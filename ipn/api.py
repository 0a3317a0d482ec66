"""The control API's part of the notifications: messages with every attempt, and every call that asked about one."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ipn import api_examples as examples
from ipn import delivery, history, simulator
from ipn.models import DeliveryAttempt, IpnMessage, Verification
from sandbox import journal
from sandbox.api import ControlView, ListQuery, Nothing, Query, Strict, WebAddress
from sandbox.examples import answer, answers_with, body
from sandbox.models import Sandbox


class SentRequest(serializers.Serializer[Any]):
    method = serializers.CharField()
    url = serializers.CharField()
    body = serializers.CharField()


class GivenResponse(serializers.Serializer[Any]):
    code = serializers.IntegerField()
    head = serializers.CharField(help_text="Status line, headers and the start of the body.")


class AttemptFields(serializers.Serializer[Any]):
    """One POST of a message."""

    number = serializers.IntegerField()
    sent_at = serializers.DateTimeField()
    duration = serializers.FloatField(help_text="In seconds.")
    request = SentRequest()
    response = GivenResponse(allow_null=True, help_text="null: there was none; `error` says why.")
    error = serializers.CharField(allow_blank=True, help_text="Empty: the listener answered 200.")
    detail = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: DeliveryAttempt) -> dict[str, Any]:
        return super().to_representation(
            {
                "number": instance.number,
                "sent_at": instance.sent_at,
                "duration": round(instance.duration.total_seconds(), 3),
                "request": {"method": "POST", "url": instance.message.url, "body": instance.request_body},
                "response": (
                    None
                    if instance.response_code is None
                    else {"code": instance.response_code, "head": instance.response_head}
                ),
                "error": instance.error,
                "detail": instance.detail,
            }
        )


@answers_with(examples.MESSAGE)
class MessageFields(serializers.ModelSerializer[IpnMessage]):
    """A notification: its variables never change, a resend repeats them."""

    wallet = serializers.CharField(source="wallet_id")
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)
    verified = serializers.BooleanField(help_text="Whether its listener was told VERIFIED or TEST by ipn-verify.")
    variables = serializers.SerializerMethodField(help_text="By name, in the order of the wire.")
    attempts = AttemptFields(many=True, source="deliveries")

    class Meta:
        model = IpnMessage
        fields = (
            *(
                "id",
                "wallet",
                "transaction",
                "kind",
                "url",
                "is_test",
                "scripted",
                "status",
                "response_code",
                "verified",
            ),
            *("created_at", "last_attempt_at", "next_attempt_at", "variables", "attempts"),
        )

    def get_variables(self, message: IpnMessage) -> dict[str, str]:
        return dict(message.pairs)


class MessagesQuery(ListQuery):
    wallet = serializers.CharField(required=False, help_text="Of this wallet.")
    transaction = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="About this transaction."
    )
    status = serializers.ChoiceField(
        choices=IpnMessage.Status.choices, required=False, help_text="Those that are so now."
    )
    verified = serializers.BooleanField(
        required=False, help_text="status=sent with verified=false: acknowledged and never verified."
    )

    columns = {"wallet": ("wallet_id",), "transaction": ("transaction_id",)}


class SimulateFields(Strict):
    """A test message as the IPN Simulator sends it: default test data of a kind, any variable changed or left out."""

    wallet = serializers.CharField(help_text="Whose listener is tried.")
    url = WebAddress(default="", help_text="Empty: the wallet's Payment Notification (IPN) URL.")
    kind = serializers.ChoiceField(choices=simulator.KINDS, default="payment_link")
    status = serializers.ChoiceField(choices=simulator.STATUSES, default="completed")
    reason = serializers.ChoiceField(
        choices=[*dict.fromkeys((*simulator.PENDING_REASONS, *simulator.REVERSAL_REASONS))],
        default="",
        allow_blank=True,
        help_text="Of a pending or reversed status.",
    )
    variables = serializers.DictField(
        child=serializers.CharField(allow_blank=True, allow_null=True, trim_whitespace=False, max_length=1000),
        default=dict,
        help_text="Changes to the default test data, by name; null leaves a variable out. Nothing is checked.",
    )


class DifferencesFields(serializers.Serializer[Any]):
    """Between what was sent and what was asked. Decoded names and values count."""

    missing = serializers.ListField(child=serializers.CharField(), required=False, help_text="Names.")
    added = serializers.ListField(child=serializers.CharField(), required=False, help_text="Names.")
    changed = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Name, value sent, value asked.",
    )
    duplicated = serializers.ListField(child=serializers.CharField(), required=False, help_text="Names.")
    encoding = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Name of a changed variable, what happened to it.",
    )
    reordered = serializers.BooleanField(required=False, help_text="true: they came in another order.")
    unknown_message = serializers.CharField(required=False, help_text="The ok_ipn_id that no message has.")
    ok_verify = serializers.CharField(required=False, help_text="What it was instead of `true`.")
    unreadable = serializers.CharField(required=False, help_text="Why the request was not read.")
    scripted = serializers.CharField(required=False, help_text="The effect that asked for this verdict.")


@answers_with(examples.VERIFICATION)
class VerificationFields(serializers.ModelSerializer[Verification]):
    """One call of ipn-verify: `reason` and `differences` say why it got its verdict."""

    message = serializers.IntegerField(source="message_id", allow_null=True, help_text="What it matched or resembles.")
    transaction = serializers.SerializerMethodField()
    differences = DifferencesFields(help_text="Only the kinds that there are.")
    body = serializers.CharField(help_text="As it came, with what was in the query of a GET.")

    class Meta:
        model = Verification
        fields = (
            *("id", "asked_at", "verdict", "reason", "differences", "message", "transaction"),
            *("method", "remote_address", "content_type", "body"),
        )

    def get_transaction(self, verification: Verification) -> int | None:
        known = verification.message or verification.auto_return
        return known.transaction_id if known else None


class VerificationsQuery(ListQuery):
    message = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="About this message, by ok_ipn_id."
    )
    transaction = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="About this transaction."
    )
    verdict = serializers.ChoiceField(
        choices=Verification.Verdict.choices, required=False, help_text="With this answer."
    )

    columns = {"message": ("message_id",), "transaction": ("message__transaction_id", "auto_return__transaction_id")}


class MessagesView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Notifications and every attempt to deliver them."""

    scope, for_accounts = "ipn", "read"

    queryset = IpnMessage.objects.all()
    serializer_class = MessageFields
    lookup_value_regex = r"\d{1,18}"

    def get_query_class(self) -> type[Query]:
        return MessagesQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[IpnMessage]:
        own = IpnMessage.objects.filter(sandbox=self.sandbox)
        return history.with_verified(own).prefetch_related("deliveries__message")

    def get_object(self) -> IpnMessage:
        message: IpnMessage = super().get_object()
        journal.note(wallet=message.wallet_id, transaction=message.transaction_id, correlation=message.story)
        return message

    def of_account(self, rows: QuerySet[IpnMessage], account_id: str) -> QuerySet[IpnMessage]:
        return rows.filter(wallet_id__in=_wallets(self.sandbox, account_id))

    @extend_schema(request=Nothing)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str) -> Response:
        """Send a notification again. At once, and anew if it fails; `POST wait/` waits for it."""
        message = self.get_object()
        self.read(Nothing)
        delivery.resend(message, now=self.now)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        request=body(SimulateFields, examples.SIMULATIONS),
        responses={201: answer(MessageFields, examples.TEST_MESSAGE)},
    )
    @action(detail=False, methods=["post"])
    def simulate(self, request: Request) -> Response:
        """Send a test message. It verifies as TEST; `POST wait/` waits for it."""
        wanted = self.read(SimulateFields)
        account = self.sandbox.accounts.filter(wallets__id=wanted["wallet"], wallets__role="client").first()
        if account is None:
            raise ValidationError({"wallet": [_("There is no such wallet in this sandbox.")]})
        url = wanted["url"] or account.wallets.get(id=wanted["wallet"]).ipn_url
        if not url:
            raise ValidationError({"url": [_("Needed, because the wallet has no Payment Notification (IPN) URL.")]})
        receiver = simulator.Receiver(wanted["wallet"], account.email, account.phone, account.id)
        defaults = simulator.default_variables(
            wanted["kind"], wanted["status"], receiver, self.now, reason=wanted["reason"]
        )
        pairs = dict(defaults) | wanted["variables"]
        message = simulator.send(
            sandbox=self.sandbox,
            wallet_id=wanted["wallet"],
            url=url,
            kind=wanted["kind"],
            pairs=[(name, value) for name, value in pairs.items() if value is not None],
            now=self.now,
        )
        journal.note(wallet=message.wallet_id, correlation=message.story)
        return Response(self.get_serializer(self.in_sandbox().get(id=message.id)).data, status=HTTPStatus.CREATED)


class VerificationsView(mixins.ListModelMixin, mixins.RetrieveModelMixin, ControlView, GenericViewSet[Any]):
    """Every call of ipn-verify, and why it got its answer."""

    scope, for_accounts = "ipn", "read"

    queryset = Verification.objects.all()
    serializer_class = VerificationFields
    lookup_value_regex = r"\d{1,18}"

    def get_query_class(self) -> type[Query]:
        return VerificationsQuery if self.action == "list" else Query

    def in_sandbox(self) -> QuerySet[Verification]:
        return Verification.objects.filter(sandbox=self.sandbox).select_related("message", "auto_return")

    def of_account(self, rows: QuerySet[Verification], account_id: str) -> QuerySet[Verification]:
        return rows.filter(wallet_id__in=_wallets(self.sandbox, account_id))


def _wallets(sandbox: Sandbox, account_id: str) -> list[str]:
    """The IDs of an account's wallets."""
    return list(sandbox.accounts.filter(id=account_id).values_list("wallets__id", flat=True))
