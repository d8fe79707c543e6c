"""What a data check found, counted by detector, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    "misspelt": "values that look misspelt",
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


@dataclass(frozen=True)
class DetectorCount:
    """What one detector found."""

    detector: str
    count: int
    blocking: bool
    """Whether its worst finding stops a build."""


def by_detector(report: DataCheckReport) -> list[DetectorCount]:
    """An entry for each detector that found something, worst first."""
    worst: dict[str, Finding] = {}
    for finding in report.findings:
        worst.setdefault(finding.detector, finding)
    return [
        DetectorCount(name, report.counts[name], finding.blocking)
        for name, finding in worst.items()
    ]


def summary(report: DataCheckReport, verdicts: Sequence[Verdict] = ()) -> Iterator[str]:
    """What a check found, for the log of a build: a line for each detector, worst first."""
    yield checked(report)
    found = by_detector(report)
    for one in found:
        stops = ", stops a build" if one.blocking else ""
        yield f"{one.count:,} {WHAT[one.detector]} ({one.detector}{stops})"
    yield from notes(report, verdicts, found)


def checked(report: DataCheckReport) -> str:
    """``checked 401 rows, 4 columns``."""
    return f"checked {_counted(report.rows, 'row')}, {_counted(len(report.columns), 'column')}"


def notes(
    report: DataCheckReport, verdicts: Sequence[Verdict], found: Sequence[DetectorCount]
) -> Iterator[str]:
    """What there is to say beside the findings."""
    if not found:
        yield "nothing found" if report.rows else "no rows: nothing could be found"
    judged = {verdict.row_hash for verdict in verdicts} & report.cells.keys()
    if judged:
        yield f"{_counted(len(judged), 'row')} with a verdict"
    yield from (f"note: {note}" for note in report.notes)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
