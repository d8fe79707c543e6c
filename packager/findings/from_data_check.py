"""The findings of ``package data check``: one issue for each detector and column."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.data.checks.run import DETECTORS
from packager.tracker.core.finding import PACKAGE_SUBJECT, Finding, Report, ScanReport, Unjudged
from packager.tracker.core.plot import MAX_ROWS, CountedRow, CountsPlot
from packager.tracker.core.texts import named

SOURCE = "data check"
KIND = "SuspiciousRows"
MIN_SCORE = 0.5
"""Below it a finding is a hint, which is shown by `package data issues` only."""
MIN_TICKET_SCORE = 0.8
MAX_HASHES = 10
ACTION = (
    "`package data issues` shows the rows; correct them at their source, or give a verdict with "
    "`package data verdict`."
)


def findings_of_data(
    report: DataCheckReport,
    unjudged: Sequence[DataFinding],
    package: str,
    scope: str,
    at: float,
    replaces: str = "",
) -> Report:
    """The report of a check at a time; ``unjudged``: its findings without a verdict.

    ``replaces``: the name of the data that these correct, whose issues end unless found again.

    A check without rows, and detectors that did not see all of them, close nothing.
    """
    groups: dict[tuple[str, str], list[DataFinding]] = defaultdict(list)
    for one in unjudged:
        if one.score >= MIN_SCORE:
            groups[one.detector, one.column or ""].append(one)
    scan = ScanReport(
        package=package,
        source=SOURCE,
        scope=scope,
        digest=report.digest,
        replaces=replaces,
        complete=report.rows > 0,
        at=at,
        unjudged=tuple(
            Unjudged(kind=KIND, ending=f"/{name}") for name in sorted(_not_judged(report))
        ),
    )
    alone = Counter(detector for detector, _ in groups)
    totals = {key: report.counts.get(key[0], 0) if alone[key[0]] == 1 else 0 for key in groups}
    sizes = {key: _rows_of(group, report, totals[key]) for key, group in groups.items()}
    findings = tuple(
        _finding(group, report, scan, sizes[key], _plot(key, sizes, report))
        for key, group in sorted(groups.items())
    )
    return Report(findings=findings, scan=scan)


def _rows_of(group: Sequence[DataFinding], report: DataCheckReport, total: int) -> int:
    """Rows of a group; ``total``: all findings, if the report names only the worst of them."""
    named_rows = {one.row for one in group if one.row is not None}
    return max(len(named_rows), min(total, report.rows)) if named_rows else report.rows


def _plot(
    subject: tuple[str, str], sizes: Mapping[tuple[str, str], int], report: DataCheckReport
) -> CountsPlot | None:
    """Suspicious rows by detector and column, those of the issue first."""
    if not report.rows:
        return None
    ordered = sorted(sizes, key=lambda key: (key != subject, -sizes[key], key))
    rows = [
        CountedRow(
            name=f"{detector} in {column or 'the table'}",
            count=min(sizes[detector, column], report.rows),
            subject=(detector, column) == subject,
        )
        for detector, column in ordered[:MAX_ROWS]
    ]
    return CountsPlot(title="Suspicious rows by kind", rows=tuple(rows), total=report.rows)


def _not_judged(report: DataCheckReport) -> set[str]:
    """Detectors that a note names, and those of which the report has only the worst findings."""
    noted = {word for note in report.notes for word in re.findall(r"\w+", note)}
    listed = Counter(finding.detector for finding in report.findings)
    cut = {name for name, count in report.counts.items() if count > listed[name]}
    return (noted & set(DETECTORS)) | cut


def _finding(
    group: Sequence[DataFinding],
    report: DataCheckReport,
    scan: ScanReport,
    rows: int,
    plot: CountsPlot | None,
) -> Finding:
    """``rows``: the number of rows that it is about."""
    first = group[0]
    score = max(one.score for one in group)
    hashes = [one.row_hash for one in group if one.row_hash][:MAX_HASHES]
    about = "the table" if first.column is None else first.column
    more = "" if rows <= len(hashes) else f", and {rows - len(hashes):,} more"
    return Finding(
        package=scan.package,
        kind=KIND,
        subject=_subject(first),
        severity="ticket" if score >= MIN_TICKET_SCORE else "info",
        share=min(rows / report.rows, 1.0) if report.rows else 1.0,
        certainty=score,
        evidence=f"{rows:,} of {report.rows:,} rows; score {score:.2g} of {first.detector}",
        title=f"{first.detector} in {about}: {rows:,} rows",
        summary=f"rows (dfp/1 hashes): {', '.join(hashes)}{more}" if hashes else "",
        action=ACTION,
        source=SOURCE,
        key=scan.scope,
        starts_at=scan.at,
        values={"rows": float(rows), "score": score},
        plot=plot,
    )


def _subject(finding: DataFinding) -> str:
    """``column=price/range``, or ``package`` with the detector for whole rows."""
    location = PACKAGE_SUBJECT if finding.column is None else f"column={finding.column}"
    return named(f"{location}/{finding.detector}")
