"""Summary of a data check as text, with counts by detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.review.verdicts import Verdict

DESCRIPTIONS = {
    "schema": "columns that differ from the declared or previous schema",
    "leakage": "held-out rows that are also training rows",
    "group_overlap": "columns with groups on both sides of the split",
    "time_overlap": "held-out rows from the period of the training rows",
    "range": "values out of range",
    "missing": "unexpected missing values",
    "unseen_category": "values of an unknown category",
    "typo": "possible typos",
    "mixed_types": "cells of another type than their column",
    "placeholder": "placeholder values",
    "impossible_zero": "implausible zeros",
    "isolated_extreme": "isolated extreme values",
    "duplicate": "duplicate rows",
    "conflicting_label": "rows with equal features and different labels",
    "disputed_label": "rows whose annotators disagree",
    "near_duplicate": "rows with nearly the content of another row",
    "near_leakage": "held-out rows with nearly the content of a training row",
    "broken_image": "broken images",
    "mixed_images": "images of another format or size",
    "encoding": "texts read in a wrong encoding",
    "mixed_script": "texts in another script",
    "derived_outlier": "arrays, bytes, lists or texts unlike all others",
    "constant": "constant columns",
    "id_like": "columns that are row identifiers",
    "drift": "columns that drifted since the previous version",
    "slice_drift": "slices whose share changed",
    "target_leakage": "features that leak the target",
    "outlier": "outliers",
    "label_error": "likely label errors",
}
"""Detector → its description in the plural, as in ``12 duplicate rows``."""


@dataclass(frozen=True)
class DetectorCount:
    """The findings of one detector."""

    detector: str
    count: int
    blocking: bool
    """Whether its worst finding stops a build."""


def by_detector(report: DataCheckReport) -> list[DetectorCount]:
    """One entry per detector with findings, worst first."""
    worst: dict[str, DataFinding] = {}
    for finding in report.findings:
        worst.setdefault(finding.detector, finding)
    return [
        DetectorCount(name, report.counts[name], finding.blocking)
        for name, finding in worst.items()
    ]


def summary(report: DataCheckReport, verdicts: Sequence[Verdict] = ()) -> Iterator[str]:
    """The lines for the log of a build: one per detector, worst first."""
    yield checked(report)
    counts = by_detector(report)
    for one in counts:
        stops = ", stops a build" if one.blocking else ""
        yield f"{one.count:,} {DESCRIPTIONS[one.detector]} ({one.detector}{stops})"
    yield from notes(report, verdicts, counts)


def checked(report: DataCheckReport) -> str:
    """``checked 401 rows, 4 columns``."""
    return f"checked {_counted(report.rows, 'row')}, {_counted(len(report.columns), 'column')}"


def notes(
    report: DataCheckReport, verdicts: Sequence[Verdict], counts: Sequence[DetectorCount]
) -> Iterator[str]:
    """The lines after the findings: no findings, verdicts, and notes."""
    if not counts:
        yield "nothing found" if report.rows else "no rows: nothing could be found"
    judged = {verdict.row_hash for verdict in verdicts} & report.cells.keys()
    if judged:
        yield f"{_counted(len(judged), 'row')} with a verdict"
    yield from (f"note: {note}" for note in report.notes)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
