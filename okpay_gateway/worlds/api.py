"""The control API's part about sandboxes as wholes: made, listed, dropped, reset, saved, brought back, copied."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from okpay_gateway.control import HostedMode, ResetAnswer
from okpay_gateway.reset import reset
from okpay_gateway.worlds import api_examples as examples
from okpay_gateway.worlds import births, forks, people, removal, snapshots
from okpay_gateway.worlds.births import Newborn, Wishes
from okpay_gateway.worlds.people import BUYER, MERCHANT
from okpay_gateway.worlds.removal import Indispensable
from okpay_gateway.worlds.snapshots import CannotRestore
from sandbox import access, clock, journal
from sandbox.api import ControlView, Nothing, Paged, Strict, TrueOrFalse, Unaimed, WebAddress
from sandbox.examples import answers_with, body, can_fail
from sandbox.locks import one_at_a_time
from sandbox.models import DEFAULT, ControlToken, Sandbox, Snapshot
from wallets import exchange
from wallets.api import Balances
from wallets.errors import IncorrectAmount, PaymentError
from wallets.models import Account, User
from wallets.money import is_amount

# A clock beyond these would pass what dates of the wire can say.
EARLIEST, LATEST = 2000, 2100
SNAPSHOTS_AT_MOST = 20


class Conflict(APIException):
    status_code = 409
    default_code = "conflict"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.errors = {field: [detail]}


class NewPerson(Strict):
    """What one of the two shall be like. What is not given is made up."""

    email = serializers.EmailField(required=False, max_length=127)
    password = serializers.CharField(
        required=False,
        min_length=6,
        max_length=128,
        trim_whitespace=False,
        help_text="One of your own is hashed slowly, as people's are: it takes a second.",
    )
    api_password = serializers.CharField(required=False, max_length=200, trim_whitespace=False)
    ipn_url = WebAddress(required=False, help_text="Where notifications go; IPN is enabled then.")
    balances = Balances(required=False, help_text="Instead of the usual 10000.00 in each currency.")

    def validate_email(self, email: str) -> str:
        taken = (
            Account.objects.filter(email__iexact=email).exists() or User.objects.filter(email__iexact=email).exists()
        )
        if taken:
            raise ValidationError(_("Another client or staff member has this e-mail address."))
        return email

    def validate_balances(self, amounts: dict[str, Decimal]) -> dict[str, Decimal]:
        errors = {}
        for currency, amount in amounts.items():
            try:
                exchange.get_currency(currency)
            except PaymentError as refusal:
                errors[currency] = [str(refusal)]
            else:
                if amount and not is_amount(amount):
                    errors[currency] = [str(IncorrectAmount.text)]
        if errors:
            raise ValidationError(errors)
        return amounts


class NewClock(Strict):
    start = serializers.DateTimeField(
        required=False, help_text="Where it starts, and starts again after a reset; real time if not given."
    )
    frozen = TrueOrFalse(default=False, help_text="true: it stands still until it is moved.")

    def validate_start(self, moment: Any) -> Any:
        if not EARLIEST <= moment.year < LATEST:
            raise ValidationError(_("From the year %(first)s, before %(last)s.") % {"first": EARLIEST, "last": LATEST})
        return moment


def _id_field(**more: Any) -> serializers.RegexField:
    return serializers.RegexField(
        f"^{births.WELL_FORMED_ID.pattern}$",
        error_messages={
            "invalid": gettext_lazy("1 to 40 of a-z, 0-9 and hyphens, beginning and ending with a letter or digit.")
        },
        help_text="Of your choice; without it one is drawn that cannot be guessed.",
        **more,
    )


class OwnID(Strict):
    id = _id_field(required=False)

    def validate_id(self, sandbox_id: str) -> str:
        if Sandbox.objects.filter(id=sandbox_id).exists():
            raise ValidationError(_("There is a sandbox %(id)s already.") % {"id": sandbox_id})
        return sandbox_id


class NewSandbox(OwnID):
    clock = NewClock(required=False)
    merchant = NewPerson(required=False)
    buyer = NewPerson(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        emails = [str(attrs.get(role, {}).get("email", "")).lower() for role in (MERCHANT, BUYER)]
        if emails[0] and emails[0] == emails[1]:
            raise ValidationError({"buyer": {"email": [_("The merchant has the same e-mail address.")]}})
        return attrs


class KnownPerson(serializers.Serializer[Any]):
    account = serializers.CharField()
    wallet = serializers.CharField()
    email = serializers.EmailField()


class ToldPerson(KnownPerson):
    password = serializers.CharField(help_text="Of the login. Told this once.")
    api_password = serializers.CharField(help_text="Of the SOAP API. Told this once.")


@answers_with(examples.ONE)
class SandboxFields(serializers.Serializer[Sandbox]):
    """A gateway of one's own inside this one. `?sandbox=<id>` aims any other call at it."""

    id = serializers.CharField()
    merchant = serializers.SerializerMethodField(help_text="null: it was made without one.")
    buyer = serializers.SerializerMethodField(help_text="null: it was made without one.")
    now = serializers.SerializerMethodField(help_text="Its present moment.")
    frozen = serializers.SerializerMethodField()
    snapshots = serializers.SerializerMethodField(help_text="Their names, newest first.")
    created_at = serializers.DateTimeField(help_text="Real time.")
    used_at = serializers.DateTimeField(help_text="Real time, to the hour. Idle ones are dropped, `default` never.")

    @extend_schema_field(KnownPerson(allow_null=True))
    def get_merchant(self, sandbox: Sandbox) -> dict[str, Any] | None:
        return self._person(sandbox, MERCHANT)

    @extend_schema_field(KnownPerson(allow_null=True))
    def get_buyer(self, sandbox: Sandbox) -> dict[str, Any] | None:
        return self._person(sandbox, BUYER)

    def get_now(self, sandbox: Sandbox) -> datetime:
        return clock.now(sandbox)

    def get_frozen(self, sandbox: Sandbox) -> bool:
        return sandbox.frozen_at is not None

    def get_snapshots(self, sandbox: Sandbox) -> list[str]:
        return [snapshot.name for snapshot in sandbox.snapshots.all() if not snapshot.is_origin]

    def _person(self, sandbox: Sandbox, role: str) -> dict[str, Any] | None:
        wallet = self.context["wallets"].get(people.wallets_of(sandbox).get(role))
        if wallet is None or wallet.account.sandbox_id != sandbox.id:
            return None
        return {"account": wallet.account_id, "wallet": wallet.id, "email": wallet.account.email}


@answers_with(examples.NEWBORN)
class NewbornFields(SandboxFields):
    """With the passwords, which nobody can tell again; only the same request with the same Idempotency-Key."""

    @extend_schema_field(ToldPerson(allow_null=True))
    def get_merchant(self, sandbox: Sandbox) -> dict[str, Any] | None:
        return self._told(MERCHANT)

    @extend_schema_field(ToldPerson(allow_null=True))
    def get_buyer(self, sandbox: Sandbox) -> dict[str, Any] | None:
        return self._told(BUYER)

    def _told(self, role: str) -> dict[str, Any] | None:
        person = self.context["people"].get(role)
        return asdict(person) if person else None


@answers_with(examples.SNAPSHOT)
class SnapshotFields(serializers.ModelSerializer[Snapshot]):
    """A state that was put aside."""

    taken_at = serializers.DateTimeField(help_text="The sandbox's time in it.")
    created_at = serializers.DateTimeField(help_text="Real time.")
    rows = serializers.IntegerField(help_text="How many rows of the database it has.")

    class Meta:
        model = Snapshot
        fields = ("sandbox", "name", "taken_at", "created_at", "rows")


class NewSnapshot(Strict):
    name = serializers.SlugField(
        required=False, max_length=60, help_text="Letters, digits, hyphens; a number if not given."
    )
    replace = TrueOrFalse(default=False, help_text="true: one of this name is replaced; else it is an error.")


class WhichSnapshot(Strict):
    name = serializers.CharField(required=False, help_text="The newest if not given.")


class NewFork(OwnID):
    snapshot = serializers.CharField(required=False, help_text="The state to copy; the present one if not given.")


@answers_with(examples.RESTORED)
class Restored(serializers.Serializer[Any]):
    sandbox = serializers.CharField()
    snapshot = serializers.CharField()
    now = serializers.DateTimeField(help_text="The sandbox's present moment.")


class SandboxesQuery(Paged):
    """Of the list of sandboxes."""


class OneSandbox(ControlView):
    """A view whose address names the sandbox."""

    scope = "sandboxes"
    names_its_sandbox = True
    query_class = Unaimed

    def _within_reach(self, named: str) -> str:
        named = self.kwargs.get("pk", named)
        own = self.access.sandbox_id
        if own is None:
            return named
        if "pk" in self.kwargs and named != own:
            raise access.foreign_sandbox(self.access)
        return own

    def snapshot_named(self, name: str | None) -> Snapshot:
        """Or the newest. Raises ValidationError."""
        named = self.sandbox.snapshots.filter(is_origin=False)
        found = named.first() if name is None else named.filter(name=name).first()
        if found is None:
            names = ", ".join(named.values_list("name", flat=True)) or _("none")
            raise ValidationError(
                {
                    "name": [
                        _("There is no such snapshot of %(id)s. Known: %(names)s.")
                        % {"id": self.sandbox.id, "names": names}
                    ]
                }
            )
        return found


class SandboxesView(mixins.ListModelMixin, mixins.RetrieveModelMixin, OneSandbox, GenericViewSet[Any]):
    """Gateways of one's own inside this one, each with its people, money, notifications and clock."""

    queryset = Sandbox.objects.all()
    serializer_class = SandboxFields
    lookup_value_regex = r"[\w-]{1,40}"
    newest_first = ("-created_at", "-id")
    in_one_transaction = False  # Some make way for others and try again.

    def get_query_class(self) -> type[Unaimed]:
        return SandboxesQuery if self.action == "list" else Unaimed

    def in_sandbox(self) -> QuerySet[Sandbox]:
        rows = Sandbox.objects.prefetch_related("snapshots")
        own = self.access.sandbox_id
        return rows if own is None else rows.filter(id=own)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        listed = args[0] if args else []
        rows = [listed] if isinstance(listed, Sandbox) else listed
        kwargs["context"] = {**self.get_serializer_context(), "wallets": people.known(rows)}
        return super().get_serializer(*args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action == "create" and self.access.sandbox_id is not None:
            raise access.foreign_sandbox(self.access)

    @extend_schema(request=body(NewSandbox, examples.BIRTHS), responses={201: NewbornFields})
    @can_fail({"Bound to a sandbox": lambda: foreign("my-suite"), "As many as may be": lambda: _too_many()})
    def create(self, request: Request) -> Response:
        """Make a sandbox. It has a verified merchant and buyer with 10000.00 each; their passwords are told now."""
        wanted = self.read(NewSandbox)
        times = wanted.get("clock", {})
        wishes = {role: Wishes(**wanted[role]) for role in (MERCHANT, BUYER) if role in wanted}
        return self._born(
            lambda: births.create(
                sandbox_id=wanted.get("id", ""),
                starts_at=times.get("start"),
                frozen=times.get("frozen", False),
                wishes=wishes,
            )
        )

    @extend_schema(responses={204: None})
    @can_fail({"Indispensable": lambda: _stays()})
    def destroy(self, request: Request, pk: str) -> Response:
        """Drop a sandbox. All goes that belongs to it: people, money, notifications, mail, snapshots, tokens."""
        try:
            removal.drop(self.sandbox)
        except Indispensable:
            raise _stays() from None
        # Its own journal is gone, so the default one's tells of this request.
        journal.note(sandbox=clock.default_sandbox())
        return Response(status=204)

    @extend_schema(request=Nothing, responses={200: ResetAnswer})
    @can_fail({"Hosted": HostedMode})
    @action(detail=True, methods=["post"])
    def reset(self, request: Request, pk: str) -> Response:
        """Bring a sandbox back to how it was made. IDs and passwords are the same; `default` gets the demo cast."""
        self.read(Nothing)
        self._check_not_hosted()
        reset(self.sandbox)
        return Response(ResetAnswer({"sandbox": self.sandbox.id, "now": self.now}).data)

    @extend_schema(request=body(NewSnapshot, examples.SNAPSHOTS), responses={201: SnapshotFields})
    @can_fail({"Its name is taken": lambda: _name_taken("paid"), "As many as may be": lambda: _too_many_snapshots()})
    @action(detail=True, methods=["post"])
    def snapshot(self, request: Request, pk: str) -> Response:
        """Put the whole state of a sandbox aside. That is people, money, notifications, settings, clock."""
        wanted = self.read(NewSnapshot)
        named = self.sandbox.snapshots.filter(is_origin=False)
        name = wanted.get("name") or _next_number(named)
        with one_at_a_time(f"snapshots of {self.sandbox.id}"):
            old = named.filter(name=name).first()
            if old is not None and not wanted["replace"]:
                raise _name_taken(name)
            if old is None and named.count() >= SNAPSHOTS_AT_MOST:
                raise _too_many_snapshots()
            with transaction.atomic():
                if old is not None:
                    snapshots.drop(old)
                taken = snapshots.take(self.sandbox, name, now=self.now)
        return Response(SnapshotFields(taken).data, status=201)

    @extend_schema(request=body(WhichSnapshot, examples.RESTORES), responses={200: Restored})
    @can_fail({"Hosted": HostedMode})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a snapshot's state back. What came after it is gone: payments, notifications, settings, people."""
        self._check_not_hosted()
        wanted = self.snapshot_named(self.read(WhichSnapshot).get("name"))
        try:
            snapshots.restore(self.sandbox, wanted)
        except CannotRestore as refusal:
            raise Conflict("name", str(refusal)) from None
        return Response(Restored({"sandbox": self.sandbox.id, "snapshot": wanted.name, "now": self.now}).data)

    @extend_schema(request=body(NewFork, examples.FORKS), responses={201: NewbornFields})
    @can_fail({"Bound to a sandbox": lambda: foreign("my-suite"), "As many as may be": lambda: _too_many()})
    @action(detail=True, methods=["post"])
    def fork(self, request: Request, pk: str) -> Response:
        """Copy a sandbox. Everybody has new IDs in the new one, and merchant and buyer have new passwords."""
        if self.access.sandbox_id is not None:
            raise access.foreign_sandbox(self.access)
        self._check_not_hosted()
        wanted = self.read(NewFork)
        source = self.sandbox
        snapshot = self.snapshot_named(wanted["snapshot"]) if "snapshot" in wanted else None
        return self._born(
            lambda: forks.fork(source, now=clock.now(source), snapshot=snapshot, sandbox_id=wanted.get("id", ""))
        )

    def _born(self, make: Callable[[], Newborn]) -> Response:
        try:
            newborn = make()
        except births.TooMany:
            raise _too_many() from None
        except forks.TooBig:
            raise Conflict(
                "id", _("It has too many rows to be copied: at most %(most)s.") % {"most": forks.ROWS_AT_MOST}
            ) from None
        except CannotRestore as refusal:
            raise Conflict("id", str(refusal)) from None
        # The answer is remembered with the new sandbox, and goes when that goes.
        self.sandbox = newborn.sandbox
        return Response(NewbornFields(newborn.sandbox, context={"people": newborn.people}).data, status=201)

    def _check_not_hosted(self) -> None:
        """What real clients have is neither undone nor copied."""
        if self.sandbox.id == DEFAULT and not settings.SANDBOX:
            raise HostedMode


class SnapshotsView(mixins.ListModelMixin, OneSandbox):
    """States of a sandbox that were put aside."""

    path_examples = {"id": examples.SANDBOX}

    queryset = Snapshot.objects.all()
    serializer_class = SnapshotFields
    query_class = SandboxesQuery

    @extend_schema(operation_id="sandboxes_snapshots_list")
    def get(self, request: Request, pk: str) -> Response:
        """List the snapshots of a sandbox. Newest first."""
        return self.list(request)

    def in_sandbox(self) -> QuerySet[Snapshot]:
        return self.sandbox.snapshots.filter(is_origin=False)


class SnapshotView(OneSandbox):
    """One state that was put aside."""

    path_examples = {"id": examples.SANDBOX, "name": "paid"}

    queryset = Snapshot.objects.all()
    serializer_class = SnapshotFields

    @extend_schema(operation_id="sandboxes_snapshots_retrieve")
    @can_fail({"No such snapshot": lambda: _no_snapshot("unknown", "my-suite")})
    def get(self, request: Request, pk: str, name: str) -> Response:
        """Look at one snapshot."""
        return Response(SnapshotFields(self._found(name)).data)

    @extend_schema(operation_id="sandboxes_snapshots_destroy", responses={204: None})
    @can_fail({"No such snapshot": lambda: _no_snapshot("unknown", "my-suite")})
    def delete(self, request: Request, pk: str, name: str) -> Response:
        """Delete one snapshot. The sandbox stays as it is."""
        snapshots.drop(self._found(name))
        return Response(status=204)

    def in_sandbox(self) -> QuerySet[Snapshot]:
        return self.sandbox.snapshots.filter(is_origin=False)

    def _found(self, name: str) -> Snapshot:
        found: Snapshot | None = self.get_queryset().filter(name=name).first()
        if found is None:
            raise _no_snapshot(name, self.sandbox.id)
        return found


def foreign(sandbox_id: str) -> access.Refused:
    return access.foreign_sandbox(access.Access(ControlToken(sandbox_id=sandbox_id)))


def _too_many() -> Conflict:
    most = settings.SANDBOXES_AT_MOST
    return Conflict("id", _("There are %(most)s sandboxes, as many as may be. Delete some.") % {"most": most})


def _stays() -> Conflict:
    return Conflict("id", _("The default sandbox stays. POST reset/ empties it."))


def _name_taken(name: str) -> Conflict:
    return Conflict("name", _("There is a snapshot %(name)s already; `replace` replaces it.") % {"name": name})


def _too_many_snapshots() -> Conflict:
    return Conflict("name", _("There are %(most)s snapshots. Delete some.") % {"most": SNAPSHOTS_AT_MOST})


def _no_snapshot(name: str, sandbox_id: str) -> NotFound:
    return NotFound(_("There is no snapshot %(name)s of the sandbox %(id)s.") % {"name": name, "id": sandbox_id})


def _next_number(named: QuerySet[Snapshot]) -> str:
    """The first that is not taken, above all that are numbers."""
    numbers = [int(name) for name in named.values_list("name", flat=True) if name.isdigit()]
    return str(max(numbers, default=0) + 1)
