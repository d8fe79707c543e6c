"""Golden cases: rows with the answers that are right, compared in tests and at a server's start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from packager.manifest.base import FrozenModel, Task
from packager.manifest.case import Case
from packager.manifest.manifest import Schema
from packager.model.answer_difference import agree

FILE = "golden_cases.json"
"""Below ``/package``."""
MAX_ROWS = 1_000
"""Rows that a server answers before it is ready; the others are for tests."""
PREDICTION = "prediction"
"""The key of the right answer if the package names no target."""


class GoldenCase(FrozenModel):
    """A golden case with its rows."""

    name: str
    rows: tuple[dict[str, Any], ...]
    """Features, as ``/predict`` takes them."""
    right: tuple[Any, ...]
    """The ``prediction`` of each row; of several outputs those that are given, by name."""
    tolerance: float | None = None
    """Of numbers; None: that of floating point."""
    share: float = 1.0
    severity: Literal["fail", "warn"] = "fail"

    def failure(self, answers: Sequence[Any], task: Task) -> str:
        """The fault of the ``prediction`` of each row, in a sentence; empty if there is none."""
        differences = [
            GoldenDifference(row, right, got)
            for row, (right, got) in enumerate(zip(self.right, answers, strict=True))
            if differs(right, got, self.tolerance, task)
        ]
        if len(self.right) - len(differences) >= self.share * len(self.right):
            return ""
        row, right, got = differences[0]
        return (
            f"golden case {self.name!r}: {len(differences)} of {len(self.right)} rows have another "
            f"answer; row {row}: expected {right!r}, got {got!r}"
        )


class GoldenCases(FrozenModel):
    """``/package/golden_cases.json``: what a server answers before it is ready."""

    cases: tuple[GoldenCase, ...] = ()

    @classmethod
    def of(cls, cases: Iterable[GoldenCase]) -> GoldenCases:
        """The cases that may fail, with at most ``MAX_ROWS`` rows in all."""
        remaining, limited = MAX_ROWS, []
        for case in cases:
            if case.severity == "fail" and remaining:
                rows, right = case.rows[:remaining], case.right[:remaining]
                limited.append(case.model_copy(update={"rows": rows, "right": right}))
                remaining -= len(rows)
        return cls(cases=tuple(limited))


class GoldenDifference(NamedTuple):
    """A row whose answer is not the right one."""

    row: int
    expected: Any
    got: Any


def answer_names(task: Task, schema: Schema) -> tuple[str, ...]:
    """The keys of a golden row that hold the right answer."""
    if task == "outputs":
        return tuple(output.name for output in schema.outputs)
    return (PREDICTION if schema.target is None else schema.target.name,)


def golden_case(
    case: Case, rows: Sequence[Mapping[str, Any]], task: Task, schema: Schema
) -> GoldenCase:
    """Divide ``rows`` into features and right answers.

    Raise ``ValueError`` for a row without a right answer, or a name that is both.
    """
    names = answer_names(task, schema)
    features = {column.name for column in schema.features}
    if both := sorted(features & {*names}):
        raise ValueError(
            f"expected answers under other names than features, got {both[0]!r} as both"
        )
    right: list[Any] = []
    for index, row in enumerate(rows):
        cells = {name: row[name] for name in names if row.get(name) is not None}
        if not cells:
            raise ValueError(f"row {index}: expected its right answer under {' or '.join(names)}")
        right.append(cells if len(names) > 1 else cells[names[0]])
    return GoldenCase(
        name=case.name,
        rows=tuple({k: v for k, v in row.items() if k in features} for row in rows),
        right=tuple(right),
        tolerance=case.tolerance,
        share=case.share,
        severity=case.severity,
    )


def differs(expected: Any, got: Any, tolerance: float | None, task: Task) -> bool:
    """Whether the ``prediction`` ``got`` is not the right one."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        got = {key: got.get(key) for key in expected}
    exact = task == "classification" or not _has_float(expected, got)
    return not agree(expected, got, 0.0 if exact else tolerance)


def _has_float(*values: Any) -> bool:
    """Whether a float, which may differ a little, is in one of ``values``."""
    for value in values:
        inner: Any = ()
        if isinstance(value, Mapping):
            inner = value.values()
        elif isinstance(value, list | tuple):
            inner = value
        if isinstance(value, float) or _has_float(*inner):
            return True
    return False
