"""What changed between two data sets, for people."""

from __future__ import annotations

import pandas as pd
import pytest

from packager.compare.tables import compare, open_side
from packager.report.table_diff import compared_text

FRAME = pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0], "c": ["a", "b", "c"]})


@pytest.fixture
def told(tmp_path):
    """Compare FRAME with another table; the text of it."""

    def told(other: pd.DataFrame, *key: str) -> str:
        for name, frame in (("one", FRAME), ("other", other)):
            frame.to_parquet(tmp_path / f"{name}.parquet")
        sides = [open_side(str(tmp_path / f"{name}.parquet")) for name in ("one", "other")]
        return compared_text(compare(*sides, list(key)))

    return told


def test_equal_tables_are_told_in_one_line(told):
    assert told(FRAME) == "equal: the same 3 rows"
    assert told(FRAME[::-1]) == "equal: the same 3 rows, in another order"


def test_a_changed_cell_is_told_by_column_and_row(told):
    text = told(FRAME.assign(x=[1.0, 2.0, 9.5]), "id")
    assert "  0 added, 0 removed, 1 changed\n  ~ x: 1 cells\n" in text
    assert '"x": 3.0' in text
    assert '"x": 9.5' in text


def test_columns_that_came_and_went_are_told_first(told):
    lines = told(FRAME.rename(columns={"c": "new\x1b"})).splitlines()
    assert lines[0] == "schema"
    assert "  + new\\x1b" in lines
    assert "  - c" in lines


def test_rows_that_came_and_went_are_shown(told):
    text = told(pd.concat([FRAME[:2], FRAME.assign(id=7)[2:]]))
    assert "  1 added, 1 removed, 0 changed" in text
    assert '  + {"id": 7' in text
    assert '  - {"id": 3' in text
