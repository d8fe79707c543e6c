"""Whether new rows can be answered: columns, cells and the model itself. Exact checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from modelhost.text import display_value
from packager.manifest.base import Scalar
from packager.text import counted, listed, nearest_name
from packager.worker.test.answers import ModelAnswers
from packager.worker.test.new_rows import MAX_SHOWN, NewRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult


def schema(
    rows: NewRows, answers: ModelAnswers | None, absent: Mapping[str, tuple[str, ...]]
) -> FamilyResult:
    """Every column is there, every cell is valid, and the model answers every valid row.

    ``absent``: what needs them → columns that the rows lack.
    """
    checks = [_rows(rows), _columns(rows, absent)]
    if not absent:
        checks.append(_cells(rows))
        if rows.truth and rows.manifest.schema_.classes is not None:
            checks.append(_labels(rows, rows.manifest.schema_.classes))
    if answers is not None:
        checks.append(_answered(answers, rows))
    return FamilyResult(checks)


def _rows(rows: NewRows) -> Check:
    return Check(
        family="schema",
        name="rows",
        rows=rows.read,
        now=float(rows.read),
        verdict="passed" if rows.read else "failed",
        why=f"read {counted(rows.read, 'row')}" if rows.read else "the new data have no row",
    )


def _labels(rows: NewRows, classes: Sequence[Scalar]) -> Check:
    """Labels that are none of the model's classes: another spelling, or a new class."""
    known = {*classes}
    strange = Counter(one for one in rows.truth if one is not None and one not in known)
    first = ", ".join(
        f"{display_value(name)} ({count:,})" for name, count in strange.most_common(5)
    )
    shown = ", ".join(display_value(class_) for class_ in list(classes)[:5])
    return Check(
        family="schema",
        name="labels",
        rows=len(rows.truth),
        now=float(strange.total()),
        limit=0.0,
        verdict="failed" if strange else "passed",
        why=f"labels that are none of the model's classes ({shown}): {first}"
        if strange
        else "every label is one of the model's classes",
    )


def _columns(rows: NewRows, absent: Mapping[str, tuple[str, ...]]) -> Check:
    lacked = "; ".join(_lacked(role, names, rows.unknown) for role, names in absent.items())
    size = len(rows.manifest.schema_.features)
    return Check(
        family="schema",
        name="columns",
        rows=rows.read,
        headline=True,
        verdict="failed" if lacked else "passed",
        why=f"the new data lack {lacked}" if lacked else f"there is every one of {size} features",
    )


def _lacked(role: str, names: Sequence[str], unknown: Sequence[str]) -> str:
    """``the features 'size', 'color' (they have 'Color')``; ``unknown``: columns they have."""
    kind, _, of = role.partition(" of ")
    named = listed([_with_nearest(name, unknown) for name in names], MAX_SHOWN)
    return f"the {kind}{'s' * (len(names) > 1)} {named}{f' of {of}' if of else ''}"


def _with_nearest(name: str, unknown: Sequence[str]) -> str:
    near = nearest_name(name, unknown)
    return f"{name!r}" if near is None else f"{name!r} (they have {near!r})"


def _cells(rows: NewRows) -> Check:
    wrong = rows.invalid
    first = wrong[0] if wrong else None
    why = "every cell is valid"
    is_or_are = "is" if len(wrong) == 1 else "are"
    if first is not None:
        why = (
            f"{len(wrong):,} of {counted(rows.read, 'row')} {is_or_are} refused, first row "
            f"{first.row}, column {first.column!r}: expected {first.expected}, got {first.got}"
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


def _answered(answers: ModelAnswers, rows: NewRows) -> Check:
    refused = answers.refused
    why = "the model answers every valid row"
    if refused:
        index = int(rows.indices[refused[0].row])
        raises = f"the model raises on {counted(len(refused), 'row')}"
        why = f"{raises}, first row {index}: {refused[0].why}"
    return Check(
        family="schema",
        name="answers",
        rows=len(rows),
        now=float(len(refused)),
        limit=0.0,
        verdict="failed" if refused else "passed",
        why=why,
        examples=tuple(
            {"row": int(rows.indices[one.row]), "why": one.why} for one in refused[:MAX_SHOWN]
        ),
    )
