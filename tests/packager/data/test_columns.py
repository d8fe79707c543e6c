"""Canonical values of columns equal the reference implementation's, for any storage."""

import datetime as dt
import sys

import numpy as np
import pandas as pd
import pytest
import reference_dfp1 as reference
from hypothesis import given
from hypothesis import strategies as st

from packager.data.fingerprint import cell_hashes
from packager.errors import UsageError

finite_or_not = st.floats(allow_nan=True, allow_infinity=True)


texts = st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=12)


def expected(kind, values):
    cells = [("null", None) if value is None else (kind, value) for value in values]
    return [reference.cell("x", cell) for cell in cells]


def got(values, dtype=None):
    return cell_hashes(pd.Series(values, dtype=dtype), "x").tolist()


def same(left, right):
    return cell_hashes(left, "x").tolist() == cell_hashes(right, "x").tolist()


@given(st.lists(finite_or_not, max_size=20))
def test_floats_match_the_reference(values):
    assert got(values, "float64") == expected("float", values)
    assert got(values, "Float64") == expected("float", values)
    assert got(values, object) == expected("float", values)


@given(st.lists(st.floats(width=32), max_size=20))
def test_width_of_floats_does_not_matter(values):
    assert got(np.array(values, "float32")) == expected("float", values)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_signed_integers_match_the_reference(values):
    assert got(values, "int64") == expected("int", values)
    assert got(values, "Int64") == expected("int", values)
    assert got(values, object) == expected("int", values)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_unsigned_integers_match_the_reference(values):
    assert got(values, "uint64") == expected("int", values)


@pytest.mark.parametrize("value", [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 0, -(2**53) - 1])
def test_edges_of_integers_match_the_reference(value):
    assert got([value], "int64") == expected("int", [value])


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=20))
def test_booleans_match_the_reference(values):
    assert got(values, "boolean") == expected("bool", values)
    assert got(values, object) == expected("bool", values)
    plain = [value for value in values if value is not None]
    assert got(plain, "bool") == expected("bool", plain)


@pytest.mark.slow
@given(texts)
def test_storage_of_text_does_not_matter(values):
    wanted = expected("string", values)
    assert got(values, object) == wanted
    assert got(values, "string[python]") == wanted
    assert got(values, "string[pyarrow]") == wanted
    assert got(values, "category" if any(values) else object) == wanted
    if pd.__version__ >= "3":
        assert got(values, pd.StringDtype("python", na_value=np.nan)) == wanted
        assert got(values, pd.StringDtype("pyarrow", na_value=np.nan)) == wanted


@pytest.mark.parametrize("dtype", [object, "string[python]", "string[pyarrow]"])
@pytest.mark.parametrize("distinct", [3, 9000])
def test_few_and_many_distinct_texts_match_the_reference(dtype, distinct):
    values = [None if i % 7 == 0 else f"é{i % distinct}" for i in range(9000)]
    assert got(values, dtype) == expected("string", values)


def test_text_needs_no_pyarrow(monkeypatch):
    values = pd.Series(["a", None, "b", "a"], dtype="string[python]")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert cell_hashes(values, "x").tolist() == expected("string", ["a", None, "b", "a"])


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), max_size=20))
def test_times_match_the_reference_in_every_unit(ticks):
    for unit, nanoseconds in (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)):
        raw = np.array([-(2**63) if t is None else t for t in ticks], "int64")
        wanted = [None if t is None else t * nanoseconds for t in ticks]
        times = pd.Series(raw.view(f"M8[{unit}]"))
        assert got(times) == expected("timestamp", wanted)
        assert got(pd.Series(raw.view(f"m8[{unit}]"))) == expected("duration", wanted)


@pytest.mark.slow
@given(st.lists(st.datetimes(min_value=dt.datetime(1700, 1, 1), max_value=dt.datetime(2250, 1, 1))))
def test_zones_do_not_matter_but_having_one_does(values):
    series = pd.Series(values, dtype="datetime64[us]")
    berlin = series.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    epoch = dt.datetime(1970, 1, 1)
    wanted = [(v - epoch) // dt.timedelta(microseconds=1) * 1000 for v in values]
    assert got(series) == got(values, object) == expected("timestamp", wanted)
    assert got(berlin) == got(berlin.astype(object)) == expected("timestamptz", wanted)
    aware = [v.replace(tzinfo=dt.timezone(dt.timedelta(hours=5))) for v in values]
    shifted = [w - 5 * 3600 * 10**9 for w in wanted]
    assert got(aware, object) == expected("timestamptz", shifted)


def test_payload_of_nan_does_not_matter():
    strange = np.array([0x7FF8000000000001, 0xFFF0000000000123], "u8").view("f8")
    assert got(strange) == expected("float", [None, None])


def test_negative_zero_is_zero():
    assert got([-0.0]) == got([0.0]) == got([0])


def test_arrow_backed_columns_are_their_values():
    assert same(pd.Series([1, None], dtype="int64[pyarrow]"), pd.Series([1, None], dtype="Int64"))
    assert same(pd.Series([0.5, None], dtype="double[pyarrow]"), pd.Series([0.5, None]))
    assert same(pd.Series([True], dtype="bool[pyarrow]"), pd.Series([True]))
    stamps = pd.Series([pd.Timestamp("2024-01-31T10:00:00.000001"), None])
    assert same(stamps.astype("timestamp[us][pyarrow]"), stamps)
    assert same(pd.Series(["a", None], dtype=pd.ArrowDtype(pd.Series(["a"], dtype="string[pyarrow]")
                .array.__arrow_array__().type)), pd.Series(["a", None]))  # fmt: skip


def test_categories_are_their_values():
    assert same(pd.Series([3, 1, None, 3]).astype("category"), pd.Series([3, 1, None, 3]))
    assert same(pd.Series(pd.Categorical(["a", "b"], ["b", "z", "a"])), pd.Series(["a", "b"]))
    assert same(pd.Series([None, None], dtype="category"), pd.Series([None, None], dtype=object))


def test_sparse_columns_are_their_values():
    assert same(pd.Series(pd.arrays.SparseArray([0.0, 1.0, 0.0])), pd.Series([0, 1, 0]))


def test_lone_surrogates_are_hashed():
    assert got(["\ud800"], object) == expected("string", ["\ud800"])


def test_strided_columns_are_their_values():
    wide = pd.DataFrame(np.arange(40.0).reshape(8, 5))
    assert same(wide[2], pd.Series(wide[2].tolist()))


@pytest.mark.parametrize("value", [object(), 1j, {1, 2}, pd.Interval(0, 1), dt.time(tzinfo=dt.UTC)])
def test_values_without_a_rule_are_refused_by_column_and_row(value):
    with pytest.raises(UsageError, match="column 'x', row 1: expected a value that has a finger"):
        cell_hashes(pd.Series([None, value], dtype=object), "x")
