"""A data check for people: counts by detector, single issues, and verdicts."""

from __future__ import annotations

from dirty_tables import dirty

from packager.data.checks.finding import DataCheckReport, Finding
from packager.data.checks.run import check
from packager.data.checks.table import table_of
from packager.report.data_check import counts_text, issues_text, verdicts_text
from packager.review.verdicts import Verdict


def report() -> DataCheckReport:
    return check(table_of(dirty(), "label"), models=False)


def finding(**changes: object) -> Finding:
    fields = {
        "detector": "missing", "score": 0.9, "column": "x", "observed": "no value",
        "expected": "a value", "suggestion": "", "row": 7, "row_hash": "0" * 16,
    }  # fmt: skip
    return Finding.model_validate(fields | changes)


def test_detectors_are_told_with_their_counts_the_worst_first():
    found = report()
    lines = counts_text(found).splitlines()
    assert lines[0] == "checked 401 rows, 4 columns"
    assert "detector" in lines[1]
    told = [line for line in lines if "isolated_extreme" in line]
    assert told[0].split()[0] == str(found.counts["isolated_extreme"])


def test_an_issue_has_its_row_column_and_what_was_expected():
    text = issues_text([finding(), finding(row=3, part="test", column=None), finding(row=None)])
    lines = text.splitlines()
    assert lines[1].split()[:2] == ["0.90", "7"]
    assert "no value; expected a value" in lines[1]
    assert "3 (test)" in lines[2]


def test_rows_are_counted_from_0_and_those_of_the_held_out_file_are_marked():
    assert finding(row=0).row_number == "0"
    assert finding(row=0, part="test").row_number == "0 (test)"
    assert finding(row=None).row_number == ""


def test_control_characters_of_the_data_do_not_reach_the_terminal():
    assert "\x1b" not in issues_text([finding(observed="\x1b[2J", column="a\x07")])


def test_a_verdict_that_empties_a_cell_says_so():
    given = [
        Verdict(row_hash="0" * 16, verdict="fix", column="x", value="", reason="odd"),
        Verdict(row_hash="1" * 16, verdict="drop"),
    ]
    lines = verdicts_text(given).splitlines()
    assert lines[1].split() == ["0" * 16, "fix", "x", "empty", "odd"]
    assert lines[2].split() == ["1" * 16, "drop"]
