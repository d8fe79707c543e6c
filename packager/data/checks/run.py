"""Run a data check: every detector on one table, and one report of the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from modelhost.text import truncate
from packager.data.checks import leakage as shared
from packager.data.checks.categories import typo, unseen_category
from packager.data.checks.cell_display import MAX_CELL, cell_text, picture
from packager.data.checks.columns import constant, id_like
from packager.data.checks.cross_validation import OutOfFoldPredictions
from packager.data.checks.derived import derived_outlier
from packager.data.checks.disputes import disputed_label
from packager.data.checks.drift import drift, slice_drift
from packager.data.checks.duplicates import conflicting_label, duplicate
from packager.data.checks.encodings import encoding, mixed_script
from packager.data.checks.extremes import impossible_zero, isolated_extreme
from packager.data.checks.files import broken_image, mixed_images
from packager.data.checks.finding import DataCheckReport, DataFinding, Histogram, worst_first
from packager.data.checks.issue import DataIssue, NotApplicableError
from packager.data.checks.labels import label_error
from packager.data.checks.missing import missing
from packager.data.checks.mixed_types import mixed_types
from packager.data.checks.near_duplicates import near_duplicate, near_leakage, uncompared
from packager.data.checks.outliers import MAX_ROWS as FOREST_SAMPLE
from packager.data.checks.outliers import outlier
from packager.data.checks.placeholders import placeholder
from packager.data.checks.ranges import ranges
from packager.data.checks.schema import schema
from packager.data.checks.table import CheckedTable
from packager.data.checks.target_leakage import target_leakage

Detector = Callable[[CheckedTable], Iterator[DataIssue]]

WITHOUT_MODELS: dict[str, Detector] = {
    "schema": schema,
    "leakage": shared.leakage,
    "group_overlap": shared.group_overlap,
    "time_overlap": shared.time_overlap,
    "range": ranges,
    "missing": missing,
    "unseen_category": unseen_category,
    "typo": typo,
    "mixed_types": mixed_types,
    "placeholder": placeholder,
    "impossible_zero": impossible_zero,
    "isolated_extreme": isolated_extreme,
    "duplicate": duplicate,
    "conflicting_label": conflicting_label,
    "disputed_label": disputed_label,
    "near_duplicate": near_duplicate,
    "near_leakage": near_leakage,
    "broken_image": broken_image,
    "mixed_images": mixed_images,
    "encoding": encoding,
    "mixed_script": mixed_script,
    "derived_outlier": derived_outlier,
    "constant": constant,
    "id_like": id_like,
    "drift": drift,
    "slice_drift": slice_drift,
}
"""Detectors that need only the rows: they run on every machine, with equal results."""
WITH_MODELS: dict[str, Detector] = {"target_leakage": target_leakage, "outlier": outlier}
"""Detectors that train small models of their own; they need scikit-learn."""
LABEL_ERROR = "label_error"
DETECTORS = (*WITHOUT_MODELS, *WITH_MODELS, LABEL_ERROR)

MIN_PROGRESS_ROWS = 100_000
"""From this number of rows on, a caller should report progress."""
MAX_FINDINGS = 500
"""Maximum number of findings of a detector in a report: the worst."""
BINS = 40
MAX_PICTURES = 100
"""Maximum number of rows with pictures in a report."""


def check(
    table: CheckedTable,
    predictions: OutOfFoldPredictions | None = None,
    *,
    models: bool = True,
    notes: Iterable[str] = (),
    tell: Callable[[str], object] = lambda _: None,
) -> DataCheckReport:
    """Run the detectors on ``table``; ``label_error`` only with ``predictions``.

    ``models=False`` skips the detectors that need scikit-learn. ``tell`` is called with the name
    of each detector before it runs.
    """
    detectors = {**WITHOUT_MODELS, **(WITH_MODELS if models else {})}
    messages = list(notes)
    if not len(table):
        rest = ", ".join(name for name in (*detectors, LABEL_ERROR) if name != "schema")
        messages.append(f"no rows, so only the schema was checked: {rest}")
    if models and len(table) > FOREST_SAMPLE:
        messages.append(f"outlier: checked {FOREST_SAMPLE:,} of {len(table):,} rows")
    if predictions is not None:
        detectors[LABEL_ERROR] = lambda rows: label_error(rows, predictions)
        if len(predictions.rows) < len(table):
            messages.append(
                f"label_error: checked {len(predictions.rows):,} of {len(table):,} rows"
            )
    if not len(table):
        detectors = {"schema": detectors["schema"]}
    issues, unjudged = _run(detectors, table, tell)
    if len(table):
        messages += uncompared(table)
    for reason, names in unjudged.items():
        messages.append(f"{', '.join(names)}: not checked, because {reason}")
    counts = {name: sum(one.count for one in detected) for name, detected in issues.items()}
    findings = [one for name, detected in issues.items() for one in _worst(name, detected, table)]
    findings.sort(key=worst_first)
    return DataCheckReport(
        rows=len(table),
        columns=tuple(table.frame.columns),
        counts={name: count for name, count in sorted(counts.items()) if count},
        model_free=tuple(WITHOUT_MODELS),
        findings=tuple(findings),
        cells=_cells(table, findings),
        pictures=_pictures(table, findings),
        histograms=_histograms(table, findings),
        notes=tuple(messages),
    )


def _run(
    detectors: Mapping[str, Detector], table: CheckedTable, tell: Callable[[str], object]
) -> tuple[dict[str, list[DataIssue]], dict[str, list[str]]]:
    """Detector → its issues, and reason → the detectors that don't apply for it."""
    issues: dict[str, list[DataIssue]] = {}
    unjudged: dict[str, list[str]] = {}
    for name, detector in detectors.items():
        tell(name)
        try:
            with np.errstate(over="ignore"):  # differences of huge numbers may be infinite
                issues[name] = list(detector(table))
        except NotApplicableError as error:
            unjudged.setdefault(str(error), []).append(name)
    return issues, unjudged


def _worst(detector: str, issues: list[DataIssue], table: CheckedTable) -> list[DataFinding]:
    """The worst findings of one detector."""
    scores = [np.broadcast_to(issue.score, issue.count) for issue in issues]
    if not scores:
        return []
    which = np.concatenate([np.full(s.count, i) for i, s in enumerate(issues)])
    index = np.concatenate([np.arange(s.count) for s in issues])
    order = np.argsort(-np.concatenate(scores), kind="stable")[:MAX_FINDINGS]
    return [_finding(detector, issues[which[i]], int(index[i]), table) for i in order]


def _finding(detector: str, one: DataIssue, index: int, table: CheckedTable) -> DataFinding:
    score = float(np.broadcast_to(one.score, one.count)[index])
    row = None if one.rows is None else int(one.rows[index])
    if row is None:
        observed, where = one.observed if isinstance(one.observed, str) else "", {}
    else:
        observed = _observed(one, index, row, table)
        in_test = row >= table.source_rows
        where = {
            "part": "test" if in_test else "source",
            "row": row - table.source_rows if in_test else row,
            "row_hash": f"{int(table.hashes[row]):016x}",
        }
    return DataFinding(
        detector=detector,
        score=round(min(1.0, max(0.0, score)), 4),
        column=one.column,
        observed=observed,
        expected=one.expected,
        suggestion=one.suggestion,
        blocking=one.blocking,
        **where,
    )


def _observed(one: DataIssue, index: int, row: int, table: CheckedTable) -> str:
    if isinstance(one.observed, str):
        return truncate(one.observed, MAX_CELL)
    if one.observed is not None:
        return truncate(one.observed[index], MAX_CELL)
    if one.column is None:
        return ""
    return truncate(cell_text(table.frame[one.column].iloc[row]) or "no value")


def _pictures(table: CheckedTable, findings: list[DataFinding]) -> dict[str, dict[str, str]]:
    """Row hash → column → picture, for the first of the flagged rows."""
    names = [
        name for name in table.frame.columns if name in table.arrays or table.holds(name, bytes)
    ]
    pictures: dict[str, dict[str, str]] = {}
    for row_hash, row_index in _flagged(table, findings).items() if names else ():
        if len(pictures) == MAX_PICTURES:
            break
        shown = {name: picture(table.frame[name].iloc[row_index]) for name in names}
        if any(shown.values()):
            pictures[row_hash] = {name: own for name, own in shown.items() if own}
    return pictures


def _flagged(table: CheckedTable, findings: list[DataFinding]) -> dict[str, int]:
    """Row hash → position, for the flagged rows, the worst first."""
    indices: dict[str, int] = {}
    for finding in findings:
        if finding.row is not None:
            offset = table.source_rows if finding.part == "test" else 0
            indices.setdefault(finding.row_hash, finding.row + offset)
    return indices


def _cells(table: CheckedTable, findings: list[DataFinding]) -> dict[str, tuple[str | None, ...]]:
    """Row hash → cells as text, for the flagged rows."""
    flagged = _flagged(table, findings)
    rows = table.frame.iloc[list(flagged.values())]
    columns = [[cell_text(value) for value in rows[name]] for name in rows.columns]
    return dict(zip(flagged, zip(*columns, strict=True), strict=True)) if columns else {}


def _histograms(table: CheckedTable, findings: list[DataFinding]) -> dict[str, Histogram]:
    named = {finding.column for finding in findings}
    histograms = {}
    for name in table.numeric:
        values = table.numbers[name]
        values = values[np.isfinite(values)]
        if name in named and len(values):
            low, high = float(values.min()), float(values.max())
            if not np.isfinite(high - low):
                continue  # no bin would have a finite width
            # Bins can't be narrower than the spacing of floats of this size.
            least = 4 * BINS * float(np.spacing(max(abs(low), abs(high))))
            apart = high - low > least or (high == low and least < 1)
            reach = (low, high) if apart else (low - least, high + least)
            counts, edges = np.histogram(values, bins=BINS, range=reach)
            histograms[name] = Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))
    return histograms
