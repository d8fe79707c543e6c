"""Cells that their declared column can't hold."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from declared_columns import READER
from pyarrow import parquet

from packager.data.frames import read
from packager.errors import UsageError
from packager.manifest.read_options import ColumnReading, TableReadOptions
from packager.tables.stream import fingerprint_path


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("day", "31.01.2024", "an ISO 8601 date"),
        ("day", "2024-02-30", "an ISO 8601 date"),
        ("clock", "25:00", "an ISO 8601 time of day"),
        ("price", "1e400", "a decimal number as text"),
        ("price", "NaN(1)", "a decimal number as text"),
        ("tags", "a, b", "JSON text, like [1, 2]"),
        ("tags", "[1]", "a list with text at [0]"),
        ("tags", "[" * 9999, "JSON text"),
        ("sizes", "[1.5]", "a list with an integer at [0]"),
        ("blob", "AP8", "base64 text with padding"),
        ("xy", "[[1, 2], [3]]", "2x2 int16 values as nested lists, with 2 values at [1]"),
        ("xy", "[[1, 2], [3, null]]", "with a finite number that int16 holds at [1][1]"),
        ("xy", "[[1, 2], [3, 40000]]", "with a finite number that int16 holds at [1][1]"),
        ("xy", "[]", "2x2 int16 values as nested lists"),
        ("xy", "[[1, NaN], [3, 4]]", "JSON text"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_by_row_and_index(
    tmp_path: Path, column: str, cell: str, said: str
) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "a.csv").write_text(f'id,{column}\n1,\n2,"{quoted}"\n')
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        read(tmp_path / "a.csv", READER)
    assert f"row 1, column {column!r}: expected" in caught.value.message
    assert "[data.columns]" in caught.value.hint
    with pytest.raises(UsageError, match=re.escape(said)):
        fingerprint_path(tmp_path / "a.csv", READER)


def test_floats_are_no_decimals_and_a_null_within_an_array_is_no_nan(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"price": [0.1]}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="row 0, column 'price': expected a decimal number"):
        read(tmp_path / "a.parquet", READER)
    cells = pa.array([[0.0, 1.0], [None, 1.0]], pa.list_(pa.float32(), 2))
    parquet.write_table(pa.table({"x": cells}), tmp_path / "b.parquet")
    floats = ColumnReading(kind="array", shape=(2,), element="float32")
    with pytest.raises(UsageError, match=r"row 1, column 'x': .* at \[0\]"):
        read(tmp_path / "b.parquet", TableReadOptions(columns={"x": floats}))
