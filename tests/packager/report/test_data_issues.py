"""Issues as files: Parquet for programs, CSV for verdicts, a page for people."""

from __future__ import annotations

import csv

import pyarrow.parquet as pq
import pytest
from dirty_tables import dirty

from packager.data.checks.run import check
from packager.data.checks.table import table_of
from packager.report.data_issues import CSV, PAGE, PARQUET, write_issues
from packager.review.verdicts import Verdict, read_verdicts


@pytest.fixture
def report():
    frame = dirty()
    frame["colour"] = frame["colour"].astype(object)
    frame.loc[9, "colour"] = "=cmd|' /C calc'!A0"
    return check(table_of(frame, "label"), models=False)


def test_three_files_hold_the_same_findings(report, tmp_path):
    made = write_issues(report, report.findings, [], tmp_path, "issues of t")
    assert made == (tmp_path / PARQUET, tmp_path / CSV, tmp_path / PAGE)
    rows = pq.read_table(tmp_path / PARQUET).to_pylist()
    assert [row["row_hash"] for row in rows] == [one.row_hash for one in report.findings]
    lines = list(csv.DictReader((tmp_path / CSV).open()))
    about_rows = [one for one in report.findings if one.row is not None]
    assert [line["row_hash"] for line in lines] == [one.row_hash for one in about_rows]
    assert lines[0]["data:size"] == report.cells[about_rows[0].row_hash][0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((PARQUET, CSV, PAGE))


def test_a_cell_that_a_spreadsheet_would_run_is_text(report, tmp_path):
    write_issues(report, report.findings, [], tmp_path, "t")
    for line in csv.reader((tmp_path / CSV).open()):
        assert not any(cell.startswith(("=", "@", "\t")) for cell in line)


def test_verdicts_are_read_back_as_they_were_given(report, tmp_path):
    worst = next(one for one in report.findings if one.row is not None)
    given = [
        Verdict(
            row_hash=worst.row_hash, verdict="fix", column=worst.column, value="-5", reason="unit"
        )
    ]
    write_issues(report, report.findings, given, tmp_path, "t")
    assert read_verdicts(tmp_path / CSV) == tuple(given)


def test_no_findings_give_files_without_rows(report, tmp_path):
    write_issues(report, [], [], tmp_path, "t")
    assert pq.read_table(tmp_path / PARQUET).num_rows == 0
    assert len((tmp_path / CSV).read_text().splitlines()) == 1
