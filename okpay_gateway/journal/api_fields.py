"""The journal's words in the control API: what may be asked, and what an entry looks like."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from okpay_gateway.journal import api_examples as examples
from okpay_gateway.journal.events import DOORS, Event, Half, Kind
from okpay_gateway.journal.wording import headline
from sandbox.api import Amount, Query
from sandbox.examples import answers_with

ALL = "all"
NAMES = ", ".join(Kind.values)
KINDS = f"({'|'.join(Kind.values)})"


class HalfFields(serializers.Serializer[Half]):
    """A request or an answer, without secrets. Of a body at most 16 KiB are kept."""

    headers = serializers.DictField(child=serializers.CharField())
    body = serializers.CharField()
    size = serializers.IntegerField(help_text="Of the body on the wire, in bytes.")

    def to_representation(self, instance: Half) -> dict[str, Any]:
        headers: dict[str, str] = {}
        for name, value in instance.headers:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return {"headers": headers, "body": instance.body, "size": instance.size}


class LegFields(serializers.Serializer[Any]):
    wallet = serializers.CharField()
    currency = serializers.CharField()
    amount = Amount()

    def to_representation(self, instance: tuple[str, str, str]) -> dict[str, Any]:
        wallet, amount, currency = instance
        return {"wallet": wallet, "currency": currency, "amount": amount}


@answers_with(examples.ENTRY)
class JournalEntryFields(serializers.Serializer[Event]):
    """Something that happened. Requests have whole numbers for IDs, the rest names such as `attempt-12`."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    direction = serializers.ChoiceField(choices=["in", "out", "inside"])
    at = serializers.DateTimeField(help_text="The sandbox's time.")
    real_at = serializers.DateTimeField(allow_null=True, help_text="Known of requests only.")
    correlation = serializers.CharField(
        help_text="Shared by all that belongs to one payment; `?correlation=` tells it."
    )
    wallet = serializers.CharField(help_text="Whom it concerns. Empty: nobody is known.")
    transaction = serializers.IntegerField(allow_null=True)
    invoice = serializers.CharField()
    method = serializers.CharField()
    url = serializers.CharField()
    path = serializers.CharField()
    remote_address = serializers.CharField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="The HTTP status of the answer; null: there was none.")
    failed = serializers.BooleanField()
    duration = serializers.FloatField(source="seconds", allow_null=True, help_text="In seconds.")
    operation = serializers.CharField(help_text="What was asked: a SOAP function, a page, a kind of transaction.")
    outcome = serializers.CharField(help_text="What came of it: a verdict, the name of an error, a status.")
    why = serializers.CharField(help_text="The reason, where there is one.")
    summary = serializers.SerializerMethodField(help_text="All that in a few words.")
    stray = serializers.BooleanField(source="is_stray", help_text="true: nothing in it says whose it is.")
    request = HalfFields(allow_null=True)
    response = HalfFields(allow_null=True, help_text="null: there was none, or nothing went over HTTP.")
    entries = LegFields(many=True, source="legs", help_text="The money that moved, leg by leg.")

    def get_summary(self, event: Event) -> str:
        return headline(event)


class DroppedFields(serializers.Serializer[Any]):
    """What is not in the journal, counted since the sandbox was made or reset."""

    pruned = serializers.IntegerField(help_text="Requests that were dropped because newer ones came.")
    lost = serializers.IntegerField(help_text="Requests that were never written, because the database was in trouble.")


@answers_with(examples.PAGE | {"results": [examples.ENTRY]})
class JournalPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    follow = serializers.CharField(help_text="Given as `since`, it brings what has come since this answer, each once.")
    dropped = DroppedFields()
    results = JournalEntryFields(many=True)


class JournalFilter(Query):
    kind = serializers.RegexField(
        rf"^({ALL}|{KINDS}(,{KINDS})*)$",
        required=False,
        error_messages={
            "invalid": format_lazy("{} {}.", gettext_lazy("Write kinds with commas between, or all. There are"), NAMES)
        },
        help_text=gettext_lazy(
            "Kinds with commas between, or `all`. If not given, the requests to process.html, OkPayAPI and ipn-verify "
            "(form, soap, verify), and all where a correlation is given."
        ),
    )
    till = serializers.DateTimeField(required=False, help_text=gettext_lazy("Up to this moment of the sandbox's time."))
    wallet = serializers.CharField(required=False, help_text="What concerns this wallet.")
    transaction = serializers.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, help_text="What concerns this transaction."
    )
    invoice = serializers.CharField(required=False, help_text="What concerns this invoice.")
    correlation = serializers.CharField(required=False, help_text=gettext_lazy("Tells the whole story of one payment."))
    status = serializers.IntegerField(
        required=False, min_value=0, max_value=999, help_text=gettext_lazy("HTTP status.")
    )
    failed = serializers.BooleanField(
        required=False, help_text=gettext_lazy("true: only what was refused, INVALID or not acknowledged.")
    )
    text = serializers.CharField(
        required=False, max_length=200, help_text=gettext_lazy("What addresses, heads, bodies or reasons have in them.")
    )

    def validate_kind(self, text: str) -> frozenset[Kind]:
        return frozenset(Kind) if text == ALL else frozenset(map(Kind, text.split(",")))


def kinds_asked(query: dict[str, Any]) -> frozenset[Kind]:
    asked: frozenset[Kind] = query.get("kind") or frozenset(Kind if query.get("correlation") else DOORS)
    return asked
