"""Writes data issues to files: Parquet for programs, CSV to fill in verdicts, an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.cache import atomic_file
from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.data.csv_writer import csv_writer
from packager.data.spreadsheet import escaped
from packager.report.data_issues_page import issues_page
from packager.review.verdicts import FIELDS, Verdict

PARQUET = "issues.parquet"
CSV = "issues.csv"
PAGE = "issues.html"
FACTS = ("score", "detector", "part", "row", "observed", "expected", "suggestion", "blocking")


def write_issues(
    report: DataCheckReport,
    findings: Sequence[DataFinding],
    verdicts: Sequence[Verdict],
    folder: Path,
    title: str,
) -> tuple[Path, ...]:
    """Write ``findings`` into ``folder`` as three files; return their paths."""
    with atomic_file(folder / PARQUET) as file:
        _write_parquet(findings, file)
    with atomic_file(folder / CSV) as file:
        _write_csv(report, findings, verdicts, file)
    with atomic_file(folder / PAGE) as file:
        file.write_text(issues_page(report, findings, verdicts, title), encoding="utf-8")
    return folder / PARQUET, folder / CSV, folder / PAGE


def _write_parquet(findings: Sequence[DataFinding], file: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    text = ("detector", "column", "observed", "expected", "suggestion", "part", "row_hash")
    schema = pa.schema(
        [
            ("score", pa.float64()),
            *((name, pa.string()) for name in text),
            ("row", pa.int64()),
            ("blocking", pa.bool_()),
        ]
    )
    rows = [finding.model_dump() for finding in findings]
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), file)


def _write_csv(
    report: DataCheckReport,
    findings: Sequence[DataFinding],
    verdicts: Sequence[Verdict],
    file: Path,
) -> None:
    """A line for each finding about a row, with its current verdict and the row's cells.

    Cells are escaped so that a spreadsheet runs none as a formula; importing the verdicts reverses
    that.
    """
    by_row = {verdict.row_hash: verdict for verdict in verdicts if verdict.verdict != "fix"}
    fixes = {verdict.key: verdict for verdict in verdicts if verdict.verdict == "fix"}
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv_writer(text)
        head = [*FIELDS, *FACTS, *(f"data:{name}" for name in report.columns)]
        writer.writerow(map(escaped, head))
        for finding in findings:
            if finding.row is None:
                continue
            key = finding.row_hash, finding.column or ""
            verdict = by_row.get(finding.row_hash) or fixes.get(key)
            cells = [
                finding.row_hash,
                verdict.verdict if verdict else "",
                finding.column,
                verdict.value if verdict else "",
                verdict.reason if verdict else "",
                *(getattr(finding, name) for name in FACTS),
                *report.cells[finding.row_hash],
            ]
            writer.writerow(map(escaped, cells))
