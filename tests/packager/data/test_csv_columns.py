"""Columns of cells, as they are declared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from packager.data.csv_columns import as_declared, read_as
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions

FILE = Path("rows.csv")


def reader(**kinds: str) -> TableReadOptions:
    columns = {name: {"kind": kind} for name, kind in kinds.items()}
    return TableReadOptions.model_validate({"columns": columns})


def test_declared_columns_are_converted_and_given_ones_are_not() -> None:
    frame = pd.DataFrame({"a": ["1", "0"], "b": [1, 2], "c": ["true", "x"]})
    found = as_declared(frame, reader(a="boolean", b="number", c="boolean"), FILE, dtypes={"c": 1})
    assert found["a"].tolist() == [True, False]
    assert found["b"].dtype == "float64"
    assert found["c"].tolist() == ["true", "x"]


def test_a_cell_that_does_not_match_is_named_by_its_row() -> None:
    frame = pd.DataFrame({"a": ["1", "x"]})
    with pytest.raises(UsageError, match=r"row 11, column 'a': expected a number, as declared"):
        as_declared(frame, reader(a="number"), FILE, dtypes={}, first=10)


def test_what_pandas_would_change_is_read_as_text() -> None:
    options = reader(a="string", b="number", c="datetime", d="boolean")
    assert read_as(options, "abcd") == {"a": "str", "c": "str", "d": "str"}
