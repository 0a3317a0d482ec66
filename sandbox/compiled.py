"""Questions that are asked with every payment, put into SQL once.

Django compiles a QuerySet anew each time it is used, and for a wallet with its account and sandbox that is two thirds
of the whole cost: 0.65 ms of 1.0 where the static page of a view takes 0.4. What it compiles does not change, only the
values do. The instances are made as QuerySet makes them.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

_Model = TypeVar("_Model", bound=Model)


class Compiled(Generic[_Model]):
    """`make` builds the QuerySet from texts: it is called once, with placeholders, when the question is first asked."""

    def __init__(self, make: Callable[..., QuerySet[_Model]]) -> None:
        self._make = make
        self._build: Callable[[tuple[Any, ...]], _Model] | None = None

    def first(self, *values: str) -> _Model | None:
        """The first match for these values, in the order of `make`'s arguments."""
        if self._build is None:
            self._compile(len(values))
        assert self._build
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [values[place] if isinstance(place, int) else place[0] for place in self._places])
            row = cursor.fetchone()
        return None if row is None else self._build(row)

    def _compile(self, count: int) -> None:
        placeholders = [f"\N{BULLET}{number}" for number in range(count)]
        compiler = self._make(*placeholders)[:1].query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, parameters = compiler.as_sql()
        # The number of a value, or a constant of the question in a tuple.
        self._places: list[int | tuple[Any]] = [
            placeholders.index(each) if each in placeholders else (each,) for each in parameters
        ]
        self._build = _builder(compiler)


def _builder(compiler: Any) -> Callable[[tuple[Any, ...]], Any]:
    """From a row to an instance with its related ones, as Django's ModelIterable does it."""
    select, info = compiler.select, compiler.klass_info
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[start:end]]
    populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # of a later Django
    converters = compiler.get_converters([column[0] for column in select])

    def build(row: tuple[Any, ...]) -> Any:
        (row,) = compiler.apply_converters([row], converters)
        instance = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in populators:
            populator.populate(row, instance)
        return instance

    return build
