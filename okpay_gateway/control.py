"""The control API's part that concerns a sandbox as a whole: reset, time, and whether anything is still under way."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from okpay_gateway import api_examples as examples
from okpay_gateway import due
from okpay_gateway.reset import reset
from sandbox import clock
from sandbox.api import ControlView, Duration, Nothing, Strict, TrueOrFalse
from sandbox.examples import answers_with, body, can_fail
from sandbox.locks import one_at_a_time


class HostedMode(APIException):
    status_code = 409
    default_code = "hosted"
    default_detail = gettext_lazy("SANDBOX=false: this gateway has no demo cast to return to, so nothing was reset.")


@answers_with(examples.RESET)
class ResetAnswer(serializers.Serializer[Any]):
    sandbox = serializers.CharField()
    now = serializers.DateTimeField()


class ResetView(ControlView):
    """Everything back to the demo cast."""

    scope = "sandboxes"

    in_one_transaction = False  # It has one of its own, and tries again if others are in the way.
    serializer_class = ResetAnswer

    @extend_schema(operation_id="reset", request=Nothing, responses={200: ResetAnswer})
    @can_fail({"Hosted": HostedMode})
    def post(self, request: Request) -> Response:
        """Bring everything back to the demo cast. Accounts, money, rates, the clock; messages, verifications and open
        checkouts are gone. Staff stay."""
        self.read(Nothing)
        if not settings.SANDBOX:
            raise HostedMode
        reset(self.sandbox)
        return Response(ResetAnswer({"sandbox": self.sandbox.id, "now": self.now}).data)


class WaitFields(Strict):
    timeout = serializers.FloatField(
        min_value=0, max_value=300, default=10, help_text="In seconds of real time; an attempt under way is finished."
    )


@answers_with(examples.WAITED)
class WaitAnswer(serializers.Serializer[Any]):
    idle = serializers.BooleanField(help_text="true: nothing is due or under way.")
    ipn_messages = serializers.ListField(child=serializers.IntegerField(), help_text="What still is.")
    checkout_sessions = serializers.ListField(child=serializers.CharField())
    transactions = serializers.ListField(
        child=serializers.IntegerField(), help_text="Pending ones that are about to be decided."
    )
    mass_payments = serializers.ListField(child=serializers.IntegerField(), help_text="Lists that are being sent.")
    listener_checks = serializers.ListField(child=serializers.IntegerField())


class WaitView(ControlView):
    """Whether anything is still under way."""

    scope = "clock"
    in_one_transaction = False  # Deliveries are recorded, and seen by their listeners, while this waits.
    serializer_class = WaitFields

    @extend_schema(operation_id="wait", request=body(WaitFields, examples.WAITS), responses={200: WaitAnswer})
    def post(self, request: Request) -> Response:
        """Wait until nothing is due or under way. After `timeout` it answers in any case, and says what still is."""
        left = due.wait(self.sandbox, timedelta(seconds=self.read()["timeout"]))
        return Response({"idle": not left, **asdict(left)})


class OnlyTrue(TrueOrFalse):
    default_error_messages = {"false": gettext_lazy("Only true has a meaning here.")}

    def to_internal_value(self, data: Any) -> bool:
        if not super().to_internal_value(data):
            self.fail("false")
        return True


class ClockFields(Strict):
    """What to do with the sandbox's time, at least one of the three. With `advance`, the others happen first."""

    advance = Duration(required=False, help_text="How far forward, as ISO 8601 writes it: PT30M, P1D.")
    freeze = OnlyTrue(required=False, help_text="true: let time stand still.")
    run = OnlyTrue(required=False, help_text="true: let time go on from where it stands.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise ValidationError(_("Say what to do: advance, freeze or run."))
        if "freeze" in attrs and "run" in attrs:
            raise ValidationError({"run": [_("Either freeze or run.")]})
        return attrs


@answers_with(examples.CLOCK)
class ClockAnswer(serializers.Serializer[Any]):
    now = serializers.DateTimeField(help_text="The sandbox's present moment.")
    frozen = serializers.BooleanField()
    offset = Duration(help_text="How far it is ahead of real time.")


class PerformedFields(serializers.Serializer[Any]):
    """One thing that happened."""

    at = serializers.DateTimeField(help_text="In the sandbox's time.")
    what = serializers.ChoiceField(choices=["checkout", "payment", "mass_payment", "ipn"])
    id = serializers.CharField(help_text="A session's token; a transaction's, list's or message's number.")
    outcome = serializers.CharField(
        help_text="expired; a payment's status; sent or refused; delivered, retried or failed."
    )


@answers_with(examples.CLOCK | examples.CLOCK_DONE)
class ClockDone(ClockAnswer):
    delivered = serializers.IntegerField(help_text="Messages that a listener acknowledged.")
    retried = serializers.IntegerField(help_text="Attempts that failed and will be repeated.")
    failed = serializers.IntegerField(help_text="Messages that were given up.")
    expired = serializers.IntegerField(help_text="Checkout sessions that were open for too long.")
    decided = serializers.IntegerField(help_text="Pending payments that were approved or declined.")
    lists_sent = serializers.IntegerField(help_text="Mass Payments that were sent, or refused.")
    events = PerformedFields(many=True, help_text="All of that in the order in which it happened, up to 1000.")
    events_omitted = serializers.IntegerField(help_text="How many more there were.")


class ClockView(ControlView):
    """The sandbox's time."""

    scope = "clock"
    in_one_transaction = False  # Listeners and workers see each moment as it comes.
    serializer_class = ClockFields

    @extend_schema(operation_id="clock", responses={200: ClockAnswer})
    def get(self, request: Request) -> Response:
        """Read the sandbox's clock."""
        return Response(ClockAnswer(self._state()).data)

    @extend_schema(operation_id="clock_change", request=body(ClockFields, examples.CLOCKS), responses={200: ClockDone})
    def post(self, request: Request) -> Response:
        """Move time. All that becomes due on the way is performed, in order, before this answers."""
        wanted = self.read()
        done = due.Done()
        with one_at_a_time(clock.moving(self.sandbox)):
            self.sandbox.refresh_from_db()
            if "freeze" in wanted:
                clock.freeze(self.sandbox)
            if "run" in wanted:
                clock.run(self.sandbox)
            if "advance" in wanted:
                done = due.advance(self.sandbox, wanted["advance"])
        return Response(ClockDone({**self._state(), **asdict(done), "events_omitted": done.omitted}).data)

    def _state(self) -> dict[str, Any]:
        now = clock.now(self.sandbox)
        offset = self.sandbox.clock_offset
        if self.sandbox.frozen_at is not None:
            offset = now - timezone.now()
        return {"now": now, "frozen": self.sandbox.frozen_at is not None, "offset": offset}
