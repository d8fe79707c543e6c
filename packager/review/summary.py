"""A report in words: a few lines for the terminal, and one line for each finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packager.data.checks.finding import DataCheckReport, Finding
from packager.review.verdicts import Verdict

WHAT = {
    "schema": "columns are not as declared or before",
    "leakage": "held-out rows are training rows too",
    "group_overlap": "columns have groups on both sides of the split",
    "time_overlap": "held-out rows lie in training's time",
    "range": "values out of their range",
    "missing": "values missing where there should be one",
    "unseen_category": "values that are no known category",
    "typo": "possible typos",
    "mixed_types": "cells of another type than their column",
    "placeholder": "placeholders in place of values",
    "impossible_zero": "zeros where all others are far from zero",
    "isolated_extreme": "values far apart from all others",
    "duplicate": "copies of other rows",
    "conflicting_label": "rows with equal features and unequal labels",
    "constant": "columns with one value",
    "id_like": "columns that only name rows",
    "drift": "columns moved since the version before",
    "slice_drift": "slices have another share than before",
    "target_leakage": "features give the target away",
    "outlier": "odd rows",
    "label_error": "labels a model contradicts",
}
"""Every detector, as ``12 copies of other rows`` reads."""


def summary(report: DataCheckReport, verdicts: Sequence[Verdict] = ()) -> Iterator[str]:
    """What a check found, a line for each detector that found something, worst first."""
    yield f"checked {_counted(report.rows, 'row')}, {_counted(len(report.columns), 'column')}"
    worst: dict[str, Finding] = {}
    for finding in report.findings:
        worst.setdefault(finding.detector, finding)
    for name, finding in worst.items():
        mark = "  stops a build" if finding.blocking else ""
        yield f"{report.counts[name]:>8,}  {WHAT[name]:<46} {name}{mark}"
    if not worst:
        yield "nothing found" if report.rows else "no rows: nothing could be found"
    judged = {verdict.row_hash for verdict in verdicts} & report.cells.keys()
    if judged:
        yield f"{len(judged):>8,}  rows have a verdict"
    yield from (f"note: {note}" for note in report.notes)


def line_of(finding: Finding) -> str:
    """One finding on one line: score, row, hash, detector, column, what was seen and expected."""
    row = "-" if finding.row is None else str(finding.row)
    if finding.part == "test":
        row = f"test {row}"
    about = f"{finding.column}: " if finding.column else ""
    return (
        f"{finding.score:.2f}  {row:>8}  {finding.row_hash or '-':<16}  {finding.detector:<18} "
        f"{about}{finding.observed}; expected {finding.expected}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
