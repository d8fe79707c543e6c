"""The files of data issues."""

from __future__ import annotations

import csv

import pandas as pd
import pyarrow.parquet as parquet

from packager.data.checks.run import check
from packager.data.checks.table import table_of
from packager.report.data_issues import write_issues
from packager.review.verdicts import Verdict, read_verdicts


def report():
    frame = pd.DataFrame({"size": [5 + i / 100 for i in range(200)], "label": ["x", "y"] * 100})
    frame.loc[7, "size"] = 900.0
    return check(table_of(frame, "label"), models=False)


def test_the_csv_takes_verdicts_and_shows_those_given(tmp_path):
    found = report()
    row_hash = found.findings[0].row_hash
    given = [Verdict(row_hash=row_hash, verdict="drop", reason="typo")]
    files = write_issues(found, found.findings, given, tmp_path / "new", "stones")
    assert [path.name for path in files] == ["issues.parquet", "issues.csv", "issues.html"]
    table = parquet.read_table(files[0])
    assert table.num_rows == len(found.findings)
    assert {"detector", "score", "column", "observed", "expected", "suggestion", "row_hash"} <= set(
        table.column_names
    )
    lines = list(csv.DictReader(files[1].open()))
    assert lines[0]["data:size"] == "900"
    assert read_verdicts(files[1]) == tuple(given)
