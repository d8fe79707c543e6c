"""Fast converters accept only what the exact checker accepts, and leave all else to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.column_converter import ColumnConverter
from packager.data.rows.conversion_error import ConversionError
from packager.manifest.manifest import Column
from serving.prediction.converters import FastConverter, SlowPathError

COLUMNS = {
    "number": {"kind": "number", "dtype": "float64", "minimum": -1.0, "maximum": 9.0},
    "narrow": {"kind": "number", "dtype": "float32", "minimum": -1.0, "maximum": 9.0},
    "integer": {"kind": "integer", "dtype": "int64", "minimum": 0, "maximum": 100},
    "small": {"kind": "integer", "dtype": "int8", "minimum": 0, "maximum": 100},
    "text": {"kind": "string", "dtype": "str", "categories": ("a", "b")},
    "free": {"kind": "string", "dtype": "str"},
    "flag": {"kind": "boolean", "dtype": "bool", "categories": (False, True)},
    "time": {"kind": "datetime", "dtype": "datetime64[us]", "minimum": 0.0, "maximum": 1e18},
    "barred": {
        "kind": "string", "dtype": "str", "categories": ("a",), "refuses": ("null", "empty"),
    },
}  # fmt: skip
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-300, 300),
    st.integers(),
    st.floats(),
    st.sampled_from(["a", "b", "", "\ud800", "ü", "2001-01-01T00:00:00", "soon"]),
    st.just([1]),
)


def column(name: str) -> Column:
    return Column.model_validate({"name": "x", "nullable": True, **COLUMNS[name]})


@pytest.mark.parametrize("name", COLUMNS)
@given(cell=CELLS)
def test_one_cell_is_taken_as_by_the_exact_checker_or_not_at_all(name, cell):
    told = column(name)
    exact = ColumnConverter(told)
    try:
        value, anomaly = FastConverter(told, judged=True).one(cell)
    except (SlowPathError, ConversionError):
        return
    wanted = None if cell is None else exact.take_one(cell)
    assert (value, type(value)) == (wanted, type(wanted))
    assert anomaly == exact.judge(wanted)
    assert not exact.is_barred(wanted, anomaly)


@pytest.mark.slow
@pytest.mark.parametrize("name", COLUMNS)
@given(cells=st.lists(CELLS, min_size=1, max_size=6))
def test_many_cells_are_taken_together_only_where_none_is_unusual(name, cells):
    told = column(name)
    found = FastConverter(told, judged=True).many(cells)
    if found is None:
        return
    exact = ColumnConverter(told)
    wanted = exact.take(cells)
    assert list(found) == wanted
    assert list(exact.anomalies(wanted)) == []
    assert exact.barred(wanted) == []


@pytest.mark.parametrize(
    ("name", "cells"),
    [("number", [1.0, 2, 3.5]), ("integer", [1, 2]), ("text", ["a", "b"]), ("flag", [True])],
)
def test_usual_cells_are_taken_together(name, cells):
    assert list(FastConverter(column(name), judged=True).many(cells)) == cells
