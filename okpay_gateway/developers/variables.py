"""Rows of the variable references: made from what the parser of forms and the writer of messages declare."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from checkout import door
from checkout import variable_reference as forms
from ipn import variable_reference as messages

Words = StrOrPromise


@dataclass(frozen=True)
class Row:
    """One variable. `value` says what it may hold, `note` its default, or when it is there."""

    name: str
    later_name: str
    meaning: Words
    value: Words
    length: int | None
    required: bool = False
    default: str = ""
    when: Words = ""
    values: Mapping[str, Words] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        return anchor(self.name)


@dataclass(frozen=True)
class Table:
    title: Words
    rows: list[Row]


def anchor(name: str) -> str:
    """What follows # in an address: the variable of the first item, which is what one looks for."""
    return name.replace("#", "1")


def of_forms() -> list[Table]:
    return [
        Table(group.title, [_form_row(variable) for variable in group.variables])
        for group in (*forms.REFERENCE, door.OWN_VARIABLES)
    ]


def of_messages() -> list[Table]:
    return [Table(group.title, [_message_row(each) for each in group.variables]) for group in messages.REFERENCE]


def _form_row(variable: forms.Variable) -> Row:
    return Row(
        variable.name,
        variable.later_name,
        variable.meaning,
        variable.expected or _("text"),
        variable.length,
        variable.required,
        variable.default,
    )


def _message_row(variable: messages.Variable) -> Row:
    return Row(variable.name, "", variable.meaning, "", variable.length, when=variable.when, values=variable.values)
