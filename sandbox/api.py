"""What all parts of the control API have in common: a sandbox, strict input, lists, and answers that can be repeated.

Each app's api.py builds on `ControlView`; okpay_gateway holds the door (token, problems, paging) and the addresses.
"""

import contextlib
import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal, cast
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_duration
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed, NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from sandbox import access, clock, idempotency, journal
from sandbox.access import Access
from sandbox.locks import one_at_a_time
from sandbox.models import DEFAULT, Sandbox

# As the schema says it, too: [0-9], for other engines take \d for digits of every script.
AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
# Of ISO 8601, with fractions, which the format "duration" of JSON Schema has not. What it comes to is looked at later.
DURATION = r"^-?P[0-9.,DTHMSW]{1,40}$"
# How often it is written down that a sandbox was used.
USED_EVERY = timedelta(hours=1)


# Longer lists of choices are not told in an error.
MOST_CHOICES = 60
MOST_OF_A_VALUE = 60
BOOLEANS = serializers.BooleanField.TRUE_VALUES | serializers.BooleanField.FALSE_VALUES


class Strict(serializers.Serializer[Any]):
    """Input that knows all its fields: a mistyped name is an error, never silently without effect."""

    def to_internal_value(self, data: Any) -> Any:
        errors = self.mistakes(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except ValidationError as invalid:
            raise ValidationError({**cast("dict[str, Any]", invalid.detail), **errors}) from None
        if errors:
            raise ValidationError(errors)
        return value

    def mistakes(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Names that are none, and values of a wrong type, before anybody looks at what they say."""
        errors: dict[str, Any] = {}
        for name in data:
            if name not in self.fields:
                known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
                errors[str(name)] = [
                    _("There is no such field. Known here: %(names)s.") % {"names": known or _("none")}
                ]
            elif self.fields[name].read_only:
                errors[name] = [_("This field cannot be set.")]
            elif wrong := self._wrong_type(self.fields[name], data[name]):
                errors[name] = [wrong]
            elif each_wrong := self._wrong_members(self.fields[name], data[name]):
                errors[name] = each_wrong
        return errors

    def _wrong_type(self, field: Any, value: Any) -> str:
        """What JSON tells apart and Django REST framework does not: 5, "5" and true. Empty: all is well."""
        if isinstance(field, serializers.CharField) and isinstance(value, bool | int | float):
            return _('Write text, in quotes: "%(value)s".') % {"value": str(value).lower()}
        if isinstance(field, serializers.IntegerField | serializers.FloatField) and isinstance(value, bool | str):
            return _("Write a number, without quotes.")
        if isinstance(field, serializers.BooleanField) and isinstance(value, str) and value not in BOOLEANS:
            return _("Must be a valid boolean: true or false, without quotes.")
        return self._none_of_the_choices(field, value)

    def _wrong_members(self, field: Any, value: Any) -> dict[int, list[str]]:
        """Of a list of choices those that are none, by their place."""
        if not isinstance(field, serializers.ListField) or not isinstance(value, list):
            return {}
        told = ((place, self._none_of_the_choices(field.child, member)) for place, member in enumerate(value))
        return {place: [wrong] for place, wrong in told if wrong}

    def _none_of_the_choices(self, field: Any, value: Any) -> str:
        """Django REST framework says only that a value is none of them, not which there are."""
        if not isinstance(field, serializers.ChoiceField) or isinstance(field, serializers.MultipleChoiceField):
            return ""
        known = list(map(str, field.choices))
        if not isinstance(value, str) or value in ("", *known) or len(known) > MOST_CHOICES:
            return ""
        return _("“%(value)s” is not a valid choice. Known here: %(names)s.") % {
            "value": value[:MOST_OF_A_VALUE],
            "names": ", ".join(known),
        }


@extend_schema_serializer(examples=[OpenApiExample("Nothing", {}, request_only=True)])
class Nothing(Strict):
    """The body of a call that takes none."""


class Unaimed(Strict):
    """What may stand behind the question mark where the address says what the call is about."""

    def _wrong_type(self, field: Any, value: Any) -> str:
        """In an address all is text."""
        return ""


class Query(Unaimed):
    """What may stand behind the question mark elsewhere."""

    sandbox = serializers.SlugField(
        default=DEFAULT,
        help_text=gettext_lazy("The sandbox that the call is about; `default`, or the token's own, if not given."),
    )


class Paged(Unaimed):
    """Of a list: which page, and which rows."""

    cursor = serializers.CharField(required=False, help_text=gettext_lazy("From `next` or `previous` of another page."))
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=1000, help_text=gettext_lazy("How many on a page; 100 if not given.")
    )

    # Where a filter does not look at the column of its own name; of several columns one must match.
    columns: ClassVar[dict[str, tuple[str, ...]]] = {}

    @classmethod
    def condition(cls, query: Mapping[str, Any]) -> Q:
        """The given filters as one condition."""
        condition = Q()
        for name, value in query.items():
            if name not in ("cursor", "page_size"):
                condition &= Q(*((column, value) for column in cls.columns.get(name, (name,))), _connector=Q.OR)
        return condition


class ListQuery(Paged, Query):
    """Of a list in a sandbox."""


@extend_schema_field({"type": "string", "pattern": AMOUNT, "example": "10.00"})
class Amount(serializers.DecimalField):
    """Money: a string such as "10.00", in and out. Whether it is a possible amount is for the verb to say."""

    default_error_messages = {"invalid": gettext_lazy('Write an amount as a string, such as "10.00".')}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not re.fullmatch(AMOUNT, data, re.ASCII):
            self.fail("invalid")
        return Decimal(data)

    def to_representation(self, value: Any) -> str:
        return f"{value:.2f}"


class TrueOrFalse(serializers.BooleanField):
    """A real boolean: not "yes", not 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "pattern": DURATION, "example": "PT30M"})
class Duration(serializers.Field[timedelta, str, str, Any]):
    """A length of time forward, as ISO 8601 writes it: PT30M, P1DT12H, P2W. Years and months vary, so they are none."""

    LONGEST = timedelta(days=36500)
    default_error_messages = {
        "invalid": gettext_lazy("Write a duration as ISO 8601 does: PT30M, PT1H30M, P1D, P2W (no years, no months)."),
        "negative": gettext_lazy("Time goes forward only."),
        "too_long": gettext_lazy("At most P36500D, a hundred years."),
    }

    def to_internal_value(self, data: Any) -> timedelta:
        if not isinstance(data, str) or not re.fullmatch(r"-?P(?=.*\d)[\d.,DTHMSW]{1,40}", data, re.ASCII):
            self.fail("invalid")
        try:
            weeks = re.fullmatch(r"(-?)P(\d+)W", data, re.ASCII)
            value = parse_duration(f"{weeks[1]}P{int(weeks[2]) * 7}D" if weeks else data)
        except OverflowError:
            self.fail("too_long")
        if value is None:
            self.fail("invalid")
        if value < timedelta():
            self.fail("negative")
        if value > self.LONGEST:
            self.fail("too_long")
        return value

    def to_representation(self, value: timedelta) -> str:
        return iso_duration(value)


class WebAddress(serializers.CharField):
    """An http or https address, or nothing. A host may be a bare name: in compose, shops are called `shop`."""

    default_error_messages = {
        "address": gettext_lazy("Write an address such as https://shop.example.com/ipn, or an empty string for none.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2000, allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not is_web_address(text):
            self.fail("address")
        return text


def is_web_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        address.port  # noqa: B018 (raises ValueError when it is none)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname) and not re.search(r"[\s\x00-\x1f\x7f]", text)


def iso_duration(value: timedelta) -> str:
    """PT30M rather than Django's P0DT00H30M00S."""
    seconds = value.total_seconds()
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    date = f"{days:.0f}D" if days else ""
    time = "".join((f"{hours:.0f}H" if hours else "", f"{minutes:.0f}M" if minutes else ""))
    if rest or not (date or time):
        time += f"{rest:.6f}".rstrip("0").rstrip(".") + "S"
    return f"{sign}P{date}{'T' + time if time else ''}"


class ControlView(GenericAPIView[Any]):
    """A view of the control API. After the door it finds `self.sandbox`, `self.query` and `self.now` ready.

    It says which tokens may come in, apart from CONTROL_TOKEN. `scope` is the resource that it is about, one of
    access.RESOURCES. `for_accounts` says whether a token that is bound to an account may read, or write too;
    `account_paths` are the lookups that lead from its rows to an account, one of which must be the token's. Rows of
    others are then not there. What a body names is for the view to compare: `check_account`.
    """

    scope: ClassVar[str] = ""
    for_accounts: ClassVar[Literal["", "read", "write"]] = ""
    account_paths: ClassVar[tuple[str, ...]] = ()

    # True where the address does, not the query.
    names_its_sandbox: ClassVar[bool] = False
    # For the document: what the address may name besides the view's own rows, by the place in it.
    path_examples: ClassVar[dict[str, str]] = {}

    # All rows of the view's model; `in_sandbox` narrows them.
    queryset: Any = None
    query_class: type[Unaimed] = Query
    # False where the work must be seen by others while it goes on, so that it cannot be one database transaction.
    in_one_transaction = True

    sandbox: Sandbox
    query: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods and request.method != "OPTIONS":
            raise MethodNotAllowed(request.method or "")
        # Read at once: this is where Django refuses a body beyond DATA_UPLOAD_MAX_MEMORY_SIZE.
        request.body  # noqa: B018
        query_class = self.get_query_class()
        query = query_class(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        self.query = dict(query.validated_data)
        named = self.query.pop("sandbox") if issubclass(query_class, Query) else DEFAULT
        self.sandbox = sandbox_named(self._within_reach(named))
        _note_use(self.sandbox)
        journal.note(sandbox=self.sandbox)
        key = request.headers.get(idempotency.HEADER)
        if request.method == "POST" and key is not None and (handler := getattr(self, "post", None)):
            # In the way in which viewsets put their actions in place.
            setattr(self, "post", functools.partial(self._once, key, handler))  # noqa: B010

    def get_query_class(self) -> type[Unaimed]:
        return self.query_class

    @property
    def access(self) -> Access:
        """Who calls."""
        return cast(Access, self.request.auth)

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        caller = cast(Access, request.auth)
        write = request.method not in SAFE_METHODS
        if not caller.is_owner and not (self.scope and caller.may(self.scope, write=write)):
            raise access.missing_scope(caller, self.scope, write=write)
        if caller.account_id and self.for_accounts not in (("write",) if write else ("read", "write")):
            raise access.not_for_accounts(caller)

    def check_account(self, account_id: str) -> None:
        """For what a body or an address names: the caller's token must reach this account. Raises Refused."""
        if self.access.account_id not in ("", account_id):
            raise access.foreign_account(self.access)

    @property
    def now(self) -> datetime:
        return clock.now(self.sandbox)

    def read(self, serializer: type[serializers.BaseSerializer[Any]] | None = None, **kwargs: Any) -> dict[str, Any]:
        """The request's body, checked. Raises ValidationError that names each field."""
        found = (serializer or self.get_serializer_class())(
            data=self.request.data, context=self.get_serializer_context(), **kwargs
        )
        found.is_valid(raise_exception=True)
        return dict(found.validated_data)

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            assert self.queryset is not None
            nothing: QuerySet[Any] = self.queryset.none()
            return nothing
        rows = self.in_sandbox()
        return self.of_account(rows, self.access.account_id) if self.access.account_id else rows

    def of_account(self, rows: QuerySet[Any], account_id: str) -> QuerySet[Any]:
        """Those that an account's token may see."""
        assert self.account_paths, f"{type(self).__name__}: how do its rows lead to an account?"
        return rows.filter(Q(*((path, account_id) for path in self.account_paths), _connector=Q.OR))

    def _within_reach(self, named: str) -> str:
        """The sandbox that the call is about. Raises Refused for one that the caller's token does not reach."""
        own = self.access.sandbox_id
        if own is None:
            return named
        if named != own and "sandbox" in self.request.query_params:
            raise access.foreign_sandbox(self.access)
        return own

    def in_sandbox(self) -> QuerySet[Any]:
        """The rows that belong to `self.sandbox`."""
        raise NotImplementedError

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        query_class = self.get_query_class()
        if issubclass(query_class, Paged):
            return queryset.filter(query_class.condition(self.query))
        return queryset

    def get_object(self) -> Any:
        try:
            return super().get_object()
        except Http404:
            raise self.not_there(self.kwargs[self.lookup_url_kwarg or self.lookup_field], self.sandbox.id) from None

    def not_there(self, id: str, sandbox_id: str) -> NotFound:
        """What the address names is none of this sandbox."""
        assert self.queryset is not None
        return NotFound(
            _("There is no %(what)s %(id)s in the sandbox %(sandbox)s.")
            % {"what": self.queryset.model._meta.verbose_name, "id": id, "sandbox": sandbox_id}
        )

    def _once(self, key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Any:
        scope = idempotency.scope_of(request, key)
        with one_at_a_time(scope):
            if (repeated := idempotency.recall(scope, request)) is not None:
                return repeated
            # Stored together with what the request changes: neither exists without the other.
            with transaction.atomic() if self.in_one_transaction else contextlib.nullcontext():
                response = self._answer(handler, request, *args, **kwargs)
                if response.status_code < 500:
                    idempotency.remember(scope, request, self.sandbox, response)
                elif self.in_one_transaction:
                    transaction.set_rollback(True)
            return response

    def _answer(self, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return handler(request, *args, **kwargs)
        except Exception as error:
            # Refusals are answers too; settings.REST_FRAMEWORK names who words them.
            return self.handle_exception(error)


def _note_use(sandbox: Sandbox) -> None:
    """To the hour: a row that every call writes would be a row that every call waits for."""
    long_ago = timezone.now() - USED_EVERY
    if sandbox.used_at <= long_ago:
        Sandbox.objects.filter(id=sandbox.id, used_at__lte=long_ago).update(used_at=timezone.now())


def sandbox_named(sandbox_id: str) -> Sandbox:
    """The sandbox that `?sandbox=` names. Raises NotFound."""
    if sandbox_id == DEFAULT:
        return clock.default_sandbox()
    try:
        return Sandbox.objects.get(id=sandbox_id)
    except Sandbox.DoesNotExist:
        raise no_sandbox(sandbox_id) from None


def no_sandbox(sandbox_id: str) -> NotFound:
    return NotFound(_("There is no sandbox %(id)s.") % {"id": sandbox_id})
