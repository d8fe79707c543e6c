"""The report of ``package test`` as text."""

from __future__ import annotations

from collections.abc import Iterator

from packager.report.table import Cell, table
from packager.worker.test.report import Check, DataTestReport, FamilyReport

MAX_CHECKS = 5
"""Checks shown of a family that passed; those that did not pass are all shown."""
HEADS = ("check", "packaged", "now", "change", "allowed", "rows", "q", "verdict")


def as_text(report: DataTestReport, columns: int | None = None) -> str:
    """Families, then what was not judged; the verdict is on the last line."""
    lines = [
        f"{report.name} {report.version} ({report.root[:12]}) on {report.rows:,} rows, "
        f"{report.labelled_rows:,} of them labelled"
    ]
    for family in report.families:
        lines += ["", *_family(family, columns)]
    lines += ["", *(f"note: {note}" for note in report.notes)] if report.notes else [""]
    return "\n".join([*lines, report.sentence])


def _family(family: FamilyReport, columns: int | None) -> Iterator[str]:
    why = f": {family.why}" if family.why else ""
    yield f"{family.family}: {family.verdict}{why}"
    shown = _shown(family)
    if shown:
        yield table(HEADS, map(_row, shown), columns, indent=2)
    if len(shown) < len(family.checks):
        yield f"  and {len(family.checks) - len(shown)} more that passed"


def _shown(family: FamilyReport) -> list[Check]:
    """What did not pass, and the first checks."""
    bad = [check for check in family.checks if check.verdict != "passed"]
    good = [check for check in family.checks if check.verdict == "passed"]
    return [*bad, *good[: max(0, MAX_CHECKS - len(bad))]]


def _row(check: Check) -> tuple[Cell, ...]:
    return (
        check.name,
        check.baseline,
        check.now,
        check.difference,
        check.limit,
        check.rows,
        check.q,
        check.verdict,
    )
