"""Questions and rows that come with every payment, put into SQL once.

Django compiles a QuerySet, and the INSERT of a row, anew each time: for a wallet with its account and sandbox that is
two thirds of what asking costs this process. It makes the same of it every time, only the values differ. So the SQL is
kept here, and prepared. Instances are made as a QuerySet makes them, and rows as `save()` does.

`asked_together` asks several at once, before they are needed; a row goes along with the next statement.

An answer comes as one column, an array of texts: psycopg2 makes objects of every column that it is told about, each
time, and of a payment's questions there are a hundred and more.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from itertools import count
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import AutoField, CharField, DateTimeField, DecimalField, ForeignKey, Model, QuerySet, TextField
from django.db.models.base import ModelState
from psycopg2.extensions import PYINTERVAL, adapt

from sandbox.prepared import Prepared, with_values

_Model = TypeVar("_Model", bound=Model)

_numbers = count(1)


class Compiled(Generic[_Model]):
    """`make` builds the QuerySet from texts: it is called once, with placeholders, when the question is first asked."""

    def __init__(self, make: Callable[..., QuerySet[_Model]]) -> None:
        self._make = make
        self._question: _Question | None = None

    def first(self, *values: str) -> _Model | None:
        """The first match for these values, in the order of `make`'s arguments."""
        found: _Model | None = _first(self, values)
        return found

    def question(self, count: int) -> "_Question":
        # Two threads at once compile twice, and either is right.
        self._question = self._question or self._compiled(count)
        return self._question

    def _compiled(self, count: int) -> "_Question":
        placeholders = [f"\N{BULLET}{number}" for number in range(count)]
        question = self._make(*placeholders)[:1]
        compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        places = (f"${placeholders.index(each) + 1}" if each in placeholders else _quoted(each) for each in parameters)
        name = f"{question.model._meta.db_table}_{next(_numbers)}"
        return _Question(Prepared(name, _as_one_column(compiler, sql) % tuple(places)), _builder(compiler))


@dataclass(frozen=True)
class _Question:
    statement: Prepared
    build: Callable[[Sequence[str | None]], Any]


class NextKey:
    """The primary key of the next row, asked for beforehand: so the row itself need not be waited for."""

    def __init__(self, model: type[Model]) -> None:
        table, key = model._meta.db_table, model._meta.pk.column
        statement = Prepared(f"{table}_next_{key}", f"SELECT ARRAY[nextval('{table}_{key}_seq')::text]")
        self._question = _Question(statement, lambda texts: int(str(texts[0])))

    def first(self) -> int:
        return int(_first(self, ()))

    def question(self, _count: int) -> _Question:
        return self._question


Asked = tuple[Compiled[Any] | NextKey, tuple[str, ...]]
# What was asked ahead and not used yet.
_answers: ContextVar[dict[Asked, Any] | None] = ContextVar("answers", default=None)


def _first(asked: Compiled[Any] | NextKey, values: tuple[str, ...]) -> Any:
    """The answer that is known already, used up by that; else it is asked for."""
    if (answers := _answers.get()) and (asked, values) in answers:
        return answers.pop((asked, values))
    question = asked.question(len(values))
    with connection.cursor() as cursor:
        question.statement.execute(cursor, values)
        row = cursor.fetchone()
    return question.build(row[0]) if row else None


@contextmanager
def asked_together(*asked: Asked) -> Iterator[None]:
    """One round trip asks all of it. Within, whoever asks one of these questions finds its answer here, once.

    What is asked for so already is not asked again.
    """
    answers = _answers.get() or {}
    if unknown := [each for each in asked if each not in answers]:
        answers = answers | dict(zip(unknown, _first_of_each(unknown), strict=True))
    token = _answers.set(answers)
    try:
        yield
    finally:
        _answers.reset(token)


def _first_of_each(asked: Sequence[Asked]) -> list[Any]:
    questions = [compiled.question(len(values)) for compiled, values in asked]
    with connection.cursor() as cursor:
        statement = _together(*(question.statement for question in questions))
        statement.execute(cursor, [value for _compiled, values in asked for value in values])
        row = cursor.fetchone()
    return [None if texts is None else question.build(texts) for question, texts in zip(questions, row, strict=True)]


@cache
def _together(*statements: Prepared) -> Prepared:
    """One row, in it for each statement its first answer, or null."""
    parts, taken = [], 0
    for number, statement in enumerate(statements):
        sql = with_values(statement.sql, [f"${taken + place}" for place in range(1, statement.values + 1)])
        parts.append(f"LEFT JOIN LATERAL ({sql}) it{number} ON true")
        taken += statement.values
    return Prepared(f"together_{next(_numbers)}", f"SELECT * FROM (SELECT) here {' '.join(parts)}")  # noqa: S608


class CompiledInsert(Generic[_Model]):
    """Makes and saves new rows of a model whose primary key the database gives."""

    def __init__(self, model: type[_Model]) -> None:
        fields = model._meta.concrete_fields
        for field in fields:
            assert isinstance(field, AutoField | CharField | TextField | DecimalField | DateTimeField | ForeignKey), (
                f"{field} may have values that PostgreSQL's driver cannot write"
            )
        self._model, self.next_key = model, NextKey(model)
        self._relations: dict[str, Any] = {field.name: field for field in fields if field.is_relation}
        made_anew = {field for field in fields if field.has_default() and callable(field.default)}
        self._defaults = {field.attname: field.get_default() for field in fields if field not in made_anew}
        self._made_anew = {field.attname: field.default for field in made_anew}
        self._values = attrgetter(*(field.attname for field in fields))
        columns = ", ".join(f'"{field.column}"' for field in fields)
        places = ", ".join(f"${number}" for number, _field in enumerate(fields, start=1))
        table = model._meta.db_table
        self._statement = Prepared(f"{table}_new", f'INSERT INTO "{table}" ({columns}) VALUES ({places})')  # noqa: S608

    def new(self, **values: Any) -> _Model:
        """As the model's own constructor makes it, without its signals."""
        instance = self._model.__new__(self._model)
        state = instance._state = ModelState()
        state.adding, state.db = True, None
        known = instance.__dict__
        known.update(self._defaults)
        for name, make in self._made_anew.items():
            known[name] = values[name] if name in values else make()
        for name, value in values.items():
            if field := self._relations.get(name):
                field.set_cached_value(instance, value)
                known[field.attname] = getattr(value, field.target_field.attname)
            else:
                assert name in known, name
                known[name] = value
        return instance

    def send_along(self, instance: _Model) -> None:
        """As `instance.save(force_insert=True)`, without its signals; the row goes along with the next statement."""
        instance.pk = self.next_key.first()
        self._statement.send_along(self._values(instance))
        instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def _quoted(constant: str) -> str:
    assert constant.isascii()
    return str(adapt(constant).getquoted().decode())


# How PostgreSQL's text of a value becomes what psycopg2 makes of it. JSON is for Django to read.
_READERS: dict[str, Callable[[str], Any] | None] = {
    "BooleanField": lambda text: text == "true",
    "DateTimeField": datetime.fromisoformat,
    "DecimalField": Decimal,
    "DurationField": lambda text: PYINTERVAL(text, None),
    **dict.fromkeys(("BigAutoField", "BigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"), int),
    **dict.fromkeys(("CharField", "JSONField", "SlugField", "TextField"), None),
}


def _as_one_column(compiler: Any, sql: str) -> str:
    columns = [column for _expression, (column, _parameters), _alias in compiler.select]
    head = f"SELECT {', '.join(columns)} FROM "  # noqa: S608
    assert sql.startswith(head), sql
    texts = ", ".join(f"{column}::text" for column in columns)
    return f"SELECT ARRAY[{texts}] FROM {sql.removeprefix(head)}"  # noqa: S608


def _builder(compiler: Any) -> Callable[[Sequence[str | None]], Any]:
    """From a row to an instance with its related ones, as Django's ModelIterable makes them."""
    fields = [column[0].target for column in compiler.select]
    readers = [(place, reader) for place, field in enumerate(fields) if (reader := _READERS[_type(field)])]
    converters = compiler.get_converters([column[0] for column in compiler.select])
    readers += [
        (place, partial(convert, expression=expression, connection=compiler.connection))
        for place, (converts, expression) in converters.items()
        for convert in converts
    ]
    make = _maker(compiler, compiler.klass_info)

    def build(texts: Sequence[str | None]) -> Any:
        row: list[Any] = list(texts)
        for place, read in readers:
            if (text := row[place]) is not None:
                row[place] = read(text)
        return make(row)

    return build


def _type(field: Any) -> str:
    return str((field.target_field if field.is_relation else field).get_internal_type())


def _maker(compiler: Any, info: dict[str, Any]) -> Callable[[Sequence[Any]], Any]:
    """Instances of one model of the question; `info` is what Django's compiler knows about it.

    What Model.from_db does field by field is done at once; a field that was not asked for is deferred. That no related
    instance is missing is a condition: the keys that lead there are not null.
    """
    model, places = info["model"], info["select_fields"]
    start, end = places[0], places[-1] + 1
    assert list(places) == list(range(start, end))
    names = [compiler.select[place][0].target.attname for place in places]
    related = [(each["field"], _maker(compiler, each)) for each in info.get("related_klass_infos", ())]
    assert not any(field.null for field, _make in related)
    assert model._meta.pk.attname in names

    def make(row: Sequence[Any]) -> Any:
        instance = model.__new__(model)
        instance.__dict__.update(zip(names, row[start:end], strict=True))
        state = instance._state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        for field, make_related in related:
            field.set_cached_value(instance, make_related(row))
        return instance

    return make
