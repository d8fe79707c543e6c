"""Hard rows for a compiled form: at thresholds, extreme, null and unseen values."""

from __future__ import annotations

import math

import pytest

from packager.manifest.manifest import Column, Schema
from packager.model.compiled.form import Domain, Form, Linear, Matrix, Number, Op
from packager.worker.compile.candidates import CompiledCandidate
from packager.worker.compile.edge_rows import COMBINED_ROWS, MAX_ROWS, edge_rows


def candidate(*columns: Column, ops: tuple[Op, ...] = (), used: bool = True) -> CompiledCandidate:
    """A linear form that reads the first of the columns."""
    form = Form(
        columns=tuple(Domain(name=one.name, used=used) for one in columns),
        steps=(),
        matrix=Matrix(width=1, numbers=(Number(position=0, column=0, ops=ops),)),
        head=Linear(coefficients=((1.0,),), intercept=(0.0,), link="none"),
        nan=False,
        tolerance=1e-9,
    )
    return CompiledCandidate(form, None)


def values(column: Column, ops: tuple[Op, ...] = ()) -> set[object]:
    base = {column.name: 7}
    rows = edge_rows(Schema(features=(column,)), [base], candidate(column, ops=ops))
    return {row[column.name] for row in rows}


def column(kind: str, dtype: str, **more: object) -> Column:
    return Column.model_validate(
        {"name": "x", "kind": kind, "dtype": dtype, "nullable": True, **more}
    )


def test_numbers_are_queried_at_the_ends_of_float32_and_float64_and_beyond_training():
    found = values(column("number", "float64", minimum=-3.0, maximum=9.0))
    assert {None, 5e-324, 1e39, -1e308, 9.0, math.nextafter(9.0, math.inf)} <= found


def test_a_cut_is_queried_on_both_sides_before_the_ops_that_lead_to_it():
    ops = (
        Op(name="subtract", values=(10.0,)),
        Op(name="divide", values=(4.0,)),
        Op(name="above", values=(2.0,)),
    )
    found = values(column("number", "float64"), ops)
    assert {18.0, math.nextafter(18.0, math.inf), math.nextafter(18.0, -math.inf)} <= found


def test_integers_stay_in_their_type():
    found = values(column("integer", "int8", minimum=-5, maximum=5)) - {None}
    assert {0, 1, -1, 5, -5} <= found
    assert all(-128 <= value <= 127 for value in found)


def test_text_that_was_never_seen_and_text_that_arrays_cut_is_queried():
    found = values(column("string", "str", categories=("a", "b")))
    assert {None, "a", "b", "", "never seen", "never seen\0"} <= found


def test_a_column_that_the_model_does_not_use_is_left_as_it_is():
    one = column("number", "float64")
    schema = Schema(features=(one,))
    rows = edge_rows(schema, [{"x": 7}], candidate(one, used=False))
    assert rows == [{"x": 7}] * COMBINED_ROWS


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 300])
def test_there_are_never_too_many_and_always_the_same(count):
    columns = tuple(
        Column(name=f"c{n}", kind="number", dtype="float64", nullable=True) for n in range(count)
    )
    schema, form = Schema(features=columns), candidate(*columns)
    bases = [dict.fromkeys((one.name for one in columns), 1.0)]
    rows = edge_rows(schema, bases, form)
    assert COMBINED_ROWS < len(rows) <= MAX_ROWS
    assert repr(rows) == repr(edge_rows(schema, bases, form))
    assert all(row.keys() == bases[0].keys() for row in rows)
