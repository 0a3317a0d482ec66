"""No table is forgotten: what belongs to a sandbox is found out, and what does not is named."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models import F, UniqueConstraint
from django.db.models.expressions import BaseExpression

from okpay_gateway.worlds import belongings, gates, identities
from okpay_gateway.worlds.belongings import EVERYBODYS, NO_STATE, Model
from sandbox.models import Sandbox


def copied() -> list[Model]:
    return [each.model for each in belongings.state() if each.model not in identities.NOT_COPIED]


def test_every_table_belongs_to_sandboxes_or_to_everybody() -> None:
    found = {each.model for each in belongings.every()}
    for model in apps.get_models(include_auto_created=True):
        places = (model in found) + (model in EVERYBODYS) + (model is Sandbox)
        assert places == 1, f"{model._meta.label}: no foreign key leads to Sandbox. Is it everybody's?"


def test_what_is_declared_is_still_there() -> None:
    found = {each.model for each in belongings.every()}
    assert set(NO_STATE) <= found
    assert set(identities.NOT_COPIED) <= found
    labels = {model._meta.label for model in copied()}
    for name, target in identities.LOOSE.items():
        model = apps.get_model(name.rpartition(".")[0])
        model._meta.get_field(name.rpartition(".")[2])
        assert {model._meta.label, target} <= labels


def test_children_go_before_their_parents() -> None:
    seen: set[Model] = set()
    for each in belongings.every():
        seen.add(each.model)
        for way in each.ways:
            field = each.model._meta.get_field(way.split("__")[0])
            assert field.related_model not in seen - {each.model}, each.model


def names(constraint: UniqueConstraint) -> Iterator[str]:
    """The fields of a constraint, those within expressions too."""
    yield from constraint.fields

    def within(expression: Any) -> Iterator[str]:
        if isinstance(expression, F):
            yield expression.name
        elif isinstance(expression, BaseExpression):
            for inner in expression.get_source_expressions():
                yield from within(inner)

    for expression in constraint.expressions:
        yield from within(expression)


def is_new_in_a_copy(model: Model, name: str) -> bool:
    """Whether a copy has another value there: then what is unique stays so."""
    field = model._meta.get_field(name)
    if (model, name) in identities.RENAMED or isinstance(field, models.AutoField):
        return True
    if isinstance(field, models.ForeignKey):
        return field.related_model is Sandbox or field.related_model in copied()
    if not field.unique:
        return False
    identities.fresh(model, field)
    return True


@pytest.mark.django_db
def test_what_is_unique_is_new_in_a_copy() -> None:
    for model in copied():
        for field in model._meta.concrete_fields:
            if field.unique:
                assert is_new_in_a_copy(model, field.name), f"{model._meta.label}.{field.name}"
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint):
                assert any(is_new_in_a_copy(model, name) for name in names(constraint)), constraint


def test_numbers_that_name_a_row_without_a_foreign_key_are_known() -> None:
    for model in copied():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.IntegerField) and field.name.endswith("_id") and not field.is_relation:
                label = f"{model._meta.label}.{field.name}"
                assert label in identities.LOOSE, f"{label}: which row does it name?"


@pytest.mark.django_db
def test_columns_of_this_moment_are_columns(world: Sandbox) -> None:
    for table, columns in belongings.PASSING.items():
        [each] = [each for each in belongings.state() if each.table == table]
        assert set(columns) <= set(each.columns)


def test_the_gates_close_in_the_order_of_payments() -> None:
    places = [
        gates.CLOSE.index(f"FROM {table} ")
        for table in (
            "checkout_checkoutsession",
            "wallets_monthlyturnover",
            "marketplace_product",
            "wallets_balance",
        )
    ]
    assert places == sorted(places)
