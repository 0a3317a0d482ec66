"""The control API's part of the scenarios: `POST scenarios/` and the next calls do as told."""

from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from okpay_gateway.scenarios import api_examples as examples
from okpay_gateway.scenarios import catalogue, files, making, story
from okpay_gateway.scenarios.fields import ScenarioFields, ScenarioWithUses, UseFields
from sandbox import access, scenarios
from sandbox.api import ControlView, ListQuery, Nothing, Query, Unaimed
from sandbox.effects import OPERATIONS
from sandbox.examples import body, can_fail
from sandbox.models import Sandbox, Scenario, ScenarioUse


class ScenariosQuery(ListQuery):
    operation = serializers.ChoiceField(choices=list(OPERATIONS), required=False, help_text="About this operation.")
    wallet = serializers.CharField(required=False, help_text="About this wallet.")


class UsesQuery(ListQuery):
    scenario = serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1, help_text="Of this scenario.")
    transaction = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="That led to this transaction."
    )
    message = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="About this message."
    )

    columns = {"scenario": ("scenario_id",), "transaction": ("transaction_id",), "message": ("message_id",)}


class ExportQuery(Query):
    transaction = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="The story of this transaction."
    )
    correlation = serializers.CharField(required=False, max_length=40, help_text="The story under this correlation.")


class ScenariosView(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    ControlView,
    GenericViewSet[Any],
):
    """Scripted outcomes: the next calls that match get a fault, a delay, another end."""

    scope, for_accounts = "scenarios", "write"

    queryset = Scenario.objects.all()
    lookup_value_regex = r"\d{1,18}"

    def get_serializer_class(self) -> type[ScenarioFields]:
        return ScenarioWithUses if self.action in ("retrieve", "partial_update", "reset") else ScenarioFields

    def get_query_class(self) -> type[Unaimed]:
        return {"list": ScenariosQuery, "export": ExportQuery}.get(self.action, Query)

    def in_sandbox(self) -> QuerySet[Scenario]:
        return Scenario.objects.filter(sandbox=self.sandbox).select_related("sandbox")

    def of_account(self, rows: QuerySet[Scenario], account_id: str) -> QuerySet[Scenario]:
        return rows.filter(wallet__in=_wallets(self.sandbox, account_id))

    @extend_schema(request=body(ScenarioFields, examples.SCENARIOS), responses={201: ScenarioFields})
    def create(self, request: Request) -> Response:
        """Script an outcome. From now on, whatever matches gets it."""
        made = self._make([self.read(ScenarioFields)])
        return Response(ScenarioFields(made[0]).data, status=HTTPStatus.CREATED)

    @extend_schema(request=body(ScenarioFields, examples.CHANGES))
    @transaction.atomic
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a scenario. Other steps, or another effect, begin to count anew; all else leaves the count alone."""
        scenario = self.get_object()
        wanted = self.read(ScenarioFields, instance=scenario, partial=True)
        self._check_reach([wanted])
        # Not save(): a call may count meanwhile.
        Scenario.objects.filter(id=scenario.id).update(**wanted)
        scenarios.look_again(self.sandbox)
        return Response(self.get_serializer(self.get_object()).data)

    def perform_destroy(self, instance: Scenario) -> None:
        scenarios.clear(Scenario.objects.filter(id=instance.id), self.sandbox)

    @extend_schema(request=Nothing, responses={200: ScenarioWithUses})
    @action(detail=True, methods=["post"])
    def reset(self, request: Request, pk: str) -> Response:
        """Let a scenario begin anew. It is as if no call had met it; a paused one goes on."""
        scenario = self.get_object()
        self.read(Nothing)
        scenarios.reset(scenario)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={200: catalogue.CatalogueFields})
    @action(detail=False, methods=["get"])
    def catalogue(self, request: Request) -> Response:
        """List all that can be scripted. In words: operations, effects, directives, magic amounts."""
        return Response(catalogue.catalogue())

    @extend_schema(responses={200: files.ScenarioFile})
    @can_fail({"Nothing of it": lambda: _no_story()})
    @action(detail=False, methods=["get"])
    def export(self, request: Request) -> Response:
        """Write the sandbox's scenarios into a file. They are as they were before any call met them.

        With `transaction` or `correlation` it is a story instead: the requests that belong together (those of the same
        invoice, too), what came of each, and the scenarios that had a part in it. `sandboxctl replay` plays it again.
        """
        if not self.query:
            return Response(files.written(self.get_queryset().order_by("id")))
        if self.access.account_id:
            raise access.not_for_accounts(self.access)
        try:
            return Response(files.told(story.tell(self.sandbox, **self.query)))
        except story.NoStory:
            raise _no_story() from None

    @extend_schema(request=body(files.ScenarioFile, examples.IMPORTS), responses={201: ScenarioFields(many=True)})
    @action(detail=False, methods=["post"], url_path="import")
    def take_in(self, request: Request) -> Response:
        """Add the scenarios of a file. All of them, or none."""
        wanted = self.read(files.ScenarioFile)
        made = self._make(wanted["scenarios"])
        return Response(ScenarioFields(made, many=True).data, status=HTTPStatus.CREATED)

    def _check_reach(self, wanted: list[dict[str, Any]]) -> None:
        """The token of an account is for scenarios of that account's wallets. Raises Refused."""
        if account_id := self.access.account_id:
            own = _wallets(self.sandbox, account_id)
            for each in wanted:
                self.check_account(account_id if each["wallet"] in own else "")

    def _make(self, wanted: list[dict[str, Any]]) -> list[Scenario]:
        self._check_reach(wanted)
        try:
            return making.make(self.sandbox, wanted, now=self.now)
        except making.NoRoom as error:
            raise ValidationError(str(error)) from None


class ScenarioUsesView(mixins.ListModelMixin, ControlView, GenericViewSet[Any]):
    """Which calls met a scenario or had a directive, newest first, and what came of them."""

    scope, for_accounts = "scenarios", "read"

    queryset = ScenarioUse.objects.all()
    serializer_class = UseFields

    def get_query_class(self) -> type[Unaimed]:
        return UsesQuery

    def in_sandbox(self) -> QuerySet[ScenarioUse]:
        return ScenarioUse.objects.filter(sandbox=self.sandbox)

    def of_account(self, rows: QuerySet[ScenarioUse], account_id: str) -> QuerySet[ScenarioUse]:
        own = _wallets(self.sandbox, account_id)
        return rows.filter(Q(wallet__in=own) | Q(scenario__wallet__in=own))


def _no_story() -> NotFound:
    return NotFound(_("The journal has nothing of this (any more)."))


def _wallets(sandbox: Sandbox, account_id: str) -> list[str]:
    """The IDs of an account's wallets."""
    return list(sandbox.accounts.filter(id=account_id).values_list("wallets__id", flat=True))
