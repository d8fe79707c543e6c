"""Text columns have the hashes of their cells, for any storage."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from packager.data.canonical import canonical, mix
from packager.data.canonical import seed as seed_of
from packager.data.fingerprint import cell_hashes
from packager.errors import UsageError


@pytest.mark.parametrize(
    "values",
    [["a", None, "é" * 30], ["\ud800", "x", None], ["a\0b", "", "\0"], ["", None, ""], [None], [""],
     [], ["x", float("nan")], ["x", pd.NaT, Decimal("NaN")], [Decimal("sNaN")]],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 50])
def test_python_strings_are_hashed_as_the_cells_they_are(values, times):
    series = pd.Series(values * times, dtype=object)
    seed = np.uint64(seed_of("x"))
    wanted = [mix(int(np.uint64(canonical(value)[1]) ^ seed)) for value in series]
    assert cell_hashes(series, "x").tolist() == wanted


@pytest.mark.slow
def test_objects_that_recur_are_hashed_like_those_that_do_not():
    few = [Decimal("1.0"), "text", None, (1, 2), True, dt.date(2024, 1, 2), float("nan")]
    column = pd.Series(np.random.default_rng(0).choice(np.array([*few, 0], object)[:-1], 5000))
    every = [cell_hashes(pd.Series([value], dtype=object), "x")[0] for value in column]
    assert cell_hashes(column, "x").tolist() == every


def test_a_refused_object_is_named_by_its_first_row():
    column = pd.Series([1j if i % 100 == 70 else "text" for i in range(1000)], dtype=object)
    with pytest.raises(UsageError, match="column 'x', row 70: expected a value that has a finger"):
        cell_hashes(column, "x")


def test_a_slice_of_a_larger_arrow_column_is_the_same():
    series = pd.Series([f"text {i}" for i in range(9000)], dtype="string[pyarrow]")
    whole = cell_hashes(series, "x")
    assert cell_hashes(series.iloc[100:8000], "x").tolist() == whole[100:8000].tolist()
