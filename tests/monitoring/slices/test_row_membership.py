"""Rows of requests are in the same slices as frame rows with the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from array_samples import arrays_in
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.column_arrays import ColumnLayout
from monitoring.slices.cells import coded_cells
from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.slices import SliceSet

CARATS = st.none() | st.floats(-3, 3) | st.sampled_from([0.0, 1.5, 2.0])
COLORS = st.none() | st.sampled_from(["D", "E", "F", "Z", "2", "2.0", ""])
COUNTS = st.none() | st.integers(-3, 5)
FLAGS = st.none() | st.booleans()
ROWS = st.lists(st.tuples(CARATS, COLORS, COUNTS, FLAGS), min_size=1, max_size=12)
RULES = {
    "large": "carat >= 1.5",
    "between": "0 < carat <= 2",
    "pale": 'color in ["D", "E"] and carat > 1',
    "not pale": 'not (color == "D") or count < 0',
    "outside": 'color not in ["D"]',
    "sum": "carat / count + 1 > -count",
    "flagged": "flag",
    "unflagged": "not flag and carat != 2",
    "one": "flag == 1",
    "same": "count == carat",
}
SLICES = SliceSet({"color": ("D", "E"), "count": ("1", "2"), "flag": ("False", "True")}, RULES)


def frame_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    carats, colors, counts, flags = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "carat": pd.Series([np.nan if v is None else v for v in carats], dtype="float64"),
            "color": pd.Series(colors, dtype="str"),
            "count": pd.Series(counts, dtype="Int64"),
            "flag": pd.Series(flags, dtype="boolean"),
        }
    )


def bits_of(masks: dict[str, Any], names: tuple[str, ...], rows: int) -> list[int]:
    return [sum(1 << i for i, name in enumerate(names) if masks[name][row]) for row in range(rows)]


@pytest.mark.slow
@given(ROWS)
def test_bits_are_the_masks(rows: list[tuple[Any, ...]]) -> None:
    membership = SLICES.membership(["carat", "color", "count", "flag"])
    expected = bits_of(SLICES.masks(frame_of(rows)), SLICES.names, len(rows))
    assert membership.bitmaps(list(zip(*rows, strict=True)), len(rows)) == expected
    assert list(map(membership.bitmap, rows)) == expected


@pytest.mark.slow
@settings(max_examples=30)
@given(ROWS)
def test_repeated_rows_are_in_the_slices_of_one(rows: list[tuple[Any, ...]]) -> None:
    once, many = frame_of(rows), frame_of(rows * 8)
    many["color"] = many["color"].astype("category")
    assert {*coded_cells([many[name] for name in many])[1].layout.categories} == {0, 1, 2, 3}
    repeated = SLICES.masks(many)
    for name, mask in SLICES.masks(once).items():
        assert repeated[name].tolist() == mask.tolist() * 8, name


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["datetime64[s]", "datetime64[us, UTC]", "datetime64[ns]"])
@given(st.lists(st.none() | st.integers(0, 200), min_size=1, max_size=6))
def test_times_are_compared_and_declared_as_frames_have_them(
    dtype: str, days: list[int | None]
) -> None:
    clock = DatetimeUnit.of_dtype(dtype)
    ticks = [None if d is None else d * 86_400 * 10**9 // clock.nanoseconds for d in days]
    moments = [
        None if d is None else pd.Timestamp("1970-01-01") + pd.Timedelta(days=d) for d in days
    ]
    series = pd.Series(moments, dtype="datetime64[ns]")
    series = series.dt.tz_localize("UTC") if clock.zone else series
    frame = pd.DataFrame({"when": series.astype(dtype)})
    declared = (clock.text(ticks_of(clock, 3)), clock.text(ticks_of(clock, 100)))
    rules = {
        "late": "when >= '1970-03-01'",
        "on": "when in ['1970-01-04']",
        "off": "when != '1970-01-04'",
    }
    slices = SliceSet({"when": declared}, rules)
    expected = bits_of(slices.masks(frame), slices.names, len(days))
    membership = slices.membership(["when"], {"when": clock})
    assert membership.bitmaps([ticks], len(days)) == expected
    assert [membership.bitmap([tick]) for tick in ticks] == expected


def ticks_of(clock: DatetimeUnit, day: int) -> int:
    return day * 86_400 * 10**9 // clock.nanoseconds


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=2)
)


@given(st.lists(st.tuples(SCALARS, SCALARS), min_size=1, max_size=6))
def test_whatever_a_request_holds_has_bits(cells: list[tuple[Any, Any]]) -> None:
    rules = {"more": "x > 1", "not": "not x", "sum": "-x / 2 + y > 0", "in": "x in [1, 'a', True]"}
    slices = SliceSet({"x": ("1", "a")}, rules)
    membership = slices.membership("xy")
    bitmaps = membership.bitmaps(list(zip(*cells, strict=True)), len(cells))
    assert bitmaps == list(map(membership.bitmap, cells))
    for bits in bitmaps:
        assert bits & 1
        assert bin(bits >> 1 & 0b111).count("1") == 1


def test_the_first_bit_is_every_row() -> None:
    assert SliceSet({}, {}).membership(()).bitmaps((), 3) == [1, 1, 1]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="slices: column 'color' is absent"):
        SLICES.membership(["carat", "count", "flag"])


LAYOUTS = [
    ColumnLayout([0, 2, 3], {1: ("D", "E", "F", "Z", "2", "2.0", ""), 3: (True, False)}),
    ColumnLayout([0, 2], {1: ("D", "E", "F", "Z", "2", "2.0", "")}),
    ColumnLayout([0, 2, 3], {}),
]


@pytest.mark.slow
@given(st.lists(st.tuples(ROWS, st.sampled_from(LAYOUTS)), min_size=1, max_size=3))
def test_bits_by_code_are_those_of_each_row(requests: list[tuple[list[Any], ColumnLayout]]) -> None:
    membership = SLICES.membership(["carat", "color", "count", "flag"])
    for rows, layout in requests:
        columns = list(zip(*rows, strict=True))
        found = membership.bitmaps_of(columns, arrays_in(layout, columns))
        assert found.tolist() == membership.bitmaps(columns, len(rows))


def test_without_slices_every_row_is_in_the_first_alone() -> None:
    membership = SliceSet({}, {}).membership(["carat", "color"])
    columns = [[1.0, None], ["D", "E"]]
    found = membership.bitmaps_of(columns, arrays_in(ColumnLayout([0], {1: ("D", "E")}), columns))
    assert found.tolist() == membership.bitmaps(columns, 2) == [1, 1]
