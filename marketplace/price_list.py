"""A store's products as a CSV file: what is exported can be changed in a spreadsheet and imported again.

A row with an ID changes that product. Without one, a row whose Item No. the store has changes that product, and any
other row is a new one. A column that is missing leaves what it would say as it is. Every row is checked before anything
is written, and what is written is one database transaction.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction as database
from django.utils.translation import gettext as _

from marketplace import catalogue, stock
from marketplace.forms import Choices, ProductForm
from marketplace.models import Product, Store
from wallets.errors import IncorrectParameters

COLUMNS = ("id", *catalogue.FIELDS[:7], "stock", *catalogue.FIELDS[7:-1], "published")
AMOUNTS = ("price", "shipping", "shipping2", "tax")
MOST_ROWS = 2000
# What a spreadsheet would take for a formula when it stands first in a cell: written, and read, behind an apostrophe.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
YES, NO = ("yes", "true", "1", "on", "x"), ("", "no", "false", "0", "off")


@dataclass
class Row:
    """One product of the file. `errors` are (column, what is wrong with it)."""

    number: int
    values: dict[str, str]
    product: Product | None = None
    form: ProductForm | None = None
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.values.get("title", "") or (self.product.title if self.product else "")


@dataclass(frozen=True)
class Imported:
    created: int
    changed: int


def export(store: Store) -> Iterator[list[str]]:
    """The titles, then a row for each product, the oldest first."""
    yield list(COLUMNS)
    for product in store.products.filter(is_removed=False).order_by("id").iterator(chunk_size=1000):
        yield [_cell(_value(product, column)) for column in COLUMNS]


def read(text: str, store: Store) -> list[Row]:
    """Every row with what is wrong with it. Raises IncorrectParameters for what is no list of products."""
    header, records, divider = _records(text)
    choices = Choices.load()
    known = {product.id: product for product in store.products.filter(is_removed=False).select_related("currency")}
    by_article = {product.article: product for product in known.values() if product.article}
    rows = []
    for number, record in enumerate(records, start=1):
        values = {column: _plain(cell) for column, cell in zip(header, record, strict=False)}
        if divider != ",":
            values |= {name: _with_point(values[name]) for name in AMOUNTS if name in values}
        row = Row(number, values)
        if len(record) > len(header):
            row.errors.append(("", _("This row has more cells than there are columns.")))
        _find_product(row, known, by_article)
        _check(row, choices)
        rows.append(row)
    _check_doubles(rows)
    return rows


@database.atomic
def write(store: Store, rows: Sequence[Row], *, now: datetime) -> Imported:
    """Make and change the products of rows without errors. Raises IncorrectParameters; then nothing is written."""
    created = changed = 0
    for row in rows:
        assert row.form is not None
        assert not row.errors
        given = row.form.fields_given()
        if row.product is None:
            catalogue.create(store, stock=row.form.stock_given, now=now, **given)
            created += 1
        else:
            catalogue.change(row.product, now=now, **given)
            if "stock" in row.values:
                stock.overwrite(row.product, row.form.stock_given, now=now)
            changed += 1
    return Imported(created, changed)


def _records(text: str) -> tuple[list[str], list[list[str]], str]:
    """The names of the columns, the rows below them, and what divides their cells."""
    text = text.replace("\0", "").lstrip("\ufeff").replace("\r\n", "\n")
    # Some spreadsheets name the divider in a line of its own.
    text = re.sub(r"\A\s*sep=[,;\t]\n", "", text)
    first = next((line for line in text.splitlines() if line.strip()), "")
    divider = next((mark for mark in ("\t", ";") if mark in first), ",")
    try:
        # A row ends where a line does: not at the other signs, in the middle of a text, that `splitlines` minds.
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
        records = [[cell.strip() for cell in record] for record in lines]
    except csv.Error:
        raise IncorrectParameters(
            "rows", _("This cannot be read as rows of columns: is a quotation mark missing?")
        ) from None
    records = [record for record in records if any(record)]
    if len(records) < 2:
        raise IncorrectParameters(
            "rows", _("Give a first row with the names of the columns, and a row for each product.")
        )
    if len(records) > MOST_ROWS + 1:
        raise IncorrectParameters("rows", _("At most 2,000 products can be imported at once."))
    header = [name.lower() for name in records[0]]
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            text = _("The first row names the columns, each once. Known: %(known)s. Not known, or twice: %(name)s.")
            raise IncorrectParameters("rows", text % {"known": ", ".join(COLUMNS), "name": name[:40] or "-"})
    return header, records[1:], divider


def _find_product(row: Row, known: dict[int, Product], by_article: dict[str, Product]) -> None:
    wanted = row.values.get("id", "")
    if not wanted:
        row.product = by_article.get(row.values.get("article", ""))
        return
    row.product = known.get(int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    if row.product is None:
        row.errors.append(("id", _("This store has no product with this ID. Leave it empty for a new one.")))


def _check(row: Row, choices: Choices) -> None:
    """By the form of the stock manager, so that what is right there is right here."""
    data: dict[str, Any] = dict(row.values)
    if row.product:
        present = {name: _value(row.product, name) for name in COLUMNS}
        data = {**present, **data}
    for column, name in (("published", "is_published"), ("members_only", "members_only")):
        answer = data.get(column, "").lower()
        if answer not in YES + NO:
            row.errors.append((column, _("Write yes or no.")))
        data[name] = "on" if answer in YES else ""
    if data.get("currency"):
        data["currency"] = data["currency"].upper()
    row.form = ProductForm(data, product=row.product, choices=choices)
    for name, errors in row.form.errors.items():
        row.errors += [("" if name == "__all__" else name, str(error)) for error in errors]


def _check_doubles(rows: Sequence[Row]) -> None:
    seen: dict[object, int] = {}
    for row in rows:
        for mark in filter(
            None, (row.product, ("article", row.values.get("article")) if row.values.get("article") else None)
        ):
            if mark in seen:
                row.errors.append(("", _("Row %(number)d is about the same product.") % {"number": seen[mark]}))
                break
            seen[mark] = row.number


def _value(product: Product, column: str) -> str:
    match column:
        case "currency" | "category":
            value = getattr(product, f"{column}_id")
        case "published":
            return "yes" if product.is_published else "no"
        case "members_only":
            return "yes" if product.members_only else "no"
        case _:
            value = getattr(product, column)
    return "" if value is None else str(value)


def _cell(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell


def _with_point(amount: str) -> str:
    """`12,50` as who divides cells by semicolons writes it. A comma before three digits stays one between thousands."""
    return amount.replace(",", ".") if re.fullmatch(r"\d{1,15},\d{1,2}", amount, re.ASCII) else amount
