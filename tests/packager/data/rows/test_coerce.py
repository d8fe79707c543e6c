"""One JSON value is converted to a column's type without loss, or refused."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.frames import array_builder
from packager.data.rows.coerce import (
    dtype_depends_on,
    format_bound,
    make_converter,
    nanoseconds_per_tick,
    needs_exact_floats,
    refuse_inexact,
)
from packager.data.rows.conversion_error import ConversionError
from packager.manifest.manifest import Column

KINDS = [
    ("number", "float64"),
    ("number", "float32"),
    ("number", "Float32"),
    ("number", "category"),
    ("integer", "int64"),
    ("integer", "int8"),
    ("integer", "UInt16"),
    ("boolean", "bool"),
    ("boolean", "object"),
    ("boolean", "boolean"),
    ("string", "str"),
    ("string", "object"),
    ("string", "category"),
    ("datetime", "datetime64[s]"),
    ("datetime", "datetime64[ns, Europe/Berlin]"),
    ("any", "object"),
    ("any", "any"),
]
JSON = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.just([1]),
    st.just({}),
    st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)).map(dt.datetime.isoformat),
)


def column(kind: str, dtype: str, **more: object) -> Column:
    return Column.model_validate(
        {"name": "x", "kind": kind, "dtype": dtype, "nullable": True, **more}
    )


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "dtype"), KINDS)
@given(value=JSON)
@pytest.mark.sample(6)
def test_what_is_taken_is_kept_by_the_array_and_all_else_is_refused(kind, dtype, value):
    told = column(kind, dtype)
    try:
        taken = make_converter(told)(value)
    except ConversionError:
        return
    cell = pd.Series(array_builder(told)([taken])).iloc[0]
    if kind == "datetime":
        moment = pd.Timestamp(value)
        assert pd.Timestamp(cell) == (moment if moment.tzinfo else moment.tz_localize(None))
    elif dtype.lower() == "float32":
        assert cell == np.float32(value)
    else:
        assert cell == value
        assert isinstance(value, bool) == isinstance(cell, bool | np.bool_)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "dtype"), KINDS)
@given(draws=st.lists(JSON, max_size=5))
@pytest.mark.sample(6)
def test_the_dtype_depends_on_what_is_said_and_on_nothing_else(kind, dtype, draws):
    told = column(kind, dtype)
    take, build = make_converter(told), array_builder(told)
    taken = []
    for value in draws:
        try:
            taken.append(take(value))
        except ConversionError:
            continue
    depends = dtype_depends_on(told)
    if not taken or depends == "values":
        return
    alone = build(taken[:1]).dtype
    assert build(taken).dtype == alone
    if depends == "nothing":
        assert build([*taken, None]).dtype == alone


@pytest.mark.slow
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_integers_beside_nulls_are_exact_or_refused(values):
    told = column("integer", "int64")
    assert needs_exact_floats(told)
    exact = all(int(float(value)) == value for value in values)
    if exact:
        refuse_inexact([*values, None])
        assert array_builder(told)([*values, None]).tolist()[:-1] == values
    else:
        with pytest.raises(ConversionError, match="integers that float64 holds exactly"):
            refuse_inexact([*values, None])


@pytest.mark.parametrize("dtype", ["Int64", "category"])
def test_integers_that_have_a_null_of_their_own_need_no_floats(dtype):
    assert not needs_exact_floats(column("integer", dtype))


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("datetime64[ms]", "2024-01-01T00:00:00.0001", "a time in whole ms"),
        ("datetime64[ns]", "9999-12-31", "a time that datetime64[ns] holds"),
        ("datetime64[s]", "2024-13-01", "an ISO 8601 time without an offset"),
        ("datetime64[s, UTC]", "2024-01-01", "an ISO 8601 time with an offset"),
    ],
)
def test_times_that_the_column_cannot_hold_are_refused(dtype, value, expected):
    with pytest.raises(ConversionError) as caught:
        make_converter(column("datetime", dtype))(value)
    assert caught.value.expected.startswith(expected)


@pytest.mark.parametrize(("unit", "length"), [("s", 10**9), ("ms", 10**6), ("ns", 1)])
def test_ticks_are_as_long_as_the_unit_says(unit, length):
    told = column("datetime", f"datetime64[{unit}]")
    assert nanoseconds_per_tick(told) == length
    ticks = make_converter(told)("2001-09-09T01:46:40")
    assert ticks * length == 10**18
    assert format_bound(told, float(ticks * length)) == "2001-09-09T01:46:40"


def test_bounds_of_aware_times_have_an_offset_and_numbers_stay_numbers():
    told = column("datetime", "datetime64[us, Europe/Berlin]")
    assert format_bound(told, 0.0) == "1970-01-01T00:00:00+00:00"
    assert format_bound(column("number", "float64"), 0.5) == 0.5


def test_a_value_that_is_no_category_becomes_null():
    told = column("string", "ordered category", categories=("S", "L"))
    sizes = array_builder(told)(["L", "XL", None])
    assert sizes.ordered
    assert list(sizes.categories) == ["S", "L"]
    assert sizes.codes.tolist() == [1, -1, -1]


def test_nulls_of_objects_are_nan_as_a_frame_read_from_csv_has_them():
    cells = array_builder(column("boolean", "object"))([True, None])
    assert cells[0] is True
    assert math.isnan(cells[1])
