"""Parquet as CSV for packages that were built from CSV."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from packager.data import frames
from packager.errors import UsageError
from packager.manifest.read_options import TableReadOptions
from packager.testing.as_csv import write_as_csv

FRAME = pd.DataFrame(
    {
        "count": pd.array([1, None, 3], dtype="Int64"),
        "size": [0.1, 2.0, None],
        "text": ['a,"b"\n', "007", None],
        "flag": [True, False, True],
        "when": pd.to_datetime(["2026-01-02 03:04:05", "2026-01-03 00:00:00", None]),
    }
)


@pytest.mark.parametrize(
    "reader", [TableReadOptions(), TableReadOptions(separator=";", decimal=",")]
)
def test_values_come_back(tmp_path: Path, reader: TableReadOptions) -> None:
    FRAME.to_parquet(tmp_path / "new.parquet")
    write_as_csv(tmp_path / "new.parquet", tmp_path / "new.csv", reader)
    found = frames.read(tmp_path / "new.csv", reader)
    assert found["count"].tolist()[::2] == [1, 3]
    assert found["size"].tolist()[:2] == [0.1, 2.0]
    assert found["text"].tolist()[:2] == ['a,"b"\n', "007"]
    assert found["flag"].tolist() == [True, False, True]
    assert found.isna().sum().to_dict() == {"count": 1, "size": 1, "text": 1, "flag": 0, "when": 1}
    assert str(found["when"].iloc[0]).startswith("2026-01-02")


@pytest.mark.parametrize("cell", [b"x", [1, 2]])
def test_what_csv_can_not_hold_is_refused(tmp_path: Path, cell: object) -> None:
    pd.DataFrame({"a": [cell, cell]}).to_parquet(tmp_path / "new.parquet")
    with pytest.raises(UsageError, match="column 'a': expected values that CSV can hold, got"):
        write_as_csv(tmp_path / "new.parquet", tmp_path / "new.csv", TableReadOptions())
    assert not (tmp_path / "new.csv").exists()


def test_dates_are_text(tmp_path: Path) -> None:
    pd.DataFrame({"day": [dt.date(2026, 1, 2)]}).to_parquet(tmp_path / "new.parquet")
    write_as_csv(tmp_path / "new.parquet", tmp_path / "new.csv", TableReadOptions())
    assert (tmp_path / "new.csv").read_text() == "day\n2026-01-02\n"
