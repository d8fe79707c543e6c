from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitoring.slices.cells import cell_values, clock_of, coded_cells, plain_values
from monitoring.slices.clock import DatetimeUnit

DAY = 86_400


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([1.5, np.nan, np.inf]), [1.5, None, np.inf]),
        (pd.Series([0.1], dtype="float32"), [0.10000000149011612]),
        (pd.Series([2**64 - 1], dtype="uint64"), [2**64 - 1]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series([True, False]), [True, False]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series(["a", None], dtype="str"), ["a", None]),
        (pd.Categorical([3, None, 1]), [3, None, 1]),
        (pd.Series([np.int64(1), np.float64("nan"), "a", True, 2**70], dtype=object),
         [1, None, "a", True, 2**70]),
        (pd.Series([pd.Timestamp("1970-01-02"), None], dtype="datetime64[s]"), [DAY, None]),
        (pd.Series([pd.Timestamp("1969-12-31T23:00+01:00")], dtype="datetime64[us, Europe/Berlin]"),
         [-7_200 * 10**6]),
    ],
)  # fmt: skip
def test_values_are_pythons_own(series: Any, expected: list[Any]) -> None:
    values = plain_values(pd.Series(series))
    assert values == expected
    assert list(map(type, values)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("series", "values"),
    [
        (pd.Series(["a", None, "b", "a"] * 2, dtype="str"), ["a", "b"]),
        (pd.Series([True, None] * 4, dtype="boolean"), [True]),
        (pd.Series([0.0, -0.0, np.nan, 0.0]), [0.0]),
        (pd.Series([2**63, None] * 4, dtype="UInt64"), [2**63]),
        (pd.Series(pd.Categorical([None, 3] * 4)), [3]),
        (pd.Series(pd.to_datetime(["1970-01-02"] * 4)).dt.as_unit("s"), [DAY]),
        (pd.Series([None] * 4, dtype="str"), []),
        (pd.Series([], dtype="str"), []),
        (pd.Series(["a", "b", "c", "d"], dtype="str"), None),
        (pd.Series([1, True, 1.0, 1], dtype=object), None),
        (pd.Series(pd.Categorical(["a"] * 4, categories=["a", "b"])), None),
        (pd.Series([1] * 1_000 + [*range(4_000)]), None),
        (pd.Series([*range(1_000), *[1] * 4_000]), None),
    ],
)  # fmt: skip
def test_columns_whose_values_repeat_have_codes(series: Any, values: list[Any] | None) -> None:
    (cells,), arrays = coded_cells([series])
    assert cells == cell_values(series)
    assert arrays.codes.shape == (int(values is not None), len(series))
    if values is not None:
        assert [*arrays.layout.codes[0]] == [*values, None]
        known = [*values, None]
        assert [known[code] for code in arrays.codes[0]] == cells


def test_the_column_itself_is_left_alone() -> None:
    series = pd.Series([np.int64(1), None], dtype=object)
    plain_values(series)
    assert type(series[0]) is np.int64


def test_only_times_have_a_clock() -> None:
    assert clock_of(pd.Series(["2020-01-01"])) is None
    assert clock_of(pd.Series([None], dtype="datetime64[ms]")) == DatetimeUnit("ms", None)
    times = pd.Series(pd.Categorical(pd.to_datetime(["2020-01-01"], utc=True).as_unit("us")))
    assert clock_of(times) == DatetimeUnit("us", "UTC")
