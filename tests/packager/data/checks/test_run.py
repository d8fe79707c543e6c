"""The report: worst first, independent of the order of rows, with digests without models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dirty_tables import HALF, ROWS, clean, dirty, issues_of

from packager.data.checks import run as checks
from packager.data.checks.finding import DataCheckReport
from packager.data.checks.run import MAX_FINDINGS, WITH_MODELS, WITHOUT_MODELS, check
from packager.data.checks.table import table_of
from packager.data.fingerprint import row_hashes


def test_the_worst_comes_first_with_its_row_and_hash():
    frame = dirty()
    report = check(table_of(frame, "label", task="classification"))
    worst = report.findings[0]
    assert (worst.detector, worst.row, worst.column) == ("isolated_extreme", 8, "size")
    assert worst.row_hash == f"{int(row_hashes(frame)[8]):016x}"
    assert report.cells[worst.row_hash][0] == "58.9"
    scores = [finding.score for finding in report.findings]
    assert scores == sorted(scores, reverse=True)
    assert report.counts["duplicate"] == 1
    assert sum(report.histograms["size"].counts) == ROWS + 1


def test_the_same_rows_are_found_in_another_order():
    frame = dirty().drop_duplicates()
    one = check(table_of(frame, "label"), models=False)
    other = check(table_of(frame.iloc[::-1].reset_index(drop=True), "label"), models=False)
    assert {(f.detector, f.row_hash) for f in one.findings} == {
        (f.detector, f.row_hash) for f in other.findings
    }


def test_a_report_is_read_back_as_it_was(tmp_path):
    report = check(table_of(dirty(), "label"), models=False)
    (tmp_path / "check.json").write_bytes(report.dump())
    assert DataCheckReport.load(tmp_path / "check.json") == report


@pytest.mark.slow
def test_the_digest_holds_only_what_trains_nothing():
    table = table_of(dirty(), "label", task="classification")
    assert check(table).digest == check(table, models=False).digest
    assert check(table, models=False).digest != check(table_of(clean(), "label")).digest


def test_only_the_worst_of_many_findings_are_kept_and_all_are_counted():
    frame = pd.concat([clean()] * 3, ignore_index=True)
    report = check(table_of(frame, "label"), models=False)
    assert report.counts["duplicate"] == 2 * ROWS
    assert sum(finding.detector == "duplicate" for finding in report.findings) == MAX_FINDINGS


def test_an_empty_table_and_a_table_of_nulls_are_checked():
    assert check(table_of(clean().iloc[:0], "label")).findings == ()
    nothing = pd.DataFrame({"a": [None] * 60, "label": [None] * 60}, dtype=object)
    assert {f.detector for f in check(table_of(nothing, "label")).findings} == {
        "missing",
        "duplicate",
    }


def test_a_sample_is_chosen_by_content(monkeypatch):
    table = table_of(clean(), "label")
    other = table_of(clean().iloc[::-1].reset_index(drop=True), "label")
    assert set(table.hashes[table.sample(50)]) == set(other.hashes[other.sample(50)])
    monkeypatch.setattr(checks, "FOREST_SAMPLE", 50)
    assert check(table).notes == ("outlier: checked 50 of 400 rows",)


def test_too_few_rows_are_a_note_of_each_detector_that_needs_more():
    few = "{}: not checked, because 20 rows are too few: 50 are needed"
    report = check(table_of(clean().iloc[:20], "label"))
    assert report.notes == (few.format("isolated_extreme, id_like, target_leakage, outlier"),)


def test_a_target_of_one_value_leaks_nothing_and_says_so():
    report = check(table_of(clean().assign(label="yes"), "label"))
    assert report.notes == ("target_leakage: not checked, because label has one value",)


def test_unusual_columns_are_checked_like_others():
    rows = 300
    frame = pd.DataFrame(
        {
            "list": [np.array([i % 3, 2]) if i % 50 else None for i in range(rows)],
            "object": [{"x": i} for i in range(rows)],
            "same": [[1, 2]] * rows,
            "huge": np.array([2**64 - 1 - i for i in range(rows)], np.uint64),
            "one": np.full(rows, 2**60 + 1),
            "wide": [1.7e308, -1.7e308] * (rows // 2),
            "infinite": [float("inf"), 1.0] * (rows // 2),
        }
    )
    report = check(table_of(frame), models=False)
    named = {(finding.detector, finding.column) for finding in report.findings}
    assert {("constant", "same"), ("id_like", "object"), ("constant", "one")} <= named
    assert DataCheckReport.model_validate_json(report.dump()) == report


@pytest.mark.parametrize("name", [*WITHOUT_MODELS, *WITH_MODELS])
def test_a_clean_table_has_nothing_to_find(name):
    detector = {**WITHOUT_MODELS, **WITH_MODELS}[name]
    assert issues_of(detector, clean(), held_out=HALF) == []
