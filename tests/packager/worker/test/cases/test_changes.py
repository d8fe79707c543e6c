"""What changes do to cells."""

from __future__ import annotations

from typing import Any

import pytest

from packager.errors import UsageError
from packager.manifest.case_terms import CellChange
from packager.manifest.manifest import Column, Schema
from packager.worker.test.cases.changes import changed_rows

SCHEMA = Schema(
    features=tuple(
        Column(name=name, kind=kind, dtype="object", nullable=True)
        for name, kind in (
            ("size", "number"),
            ("count", "integer"),
            ("cost", "decimal"),
            ("name", "string"),
            ("other", "string"),
        )
    )
)
ROWS = [
    {"size": 1.5, "count": 3, "cost": "1.20", "name": "ab", "other": "x"},
    {"size": None, "count": None, "cost": None, "name": None, "other": "y"},
    {"size": -2.0, "count": 0, "cost": "10", "name": "Cd", "other": "z"},
]


def changed(**changes: Any) -> list[dict[str, Any]]:
    terms = {name: CellChange.parse(one) for name, one in changes.items()}
    return changed_rows(ROWS, terms, SCHEMA, "mine")


@pytest.mark.parametrize(
    ("column", "change", "cells"),
    [
        ("size", "* 2", [3.0, None, -4.0]),
        ("size", "- 0.5", [1.0, None, -2.5]),
        ("count", "* 1.5", [4, None, 0]),
        ("count", "+ 2", [5, None, 2]),
        ("cost", "* 1.1", ["1.32", None, "11.0"]),
        ("cost", "+ 0.1", ["1.30", None, "10.1"]),
        ("size", 7, [7, 7, 7]),
        ("count", 7.0, [7, 7, 7]),
        ("name", "set:Ideal", ["Ideal", "Ideal", "Ideal"]),
        ("name", "upper", ["AB", None, "CD"]),
        ("name", "lower", ["ab", None, "cd"]),
        ("name", "pad", [" ab ", None, " Cd "]),
        ("name", "null", [None, None, None]),
    ],
)
def test_the_cells_of_a_column(column: str, change: Any, cells: list[Any]) -> None:
    made = changed(**{column: change})
    assert [row[column] for row in made] == cells
    assert [{**row, column: 0} for row in made] == [{**row, column: 0} for row in ROWS]


def test_whole_numbers_stay_whole() -> None:
    assert all(isinstance(row["count"], int | None) for row in changed(count="* 1.1"))


def test_two_columns_are_swapped_and_every_change_reads_the_row_as_it_was() -> None:
    made = changed(name="swap:other", size="* 2")
    assert [(row["name"], row["other"]) for row in made] == [("x", "ab"), ("y", None), ("z", "Cd")]


def test_shuffled_cells_are_the_same_cells_in_an_order_that_stays() -> None:
    made = [row["other"] for row in changed(other="shuffle")]
    assert sorted(made) == ["x", "y", "z"]
    assert made == [row["other"] for row in changed(other="shuffle")]


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("name", "* 2", "expected a column of numbers for the change multiply, got 'name'"),
        ("size", "upper", "expected a column of text for the change upper, got 'size'"),
        ("size", "set:big", "expected a number for the column 'size', got 'big'"),
        ("absent", 1, "expected a feature in `change`, got 'absent'"),
        ("name", "swap:absent", "expected a feature in `change`, got 'absent'"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(column: str, change: Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        changed(**{column: change})
    assert refused.value.message.startswith("case 'mine': ")
    assert message in refused.value.message
