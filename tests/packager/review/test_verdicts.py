"""Verdicts: stored by row hash, edited as CSV, never contradictory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.review.verdicts import Verdict, digest, merged, read_verdicts, write_verdicts

ONE, TWO = "00000000000000aa", "00000000000000bb"


def test_verdicts_are_read_back_sorted(tmp_path):
    given = [
        Verdict(row_hash=TWO, verdict="fix", column="size", value="5.1", reason="typo, said Ann"),
        Verdict(row_hash=ONE, verdict="drop"),
        Verdict(row_hash=TWO, verdict="fix", column="colour", value=""),
    ]
    write_verdicts(given, tmp_path / "verdicts.csv")
    assert read_verdicts(tmp_path / "verdicts.csv") == (given[1], given[2], given[0])
    assert read_verdicts(tmp_path / "none.csv") == ()


def test_lines_without_a_verdict_are_passed_over(tmp_path):
    file = tmp_path / "issues.csv"
    file.write_text(f"row_hash,verdict,column,value,reason,score\n{ONE},,x,,,1\n{TWO},keep,x,,,1\n")
    assert read_verdicts(file) == (Verdict(row_hash=TWO, verdict="keep"),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{ONE},remove,,", "line 2: expected keep, drop, dedupe, fix, got 'remove'"),
        ("xyz,drop,,", "line 2: expected a row hash of 16 hex digits, got 'xyz'"),
        (f"{ONE},fix,,5", "line 2: expected a column to fix, got none"),
        (f"{ONE},keep,,5", "line 2: expected no value with keep, got '5'"),
        (f"{ONE},keep,,\n{ONE},drop,,", f"one verdict on row {ONE}, got keep and drop"),
    ],
)
def test_a_verdict_that_makes_no_sense_is_refused_by_line(tmp_path, line, message):
    file = tmp_path / "verdicts.csv"
    file.write_text(f"row_hash,verdict,column,value\n{line}\n")
    with pytest.raises(UsageError) as refused:
        read_verdicts(file)
    assert message in refused.value.message


def test_a_file_without_verdicts_columns_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UsageError, match="expected a column 'row_hash', got none"):
        read_verdicts(tmp_path / "a.csv")


def test_a_newer_verdict_replaces_what_it_contradicts():
    drop = Verdict(row_hash=ONE, verdict="drop")
    fix = Verdict(row_hash=ONE, verdict="fix", column="a", value="1")
    other = Verdict(row_hash=ONE, verdict="fix", column="b", value="2")
    assert merged([drop], [fix]) == (fix,)
    assert merged([fix], [other]) == (fix, other)
    assert merged([fix, other], [drop]) == (drop,)


def test_the_digest_ignores_order_and_reasons():
    drop, keep = Verdict(row_hash=ONE, verdict="drop"), Verdict(row_hash=TWO, verdict="keep")
    assert digest([drop, keep]) == digest([keep, drop.model_copy(update={"reason": "x"})])
    assert digest([drop]) != digest([drop, keep])


def test_cells_that_a_spreadsheet_would_run_are_kept_as_text_and_read_back(tmp_path):
    file = tmp_path / "verdicts.csv"
    given = (
        Verdict(row_hash=ONE, verdict="fix", column="=size", value="=1+1", reason="@me"),
        Verdict(row_hash=TWO, verdict="fix", column="size", value="-5", reason="'=x"),
    )
    write_verdicts(given, file)
    assert file.read_text().splitlines()[1:] == [
        f"{ONE},fix,'=size,'=1+1,'@me",
        f"{TWO},fix,size,-5,''=x",
    ]
    assert read_verdicts(file) == given


def test_a_pipe_in_place_of_verdicts_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "verdicts.csv")
    with pytest.raises(UsageError, match="got a pipe, socket or device"):
        read_verdicts(tmp_path / "verdicts.csv")


def test_a_file_of_verdicts_with_a_cell_without_end_is_reported(tmp_path):
    path = tmp_path / "verdicts.csv"
    path.write_text("row_hash,verdict\n" + "x" * 200_000)
    with pytest.raises(UsageError, match="expected verdicts as CSV, got field larger than"):
        read_verdicts(path)
