from __future__ import annotations

from typing import Any

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.report.data_check import counts_text, issues_text, verdicts_text
from packager.review.verdicts import Verdict

HASH = "ab" * 8


def finding(**fields: Any) -> DataFinding:
    values = {"detector": "outlier", "score": 0.9, "column": "size", "observed": "1\x1b[2J"}
    values |= {"expected": "2", "suggestion": "look", "row": 1234, "row_hash": HASH}
    return DataFinding(**(values | fields))


def report(*findings: DataFinding, rows: int = 2_000) -> DataCheckReport:
    counts = {one.detector: 1_500 for one in findings}
    return DataCheckReport(
        rows=rows, columns=("size",), counts=counts, model_free=(), findings=findings,
        cells={HASH: ("1",)}, histograms={}, notes=("sampled",),
    )  # fmt: skip


def test_counts_stand_to_the_right_and_what_stops_a_build_is_said() -> None:
    stops = finding(detector="leakage", blocking=True)
    text = counts_text(report(stops, finding()), [Verdict(row_hash=HASH, verdict="keep")])
    head, *rows, judged, note = text.splitlines()
    assert (head, judged) == ("checked 2,000 rows, 1 column", "1 row with a verdict")
    assert note == "note: sampled"
    assert [row.split() for row in rows] == [
        ["count", "issue", "detector", "stops", "a", "build"],
        [
            *("1,500", "held-out", "rows", "that", "are", "also", "training", "rows"),
            "leakage",
            "yes",
        ],
        ["1,500", "outliers", "outlier"],
    ]


def test_a_check_without_findings_says_so() -> None:
    assert "nothing found" in counts_text(report())
    assert "no rows: nothing could be found" in counts_text(report(rows=0))


def test_an_issue_is_one_line_whose_row_number_has_no_comma() -> None:
    lines = issues_text([finding(), finding(part="test", row=7), finding(row=None, row_hash="")])
    one, two, three = lines.splitlines()[1:]
    assert one == f" 0.90      1234  {HASH}  outlier   size    1\\x1b[2J; expected 2"
    assert two.split()[1:3] == ["7", "(test)"]
    assert three.split()[:2] == ["0.90", "outlier"]


def test_verdicts_are_listed_with_what_they_change() -> None:
    fix = Verdict(row_hash=HASH, verdict="fix", column="size", value="", reason="typo")
    keep = Verdict(row_hash="cd" * 8, verdict="keep")
    assert [line.split() for line in verdicts_text([fix, keep]).splitlines()] == [
        ["row", "hash", "verdict", "column", "value", "reason"],
        [HASH, "fix", "size", "empty", "typo"],
        ["cd" * 8, "keep"],
    ]
    assert verdicts_text([]) == ""
