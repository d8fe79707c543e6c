from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.columns import ColumnSpec, decode_columns
from modelhost.frames import FrameBuilder
from modelhost.solution.errors import MemberInputError
from modelhost.solution.member_input import encoded_columns, member_columns
from tests.support.solution_samples import member_spec


def column(kind: str, dtype: str = "object", **more: Any) -> ColumnSpec:
    return ColumnSpec("x", kind, dtype, **more)


def handed(values: Any, spec: ColumnSpec) -> Any:
    """The column as the member's model gets it, after a message."""
    member = member_spec("price", features=(spec,))
    rows = values if isinstance(values, np.ndarray) else pd.DataFrame({"x": values})
    columns, count = member_columns(rows, member)
    made = encoded_columns(columns, [spec], count)
    arrived = decode_columns(made.described, made.buffers, count)
    inline = FrameBuilder([spec]).frame(columns, count)["x"]
    sent = FrameBuilder([spec]).frame(arrived, count)["x"]
    pd.testing.assert_series_equal(inline, sent)
    return sent


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize(
    ("values", "spec", "expected"),
    [
        ([1, 2, 3], column("number", "float64"), [1.0, 2.0, 3.0]),
        ([1.5, None, 3], column("number", "float64"), [1.5, np.nan, 3.0]),
        ([1, 2, 3], column("integer", "int64"), [1, 2, 3]),
        ([1.0, 2.0, 3.0], column("integer", "int64"), [1, 2, 3]),
        ([True, False, True], column("boolean", "bool"), [True, False, True]),
        (["a", "b", None], column("string", "object"), ["a", "b", np.nan]),
        (["a", "b", "c"], column("string", "category", categories=("a", "b")), ["a", "b", np.nan]),
        ([b"a", b"b", None], column("bytes"), [b"a", b"b", np.nan]),
        ([[1], [], [2, 3]], column("list", element="integer"), [[1], [], [2, 3]]),
        ([dt.date(2024, 1, n) for n in (1, 2, 3)], column("date"), None),
        ([Decimal("1.20"), Decimal("3"), Decimal("4")], column("decimal"), None),
    ],
    ids=str,
)
def test_values_arrive_as_in_training(
    values: list[Any], spec: ColumnSpec, expected: list[Any] | None, rows: int
) -> None:
    whole = (values * rows)[:rows]
    found = handed(whole, spec).tolist()
    for one, other in zip(found, (expected or values) * rows):
        assert one == other or (one != one and other != other)


@pytest.mark.parametrize("rows", [2, 40])
def test_times_get_the_unit_of_training(rows: int) -> None:
    moments = pd.Series(pd.to_datetime(["2024-01-31 10:00", None] * (rows // 2)))
    found = handed(moments.astype("datetime64[ns]"), column("datetime", "datetime64[s]"))
    assert str(found.dtype) == f"datetime64[{'ns' if pd.__version__ < '2' else 's'}]"
    assert found[0] == pd.Timestamp("2024-01-31 10:00")
    assert found.isna().sum() == rows // 2


def test_times_with_an_offset_need_one() -> None:
    moments = pd.Series(pd.to_datetime(["2024-01-31 10:00"])).dt.tz_localize("Europe/Berlin")
    found = handed(moments, column("datetime", "datetime64[us, UTC]"))
    assert found[0] == pd.Timestamp("2024-01-31 09:00", tz="UTC")
    with pytest.raises(MemberInputError, match="column 'x': expected times, got datetime64"):
        handed(moments, column("datetime", "datetime64[us]"))


@pytest.mark.parametrize(
    ("values", "spec", "told"),
    [
        (["a"], column("number", "float64"), "expected numbers, got str, such as 'a'"),
        ([True], column("number", "float64"), "expected numbers, got bool with bool"),
        ([1.5], column("integer", "int64"), "expected whole numbers, got float64 with float"),
        ([1], column("boolean", "bool"), "expected booleans, got int64 with int"),
        ([1], column("string"), "expected text, got int64 with int"),
        (["2024"], column("datetime", "datetime64[s]"), "expected times, got str, such as"),
        ([b"a"], column("list", element="integer"), "expected lists, got bytes, such as"),
    ],
    ids=str,
)
def test_values_of_another_kind_name_member_column_and_both(
    values: list[Any], spec: ColumnSpec, told: str
) -> None:
    with pytest.raises(MemberInputError, match=f"member 'price': column 'x': {told}"):
        handed(values, spec)


def test_a_column_that_is_not_there() -> None:
    rows = pd.DataFrame({"y": [1.0, 2.0]})
    expected = "column 'x': expected a column of that name, got the columns y"
    with pytest.raises(MemberInputError, match=expected):
        member_columns(rows, member_spec("price"))
    columns, _ = member_columns(rows, member_spec("price", defaults={"x": 7.0}))
    assert columns == [[7.0, 7.0]]


def test_arrays_of_the_only_feature_or_of_all() -> None:
    pixels = column("array", shape=(2, 2), element="uint8")
    block = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    assert np.array_equal(np.stack(list(handed(block, pixels))), block)
    assert np.array_equal(np.stack(list(handed(list(block), pixels))), block)
    with pytest.raises(MemberInputError, match=r"arrays of shape \(2, 2\), got arrays of shape"):
        handed(np.zeros((3, 5)), pixels)
    two = member_spec("price", features=(column("number", "float64"), column("integer", "int64")))
    columns, rows = member_columns(np.array([[1.5, 2.0], [2.5, 3.0]]), two)
    assert (rows, [list(one) for one in columns]) == (2, [[1.5, 2.5], [2, 3]])
    with pytest.raises(MemberInputError, match=r"its array: expected shape \(rows, 2\)"):
        member_columns(np.zeros((2, 3)), two)


def test_something_else_than_rows() -> None:
    with pytest.raises(MemberInputError, match="expected a data frame or an array, got list"):
        member_columns([1, 2], member_spec("price"))


@given(st.lists(st.none() | st.floats(width=32), min_size=1, max_size=40))
def test_numbers_survive(values: list[float | None]) -> None:
    found = handed(values, column("number", "float64")).tolist()
    whole = [np.nan if one is None else one for one in values]
    assert np.array_equal(np.array(found), np.array(whole, float), equal_nan=True)


@pytest.mark.slow
@given(st.lists(st.none() | st.text(), min_size=1, max_size=40))
def test_texts_survive(values: list[str | None]) -> None:
    found = handed(pd.Series(values, dtype=object), column("string")).tolist()
    assert [None if one != one else one for one in found] == values


@pytest.mark.parametrize(
    ("cells", "element", "kept"),
    [
        ([[0.7, 0.2]], "uint8", False),
        ([[300, 1]], "uint8", False),
        ([[3.0, 1.0]], "uint8", True),
        ([[1e300, 1.0]], "float32", False),
        ([[0.1, np.inf]], "float32", True),
    ],
)
def test_an_array_is_converted_only_where_no_value_is_lost(
    cells: list[list[float]], element: str, kept: bool
) -> None:
    spec = column("array", shape=(2,), element=element)
    if kept:
        assert np.allclose(np.stack(list(handed(np.array(cells), spec))), cells)
        return
    with pytest.raises(MemberInputError, match=f"an array of {element}, got values that {element}"):
        handed(np.array(cells), spec)


def test_times_finer_than_in_training_are_refused() -> None:
    moments = pd.Series(pd.to_datetime(["2024-01-31 10:00:00.5"]))
    with pytest.raises(MemberInputError, match="expected times"):
        handed(moments, column("datetime", "datetime64[s]"))


def test_two_columns_of_a_name() -> None:
    rows = pd.DataFrame([["a", "b"]], columns=["x", "x"])
    with pytest.raises(MemberInputError, match="column 'x': expected one column, got 2 columns"):
        member_columns(rows, member_spec("price", features=(column("string"),)))


@pytest.mark.parametrize(
    ("kind", "told"), [("date", "dates"), ("time", "times of day"), ("decimal", "decimals")]
)
def test_objects_of_another_kind_are_named(kind: str, told: str) -> None:
    with pytest.raises(MemberInputError, match=f"column 'x': expected {told}, got int64 with int"):
        handed([1], column(kind))
