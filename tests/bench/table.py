"""What was measured, beside what it is measured against, as a plain table."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

HEADINGS = ("what", "measured", "reference", "ratio", "goal", "")


@dataclass(frozen=True)
class Row:
    """One line. `verdict` is empty where there is no goal."""

    what: str
    measured: str
    reference: str = ""
    ratio: str = ""
    goal: str = ""
    verdict: str = ""


def compared(what: str, measured: float, reference: float, unit: str, *, places: int = 0) -> Row:
    """Measured beside a reference, without a goal."""
    return Row(what, _number(measured, unit, places), _number(reference, unit, places), _ratio(measured / reference))


def at_most(what: str, measured: float, reference: float, unit: str, *, goal: float, places: int = 0) -> Row:
    """A cost: the goal is a multiple of the reference that it must not pass."""
    row = compared(what, measured, reference, unit, places=places)
    return Row(row.what, row.measured, row.reference, row.ratio, f"<= {goal:g}", _met(measured / reference <= goal))


def at_least(what: str, measured: float, reference: float, unit: str, *, goal: float, places: int = 0) -> Row:
    """A yield: the goal is a part, or a multiple, of the reference that it must reach."""
    row = compared(what, measured, reference, unit, places=places)
    return Row(row.what, row.measured, row.reference, row.ratio, f">= {goal:.2g}", _met(measured / reference >= goal))


def within(what: str, measured: float, unit: str, *, goal: float, places: int = 0) -> Row:
    """A time with a bound of its own."""
    verdict = _met(measured <= goal)
    return Row(what, _number(measured, unit, places), goal=f"<= {goal:g} {unit}", verdict=verdict)


def skipped(what: str, reason: str) -> Row:
    return Row(what, "skipped", reason)


def written(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, *(astuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    first, *others = widths
    return "\n".join(
        f"{what:<{first}}  {'  '.join(f'{cell:>{width}}' for cell, width in zip(cells, others, strict=True))}".rstrip()
        for what, *cells in lines
    )


def _number(value: float, unit: str, places: int) -> str:
    return f"{value:,.{places}f} {unit}"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"
