"""Whether new rows can be answered: columns, cells and the model itself. Exact checks."""

from __future__ import annotations

from packager.worker.test.answers import Answers
from packager.worker.test.new_rows import MAX_SHOWN, NewRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import Judged


def schema(rows: NewRows, answers: Answers | None) -> Judged:
    """Every feature is there, every cell is valid, and the model answers every valid row."""
    checks = [_columns(rows)]
    if not rows.absent:
        checks.append(_cells(rows))
    if answers is not None:
        checks.append(_answered(answers, rows))
    return Judged(checks)


def _columns(rows: NewRows) -> Check:
    absent = rows.absent
    names = ", ".join(map(repr, absent[:MAX_SHOWN]))
    return Check(
        family="schema",
        name="columns",
        rows=rows.read,
        headline=True,
        verdict="failed" if absent else "passed",
        why=f"the new data lack the feature{'s' * (len(absent) > 1)} {names}"
        if absent
        else f"every one of {len(rows.manifest.schema_.features)} features is there",
    )


def _cells(rows: NewRows) -> Check:
    wrong = rows.invalid
    first = wrong[0] if wrong else None
    why = "every cell is valid"
    if first is not None:
        why = (
            f"{len(wrong)} of {rows.read} rows are refused, first row {first.row}, column "
            f"{first.column!r}: expected {first.expected}, got {first.got}"
        )
    return Check(
        family="schema",
        name="cells",
        rows=rows.read,
        now=float(len(wrong)),
        limit=0.0,
        verdict="failed" if wrong else "passed",
        why=why,
        examples=tuple(
            {"row": one.row, "column": one.column, "expected": one.expected, "got": one.got}
            for one in wrong[:MAX_SHOWN]
        ),
    )


def _answered(answers: Answers, rows: NewRows) -> Check:
    refused = answers.refused
    why = "the model answers every valid row"
    if refused:
        place = int(rows.places[refused[0].row])
        why = f"the model raises on {len(refused)} rows, first row {place}: {refused[0].why}"
    return Check(
        family="schema",
        name="answers",
        rows=len(rows),
        now=float(len(refused)),
        limit=0.0,
        verdict="failed" if refused else "passed",
        why=why,
        examples=tuple(
            {"row": int(rows.places[one.row]), "why": one.why} for one in refused[:MAX_SHOWN]
        ),
    )
