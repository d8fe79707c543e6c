"""Detector ``schema``: columns that are absent, new or of an unexpected kind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from packager.data.checks.issue import DataIssue
from packager.data.checks.table import CheckedTable
from packager.data.frames import infer_columns
from packager.manifest.base import Kind

ACCEPTED_KINDS: dict[Kind, tuple[Kind, ...]] = {"number": ("integer",), "any": ("number", "string")}
"""Expected kind → other accepted kinds: whole numbers are numbers."""

_BEFORE = "as in the previous version"


def schema(table: CheckedTable) -> Iterator[DataIssue]:
    """Compare names and kinds with the declarations and the previous version; blocking.

    Score 0.7 and not blocking if the user accepted other columns in ``data add``.
    """
    columns = {column.name: column for column in infer_columns(table.frame)}
    expected = {c.name: (c.kind, _BEFORE) for c in table.expected.previous}
    for name, declared in table.expected.declared.items():
        if declared.kind is not None or name not in expected:
            expected[name] = (declared.kind or "any", "as declared")
    for name, (kind, why) in expected.items():
        if name not in columns:
            text = f"the column {name!r}, {why}"
            yield _wrong(name, "no such column", text, "add the column", _is_accepted(table, why))
        elif kind != "any" and columns[name].kind not in (kind, *ACCEPTED_KINDS.get(kind, ())):
            if table.frame[name].isna().all() or (
                kind == "integer" and _integers_with_nulls(table, name)
            ):
                continue  # only nulls changed the kind; ``missing`` reports them
            got, text = f"a column of kind {columns[name].kind}", f"kind {kind}, {why}"
            fix = "fix the cells that changed the kind"
            yield _wrong(name, got, text, fix, _is_accepted(table, why))
    if table.expected.previous:
        labels = table.expected.labels
        for name in sorted(columns.keys() - expected.keys()):
            if labels is not None and name == labels.target:
                continue  # made of labels: no column of the table in any version
            if name not in table.features and name != table.target:
                continue  # excluded
            yield _wrong(
                name,
                "a new column",
                f"no such column, {_BEFORE}",
                "remove it, or exclude it under [data]",
                table.expected.accepted,
            )


def _is_accepted(table: CheckedTable, why: str) -> bool:
    return table.expected.accepted and why == _BEFORE


def _integers_with_nulls(table: CheckedTable, name: str) -> bool:
    """Whether a column holds whole numbers and nulls, which a frame stores as floats."""
    if name not in table.numeric:
        return False
    values = table.numbers[name]
    null = np.isnan(values)
    return bool(null.any() and (null | (values == np.floor(values))).all())


def _wrong(name: str, observed: str, expected: str, suggestion: str, taken: bool) -> DataIssue:
    score = 0.7 if taken else 1.0
    return DataIssue(name, expected, suggestion, score, observed=observed, blocking=not taken)
