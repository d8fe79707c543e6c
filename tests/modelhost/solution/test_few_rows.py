from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.columns import ColumnSpec
from modelhost.frames import FrameBuilder
from modelhost.solution.few_rows import MAX_ROWS, FewRows
from modelhost.solution.member_input import member_columns
from tests.support.solution_samples import member_spec

SPECS = (
    ColumnSpec("x", "number", "float64"),
    ColumnSpec("n", "integer", "int64"),
    ColumnSpec("flag", "boolean", "bool"),
    ColumnSpec("name", "string", "object"),
    ColumnSpec("color", "string", "category", ("red", "blue")),
)
VALUES: list[list[Any]] = [
    [1.5, None],
    [3, 4],
    [True, False],
    ["å", None],
    ["blue", None],
]


@pytest.fixture
def frame() -> pd.DataFrame:
    return FrameBuilder(SPECS).frame(VALUES, 2)  # type: ignore[no-any-return]


def few(*specs: ColumnSpec) -> FewRows:
    return FewRows(member_spec("m", features=specs or SPECS))


def read(reader: FewRows, frame: pd.DataFrame, rows: int) -> list[list[Any]] | None:
    """The values, with None for NaN."""
    found = reader.values(frame, rows)
    return found and [[None if one != one else one for one in column] for column in found]


def test_each_kind_is_read_as_it_was_made(frame: pd.DataFrame) -> None:
    assert read(few(), frame, 2) == VALUES


def test_a_member_makes_the_same_frame_of_them(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(FrameBuilder(SPECS).frame(few().values(frame, 2), 2), frame)


def test_nulls_of_floats_stay_nan_but_for_other_dtypes(frame: pd.DataFrame) -> None:
    other = few(ColumnSpec("x", "number", "Float64"))
    assert other.values(frame, 2) == [[1.5, None]]
    (column,) = few(SPECS[0]).values(frame, 2) or ()
    assert math.isnan(column[1])


def test_it_agrees_with_the_general_way(frame: pd.DataFrame) -> None:
    columns, rows = member_columns(frame, member_spec("m", features=SPECS))
    assert rows == 2
    general = [one.tolist() if isinstance(one, np.ndarray) else one for one in columns]
    general[0] = [None if value != value else value for value in general[0]]
    assert read(few(), frame, 2) == general


def test_columns_are_found_by_name_and_a_new_order_is_noticed(frame: pd.DataFrame) -> None:
    reader = few(SPECS[3], SPECS[0])
    expected = [VALUES[3], VALUES[0]]
    assert read(reader, frame, 2) == expected
    assert read(reader, frame[["x", "color", "name"]], 2) == expected
    assert read(reader, frame.assign(more=1, other=dt.datetime(2020, 1, 1)), 2) == expected
    assert read(reader, frame.iloc[1:], 1) == [[None], [None]]


def test_frames_of_two_layouts_take_turns(frame: pd.DataFrame) -> None:
    reader = few(SPECS[0], SPECS[1])
    whole = pd.DataFrame({"x": [5.0, 6.0], "n": [7.0, 8.0]})
    for _ in range(2):
        assert read(reader, frame, 2) == VALUES[:2]
        assert reader.values(whole, 2) is None
        assert reader.values(whole.astype({"n": int}), 2) == [[5.0, 6.0], [7, 8]]


def test_values_are_those_of_the_frame_now(frame: pd.DataFrame) -> None:
    reader = few(SPECS[0])
    assert read(reader, frame, 2) == [[1.5, None]]
    frame["x"] = [7.0, 8.0]
    assert read(reader, frame, 2) == [[7.0, 8.0]]


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (SPECS[0], ["1", "2"]),
        (SPECS[0], [True, False]),
        (SPECS[0], pd.to_datetime(["2020-01-01", "2021-01-01"])),
        (SPECS[0], pd.period_range("2020", periods=2, freq="D")),
        (SPECS[0], pd.array([1, None], "Int64")),
        (SPECS[1], [1.0, 2.0]),
        (SPECS[2], [0, 1]),
        (SPECS[3], [1, 2]),
        (SPECS[3], ["a", 2]),
        (SPECS[3], ["a", pd.NA]),
        (ColumnSpec("t", "datetime", "datetime64[ns]"), pd.to_datetime(["2020-01-01"] * 2)),
        (ColumnSpec("k", "integer", "category", (1, 2)), pd.Categorical([1, 2])),
    ],
)
def test_what_needs_a_closer_look_is_left_to_the_general_way(spec: ColumnSpec, values: Any) -> None:
    assert few(spec).values(pd.DataFrame({spec.name: values}), 2) is None


def test_many_rows_absent_columns_and_other_objects_are_left_to_it_too(
    frame: pd.DataFrame,
) -> None:
    many = MAX_ROWS + 1
    assert few(SPECS[0]).values(pd.DataFrame({"x": np.zeros(many)}), many) is None
    assert few().values(frame[["x"]], 2) is None
    twice = pd.concat([frame[["x"]], frame[["x"]]], axis=1)
    assert few(SPECS[0]).values(twice, 2) is None
    assert few().values(np.zeros((2, 5)), 2) is None
    assert few().values([1, 2], 2) is None


def test_without_the_parts_of_pandas_frames_are_read_the_general_way() -> None:
    class Frame:
        """A frame of a version that stores its blocks otherwise."""

        columns = pd.Index(["x"])

    assert few(SPECS[0]).values(Frame(), 1) is None
