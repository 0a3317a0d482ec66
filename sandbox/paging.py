"""A list by pages that go on from a row, not from a count: the thousandth page is found as fast as the first.

It works both ways along any order of columns that are never empty, all up or all down, of which the last is unique.
Where a page begins is a text for addresses; what is no such text is the first page, for people edit addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
# The values of the columns that a list is ordered by.
Place = tuple[Any, ...]
_BETWEEN = "~"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Its rows, and where the neighbouring pages are: `before` and `after` what; "" where there is none."""

    rows: list[Row] = field(default_factory=list)
    before: str = ""
    after: str = ""


def page(found: QuerySet[Row], order: Sequence[str], *, size: int, before: str = "", after: str = "") -> Page[Row]:
    """The rows that come next `before` or `after` a place that another page has named."""
    columns = [name.removeprefix("-") for name in order]
    start = _place(found.model, columns, before)
    backwards = start is not None
    start = start or _place(found.model, columns, after)
    ascends = order[0].startswith("-") == backwards
    if start:
        found = found.filter(beyond(columns, start, ascends=ascends))
    ordered = found.order_by(*(name if ascends else f"-{name}" for name in columns))
    rows = list(ordered[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page()
    has_before, has_after = (more, True) if backwards else (start is not None, more)
    return Page(
        rows,
        before=_text(rows[0], columns) if has_before else "",
        after=_text(rows[-1], columns) if has_after else "",
    )


def beyond(columns: Sequence[str], start: Place, *, ascends: bool) -> Q:
    """What comes after the place, in an order of one column or two."""
    side = "gt" if ascends else "lt"
    (first, *others), (value, *rest) = columns, start
    if not others:
        return Q(**{f"{first}__{side}": value})
    further = Q(**{f"{first}__{side}": value}) | beyond(others, tuple(rest), ascends=ascends)
    # Implied by the other, but this is what an index can go on from.
    return Q(**{f"{first}__{side}e": value}) & further


def _text(row: Model, columns: Sequence[str]) -> str:
    values = (getattr(row, name) for name in columns)
    return _BETWEEN.join(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)


def _place(model: type[Model], columns: Sequence[str], text: str) -> Place | None:
    parts = text.replace("\0", "").split(_BETWEEN)
    if len(parts) != len(columns):
        return None
    try:
        place = tuple(_field(model, name).clean(part, None) for name, part in zip(columns, parts, strict=True))
    except ValidationError:
        return None
    return None if any(isinstance(value, datetime) and value.tzinfo is None for value in place) else place


def _field(model: type[Model], name: str) -> Any:
    found = model._meta.get_field(name)
    return getattr(found, "target_field", found)
