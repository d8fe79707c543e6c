from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from packager.data.rows.column_converter import ColumnConverter
from packager.manifest.manifest import Column
from serving.prediction.common_row import CommonRow

COLUMNS = (
    Column(name="x", kind="number", dtype="float64", nullable=True, minimum=-1.0, maximum=2.0),
    Column(name="n", kind="integer", dtype="int64", nullable=True, minimum=0, maximum=9),
    Column(name="t", kind="string", dtype="str", nullable=True, categories=("a", "b")),
    Column(name="b", kind="boolean", dtype="bool", nullable=True, categories=(True,)),
)
PLANS = [ColumnConverter(column) for column in COLUMNS]


def test_usual_cells_are_values_and_a_whole_number_becomes_a_float() -> None:
    assert repr(CommonRow(PLANS).values([1, 3, "a", True])) == "[1.0, 3, 'a', True]"


def test_a_category_is_the_object_of_the_schema() -> None:
    values = CommonRow(PLANS).values([0.5, 3, "".join(["a"]), True])
    assert values is not None
    assert values[2] is COLUMNS[2].categories[0]  # type: ignore[index]


@pytest.mark.parametrize(
    "cells",
    [
        [None, 3, "a", True],
        [2.5, 3, "a", True],
        [True, 3, "a", True],
        [float("nan"), 3, "a", True],
        [0.5, 3.0, "a", True],
        [0.5, 10, "a", True],
        [0.5, 3, "c", True],
        [0.5, 3, ["a"], True],
        [0.5, 3, "a", False],
        [0.5, 3, "a", 1],
    ],
)
def test_a_row_with_an_unusual_cell_is_none(cells: list[Any]) -> None:
    assert CommonRow(PLANS).values(cells) is None


def test_text_without_categories_is_usual_unless_it_is_empty_or_not_ascii() -> None:
    free = CommonRow([ColumnConverter(Column(name="f", kind="string", dtype="str", nullable=True))])
    assert free.values(["anything"]) == ["anything"]
    for cell in ("", "é", "\ud800", None, 1):
        assert free.values([cell]) is None


def test_a_limit_narrows_the_ranges() -> None:
    assert CommonRow(PLANS, 1.5).values([1.75, 1, "a", True]) is None
    assert CommonRow(PLANS, 1.5).values([1.5, 1, "a", True]) is not None


def test_a_column_of_a_rarer_kind_makes_every_row_unusual() -> None:
    when = Column(name="w", kind="datetime", dtype="datetime64[us]", nullable=False)
    assert CommonRow([ColumnConverter(when)]).values([0]) is None


ARRAY = Column(
    name="a", kind="array", dtype="array", nullable=True, shape=(2,), element="float32",
    minimum=-1.0, maximum=2.0,
)  # fmt: skip


def test_an_array_of_the_column_s_form_and_range_is_its_own_value() -> None:
    cell = np.array([-1.0, 2.0], np.float32)
    values = CommonRow([ColumnConverter(ARRAY)]).values([cell])
    assert values is not None
    assert values[0] is cell
    whole = ARRAY.model_copy(update={"element": "uint8", "minimum": None, "maximum": None})
    assert CommonRow([ColumnConverter(whole)]).values([np.array([0, 255], np.uint8)]) is not None


@pytest.mark.parametrize(
    "cell",
    [
        None,
        [0.0, 1.0],
        np.array([0.0, 1.0]),
        np.array([0.0], np.float32),
        np.array([[0.0, 1.0]], np.float32),
        np.array([0.0, np.nan], np.float32),
        np.array([np.inf, 0.0], np.float32),
        np.array([0.0, 2.5], np.float32),
        np.array([-1.5, 0.0], np.float32),
    ],
)
def test_any_other_cell_of_an_array_column_is_unusual(cell: Any) -> None:
    assert CommonRow([ColumnConverter(ARRAY)]).values([cell]) is None
    free = ARRAY.model_copy(update={"minimum": None, "maximum": None})
    inside = isinstance(cell, np.ndarray) and cell.dtype == np.float32 and cell.shape == (2,)
    usual = inside and bool(np.isfinite(cell).all())
    assert (CommonRow([ColumnConverter(free)]).values([cell]) is not None) == usual
