"""What the staff's pages of all apps share: facts that can only be read, and acts that go through the verbs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import (
    display_for_field,
    display_for_value,
    get_fields_from_path,
    label_for_field,
    lookup_field,
    unquote,
)
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from sandbox import clock
from sandbox.models import ControlToken, RememberedAnswer, Sandbox, Scenario, ScenarioUse, Snapshot

# Further than this nobody leafs or counts: a search, a filter or a day says more.
MOST_LISTED = 10_000
# How many of the newest rows say which values there are to filter by.
RECENT = 5_000


class Counted(Paginator[Any]):
    """Counts no further than anybody leafs, so that a list of millions opens as fast as one of thousands."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[:MOST_LISTED].count()


class RecentValues(admin.AllValuesFieldListFilter):
    """The values that the newest rows have, where the field does not say itself which there can be."""

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: admin.ModelAdmin[Any],
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True)
        if before := newest[RECENT : RECENT + 1].first():
            self.lookup_choices = self.lookup_choices.filter(pk__gt=before)


class ListAdmin(admin.ModelAdmin[Any]):
    """A list that may be long: what it costs to open, to search and to leaf does not grow with it.

    It has no `date_hierarchy`, which reads all rows to know their days: a date among the filters does as well.
    """

    paginator = Counted
    show_full_result_count = False
    ordering: ClassVar[tuple[str | Combinable, ...]] = ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Each field is searched for itself, once, and by its index where the whole of it is meant ("=")."""
        for word in smart_split(search_term):
            if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
                word = unescape_string_literal(word)
            found: set[Any] = set()
            for name in self.get_search_fields(request):
                if (condition := _condition(self.model, str(name), word)) is not None:
                    matching = queryset.filter(condition).order_by("-pk").values_list("pk", flat=True)
                    found.update(matching[:MOST_LISTED])
            queryset = queryset.filter(pk__in=found)
        return queryset, False


def _condition(model: type[Model], name: str, word: str) -> Q | None:
    """None when no row can have it, such as letters where numbers stand."""
    if not name.startswith("="):
        return Q(**{f"{name}__icontains": word})
    name = name.removeprefix("=")
    field: Any = get_fields_from_path(model, name)[-1]
    if isinstance(field, CharField):
        return Q(**{f"{name}__in": {word, word.upper(), word.lower()}})
    try:
        return Q(**{name: field.clean(word, None)})
    except ValidationError:
        return None


class ReadOnlyAdmin(ListAdmin):
    """Nobody adds, changes or deletes these; who may view the model sees all of it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """The parts of a fact, under it."""

    extra = 0
    can_delete = False
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@dataclass(frozen=True)
class Act:
    """Something that staff may do to a row: a button on its page and, unless it needs to be told more, a list action.

    `verb` gets the row, `now` and what `form` has read. `title` is its label, `done` what is said afterwards.
    """

    name: str
    title: StrOrPromise
    done: StrOrPromise
    verb: Callable[..., Any]
    form: type[forms.Form] = field(default=forms.Form)
    in_list: bool = True
    explanation: StrOrPromise = ""
    offered: Callable[[Any], bool] = field(default=lambda row: True)


class ActingAdmin(ListAdmin):
    """Rows on which staff act through the domain's verbs. It takes the model's change permission, also where nobody
    may edit a row by hand."""

    change_form_template = "admin/acts/change_form.html"
    acts: ClassVar[Sequence[Act]] = ()
    # What a verb may say no with. Anything else is a bug.
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    def sandbox_of(self, row: Any) -> Sandbox:
        """Whose clock says when it happened."""
        sandbox: Sandbox = row.sandbox
        return sandbox

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self.has_act_permission(request):
            actions |= {act.name: (_on_many(act), act.name, str(act.title)) for act in self.acts if act.in_list}
        return actions

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<path:object_id>/{act.name}/",
                self.admin_site.admin_view(_page_of(self, act)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{act.name}",
            )
            for act in self.acts
        ]
        return [*pages, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = context.get("original")
        if row is not None and self.has_act_permission(request):
            context["acts"] = [(act.title, self._address(act, row)) for act in self.acts if act.offered(row)]
        return super().render_change_form(request, context, *args, **kwargs)

    def act_on(self, request: HttpRequest, row: Any, act: Act, **told: Any) -> bool:
        """Do it, write it into the history, and say what came of it."""
        try:
            act.verb(row, now=clock.now(self.sandbox_of(row)), **told)
        except self.refusals as refusal:
            self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            return False
        values = ", ".join(f"{name}: {value}" for name, value in told.items() if value is not None)
        self.log_change(request, row, f"{act.title} {values}".strip())
        return True

    def act_page(self, request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if not self.has_act_permission(request):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined, no-any-return]
        form = act.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            if self.act_on(request, row, act, **form.cleaned_data):
                self.message_user(request, f"{row}: {act.done}", messages.SUCCESS)
            return redirect(self._address(None, row))
        context = {
            **self.admin_site.each_context(request),
            "title": act.title,
            "subtitle": str(row),
            "facts": list(self._facts(row)),
            "opts": self.opts,
            "original": row,
            "form": form,
            "act": act,
            "back": self._address(None, row),
        }
        return TemplateResponse(request, "admin/acts/act.html", context)

    def _facts(self, row: Model) -> Iterator[tuple[str, str]]:
        """What the list says of the row: nobody shall have to remember what he is about to act on."""
        empty = str(self.get_empty_value_display())
        for name in self.list_display:
            column, _attribute, value = lookup_field(name, row, self)
            text = display_for_field(value, column, empty) if column else display_for_value(value, empty)
            yield str(label_for_field(name, self.model, self)), text

    def _address(self, act: Act | None, row: Model) -> str:
        name = act.name if act else "change"
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=[row.pk])


def _on_many(act: Act) -> Callable[..., Any]:
    def act_on_many(model_admin: ActingAdmin, request: HttpRequest, rows: QuerySet[Any]) -> None:
        done = sum(model_admin.act_on(request, row, act) for row in rows)
        if done:
            text = ngettext("%(act)s: done for %(number)d.", "%(act)s: done for %(number)d.", done)
            model_admin.message_user(request, text % {"act": act.title, "number": done}, messages.SUCCESS)

    return act_on_many


def _page_of(model_admin: ActingAdmin, act: Act) -> Callable[..., HttpResponse]:
    def page(request: HttpRequest, object_id: str) -> HttpResponse:
        return model_admin.act_page(request, object_id, act)

    return page


@admin.register(Sandbox)
class SandboxAdmin(ReadOnlyAdmin):
    ordering = ("-created_at",)
    list_display = ("id", "created_at", "used_at", "present", "clock_offset", "frozen_at")
    search_fields = ("id",)
    readonly_fields = ("present",)

    @admin.display(description=_("its time"))
    def present(self, sandbox: Sandbox) -> datetime:
        return clock.now(sandbox)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("id", "sandbox", "name", "is_origin", "taken_at", "created_at", "rows")
    search_fields = ("sandbox__id", "name")
    list_filter = ("is_origin",)


@admin.register(ControlToken)
class ControlTokenAdmin(ReadOnlyAdmin):
    """Staff see whose tokens there are. Given out and revoked they are by the control API."""

    list_display = ("name", "hint", "sandbox", "account_id", "created_at", "expires_at", "last_used_at")
    list_select_related = ("sandbox",)
    search_fields = ("name", "account_id")
    fields = ("name", "hint", "sandbox", "account_id", "scopes", "created_at", "expires_at", "last_used_at")


@admin.register(RememberedAnswer)
class RememberedAnswerAdmin(ReadOnlyAdmin):
    list_display = ("id", "sandbox", "status", "created_at")
    list_filter = ("status", "created_at")


@admin.register(Scenario)
class ScenarioAdmin(ReadOnlyAdmin):
    list_display = ("id", "__str__", "sandbox", "operation", "wallet", "priority", "used", "most", "paused")
    list_filter = ("operation", "paused")
    search_fields = ("name", "wallet", "invoice")


@admin.register(ScenarioUse)
class ScenarioUseAdmin(ReadOnlyAdmin):
    list_display = ("id", "at", "operation", "effect", "wallet", "scenario_id", "number", "directive", "transaction_id")
    list_filter = (("operation", RecentValues),)
    search_fields = ("=transaction_id", "wallet")
