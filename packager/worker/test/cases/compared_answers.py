"""Cases that compare answers: invariance, directional, bounds and monotonic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from packager.errors import UsageError
from packager.manifest.case import Case
from packager.manifest.manifest import Column, Schema
from packager.worker.test.cases.changes import changed_rows
from packager.worker.test.cases.expected import CaseJudge
from packager.worker.test.cases.outcomes import RowVerdict, short
from packager.worker.test.cases.row_outcomes import RowAsker, RowReply
from packager.worker.test.cases.rows import CaseRows
from packager.worker.test.cases.values import Answer

OUTSIDE = "left the training range"
UNCHANGED = "stayed as they were"
ABSENT = "have no answer without the change"


def judge_change(
    case: Case, rows: CaseRows, asker: RowAsker, judge: CaseJudge, schema: Schema
) -> list[RowVerdict]:
    """``invariance`` and ``directional``: each row before and after the change.

    Rows that the change leaves as they are, and those that it takes out of the training range, are
    not judged.
    """
    changed = changed_rows(rows.rows, case.changes, schema, case.name)
    before, after = asker.query(rows.rows), asker.query(changed)
    names = _open_names(case, schema)
    usual = {f"{column.name}:missing" for column in schema.features if column.nullable}
    verdicts = []
    for old, new, one, other in zip(rows.rows, changed, before, after, strict=True):
        if all(old.get(name) == new.get(name) for name in _changed_columns(case)):
            verdicts.append(RowVerdict(False, left_out=UNCHANGED))
            continue
        if one.answer is None:
            verdicts.append(RowVerdict(False, left_out=ABSENT))
            continue
        if other.answer is not None and other.flags - one.flags - usual:
            verdicts.append(RowVerdict(False, left_out=OUTSIDE))
            continue
        cells = {name: [short(old.get(name)), short(new.get(name))] for name in names}
        verdicts.append(_changed_outcome(judge, one.answer, other, cells))
    return verdicts


def judge_bounds(rows: CaseRows, asker: RowAsker, judge: CaseJudge) -> list[RowVerdict]:
    """``bounds``: each answer by itself."""
    return [_single(judge, one) for one in asker.query(rows.rows)]


def judge_grid(
    case: Case, rows: CaseRows, asker: RowAsker, judge: CaseJudge, schema: Schema
) -> list[RowVerdict]:
    """``monotonic``: each row with the values of a grid over the training range."""
    column = next((feature for feature in schema.features if feature.name == case.column), None)
    grid = _grid(case, column)
    assert column is not None
    grid_rows = [{**row, column.name: value} for row in rows.rows for value in grid]
    answers = asker.query(grid_rows)
    width = len(grid)
    hidden = column.personal is not None
    return [
        _along(judge, grid, answers[start : start + width], "" if hidden else column.name)
        for start in range(0, len(answers), width)
    ]


def _changed_outcome(
    judge: CaseJudge, before: Answer, after: RowReply, cells: Mapping[str, Any]
) -> RowVerdict:
    old = short(judge.compared.shown(before))
    shown: dict[str, Any] = {"before": old, "changed": cells}
    if after.answer is None:
        return RowVerdict(
            False, math.inf, f"{after.why}{_with(cells)}", {**shown, "why": after.why}
        )
    passed, badness = judge(before, after.answer)
    new = short(judge.compared.shown(after.answer))
    moved = f"{_text(old)} became {_text(new)}" if old != new else f"{_text(old)} stayed"
    return RowVerdict(passed, badness, f"{moved}{_with(cells)}", {**shown, "after": new})


def _single(judge: CaseJudge, reply: RowReply) -> RowVerdict:
    if reply.answer is None:
        return RowVerdict(False, math.inf, reply.why, {"why": reply.why})
    passed, badness = judge(reply.answer, reply.answer)
    got = short(judge.compared.shown(reply.answer))
    return RowVerdict(passed, badness, f"got {_text(got)}", {"answer": got})


def _along(
    judge: CaseJudge, grid: Sequence[Any], answers: Sequence[RowReply], name: str
) -> RowVerdict:
    """The worst step of one row along the grid."""
    known = [(value, one.answer) for value, one in zip(grid, answers, strict=True) if one.answer]
    refused = next((answer.why for answer in answers if answer.answer is None), "")
    if refused:
        return RowVerdict(False, math.inf, refused, {"why": refused})
    worst: tuple[float, str, dict[str, Any]] = (-math.inf, "", {})
    passed = True
    for (low, one), (high, other) in pairwise(known):
        step = judge.moved(one, other)
        if math.isnan(step):
            return RowVerdict(False, math.inf, "the model gives no number", {})
        old, new = short(judge.compared.shown(one)), short(judge.compared.shown(other))
        passed = passed and step >= -judge.slack(one, other)
        if -step > worst[0]:
            cells = {name: [short(low), short(high)]} if name else {}
            text = f"{_text(old)} became {_text(new)}{_with(cells)}"
            worst = (-step, text, {"before": old, "after": new, "changed": cells})
    return RowVerdict(passed, worst[0], worst[1], worst[2])


def _grid(case: Case, column: Column | None) -> list[float] | list[int]:
    if column is None or column.kind not in ("number", "integer"):
        got = "no feature" if column is None else column.kind
        raise UsageError(
            f"case {case.name!r}: expected a feature of numbers in `column`, got {case.column!r} "
            f"({got})",
            "a grid needs numbers",
        )
    if column.minimum is None or column.maximum is None:
        raise UsageError(
            f"case {case.name!r}: expected a range of {case.column!r} in training, got none",
            "its values are not recorded",
        )
    values = np.linspace(column.minimum, column.maximum, case.points)
    if column.kind == "integer":
        return list(np.unique(np.round(values).astype(np.int64)).tolist())
    return list(np.unique(values).tolist())


def _changed_columns(case: Case) -> Iterator[str]:
    for name, change in case.changes.items():
        yield name
        if change.column:
            yield change.column


def _open_names(case: Case, schema: Schema) -> list[str]:
    """The changed columns whose values may be shown."""
    hidden = {
        feature.name
        for feature in schema.features
        if feature.personal or feature.kind in ("array", "bytes")
    }
    return [name for name in dict.fromkeys(_changed_columns(case)) if name not in hidden]


def _with(cells: Mapping[str, Any]) -> str:
    """``, with carat 0.3 → 0.33``."""
    parts = [f"{name} {_text(old)} → {_text(new)}" for name, (old, new) in cells.items()]
    return f", with {', '.join(parts[:3])}" if parts else ""


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "null" if value is None else str(value)
