"""Text that is ISO 8601 in every row is converted to times; other text is unchanged."""

from __future__ import annotations

import pytest

from packager.data.frames import infer_columns


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["2024-01-31", "", "2024-02-29"], "datetime64[s]"),
        (["2024-01-31", "2024-02-29 10:00:00.5"], "datetime64[us]"),
        (["2024-01-31T10:00:00.123456789"], "datetime64[ns]"),
        (["2024-01-31T10:00+01:00", "2024-07-31T10:00Z"], "datetime64[us, UTC]"),
        (["9999-12-31", "0001-01-01"], "datetime64[s]"),
    ],
)
def test_text_that_is_times_in_every_row_is_read_as_times(read_table, cells, dtype):
    text = "a,b\n" + "".join(f"{cell},1\n" for cell in cells)
    frame = read_table(text)
    assert str(frame["a"].dtype) == dtype
    assert infer_columns(frame)[0].kind == "datetime"
    kept = read_table(text, columns={"a": {"kind": "string"}})["a"]
    assert kept.fillna("").tolist() == cells


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-31", "2024-02-30"],
        ["2024-01-31T10:00", "2024-01-31T10:00Z"],
        ["2024-01-31", "31.01.2024"],
        ["2024-01-31", "20240131"],
        ["2024-01-31T24:00"],
        ["9999-12-31T00:00:00.000000001"],
    ],
)
def test_text_that_is_not_times_in_every_row_stays_text(read_table, cells):
    frame = read_table("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    assert frame["a"].tolist() == cells
