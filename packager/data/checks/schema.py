"""Detector ``schema``: columns that are absent, new or of another kind than they have to be."""

from __future__ import annotations

from collections.abc import Iterator

from packager.data.checks.suspects import Suspects
from packager.data.checks.table import Table
from packager.data.frames import infer_columns
from packager.noun import Kind

WIDER: dict[Kind, tuple[Kind, ...]] = {"number": ("integer",), "any": ("number", "string")}
"""Kinds that a column may have where another is expected: whole numbers are numbers."""


def schema(table: Table) -> Iterator[Suspects]:
    """Compare names and kinds with what was declared and with the version before; blocking."""
    found = {column.name: column for column in infer_columns(table.frame)}
    wanted = {c.name: (c.kind, "as in the version before") for c in table.expected.previous}
    for name, declared in table.expected.declared.items():
        if declared.kind is not None or name not in wanted:
            wanted[name] = (declared.kind or "any", "as declared")
    for name, (kind, why) in wanted.items():
        if name not in found:
            yield _wrong(name, "no such column", f"the column {name!r}, {why}", "add the column")
        elif kind != "any" and found[name].kind not in (kind, *WIDER.get(kind, ())):
            if table.frame[name].isna().all():
                continue  # what is wholly empty has no kind; `missing` says so
            got = f"a column of kind {found[name].kind}"
            yield _wrong(name, got, f"kind {kind}, {why}", "mend the cells that changed the kind")
    if table.expected.previous:
        for name in found.keys() - wanted.keys():
            yield _wrong(
                name,
                "a new column",
                "no such column, as in the version before",
                "remove it, or exclude it under [data]",
            )


def _wrong(name: str, observed: str, expected: str, suggestion: str) -> Suspects:
    return Suspects(name, expected, suggestion, 1.0, observed=observed, blocking=True)
