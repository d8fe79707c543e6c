"""Derived numbers: by name, for every kind of column, equal for frames and for served columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import gray_png

from monitoring.derived.measures import CATEGORIES, LEARNED, MEASURES, as_values, measured
from packager.data.array_column import ArrayColumn

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))


COLUMNS: dict[str, list[Any]] = {
    "array": [np.array([[0, 3], [4, 0]]), None, np.array([[1, 1], [1, 1]])],
    "bytes": [gray_png(np.full((4, 6), 51)), None, b"text"],
    "list": [[1, 2, 2.0], None, []],
    "string": ["Ein Wort", None, "слово и слово"],
}


@pytest.mark.parametrize(
    ("kind", "measure", "expected"),
    [
        ("array", "mean", [1.75, None, 1]),
        ("array", "norm", [5, None, 2]),
        ("array", "std", [np.std([0, 3, 4, 0]), None, 0]),
        ("array", "zeros", [0.5, None, 0]),
        ("array", "nonfinite", [0, None, 0]),
        ("bytes", "bytes", [len(COLUMNS["bytes"][0]), None, 4]),
        ("bytes", "format", ["PNG", None, "none"]),
        ("bytes", "width", [6, None, None]),
        ("bytes", "height", [4, None, None]),
        ("bytes", "brightness", [0.2, None, None]),
        ("bytes", "contrast", [0, None, None]),
        ("list", "length", [3, None, 0]),
        ("list", "mean", [5 / 3, None, None]),
        ("string", "length", [8, None, 13]),
        ("string", "script", ["Latin", None, "Cyrillic"]),
    ],
)
def test_a_measure_of_each_cell(kind: str, measure: str, expected: list[Any]) -> None:
    found = as_values(measured(COLUMNS[kind], measure))
    assert found == [
        want if want is None or want is str else pytest.approx(want) for want in expected
    ]
    series = pd.Series(COLUMNS[kind], dtype=object)
    assert as_values(measured(series, measure)) == found
    alone = [as_values(measured([cell], measure))[0] for cell in COLUMNS[kind]]
    assert alone == found


def test_every_measure_that_needs_no_training_rows_is_tested() -> None:
    for kind, measures in MEASURES.items():
        for measure in set(measures) - LEARNED:
            found = measured(COLUMNS[kind], measure)
            assert isinstance(found, list) == (measure in CATEGORIES)
            assert len(found) == 3


@given(SHAPES, st.integers(0, 2**31))
def test_a_block_has_the_measures_of_its_cells(shape: tuple[int, ...], seed: int) -> None:
    block = np.random.default_rng(seed).normal(1e6, 1, shape).astype(np.float32)
    block.flat[0] = [np.nan, np.inf, 0][seed % 3]
    absent = np.zeros(len(block), bool)
    absent[-1] = len(block) > 1
    column = ArrayColumn(np.where(absent.reshape(-1, 1, 1), 0, block), absent)
    for measure in set(MEASURES["array"]) - LEARNED:
        found = measured(pd.Series(column), measure)
        for row in range(len(block)):
            if absent[row]:
                assert np.isnan(found[row])
            else:
                alone = measured([block[row]], measure)[0]
                assert found[row] == pytest.approx(alone, abs=1e-12)
                assert found[row] == pytest.approx(plainly(block[row], measure), rel=1e-9)


def plainly(cell: np.ndarray, measure: str) -> float:
    numbers = cell.astype(np.float64).ravel()
    finite = numbers[np.isfinite(numbers)]
    return {
        "mean": finite.mean() if len(finite) else 0,
        "std": finite.std() if len(finite) else 0,
        "norm": math.sqrt((finite**2).sum()),
        "zeros": (numbers == 0).mean(),
        "nonfinite": 1 - len(finite) / len(numbers),
    }[measure]


def test_a_column_without_values_has_no_numbers() -> None:
    assert as_values(measured([None, None], "mean")) == [None, None]
    assert measured([None], "script") == [None]


def test_a_measure_of_other_cells_is_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match="expected one of length, unseen, mean of a column of list"
    ):
        measured([[1]], "brightness")
    with pytest.raises(ValueError, match="expected arrays, bytes, lists or text for 'mean'"):
        measured([1.5], "mean")
