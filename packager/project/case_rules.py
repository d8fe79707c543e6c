"""Checks of ``[[test.case]]`` against the rest of package.toml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monitoring.slices.slices import Rule
from packager.data.case_answers import check_answers
from packager.errors import UsageError
from packager.manifest.base import Task
from packager.manifest.case import Case
from packager.manifest.outputs import Output

HINT = "see docs/behavioural-cases.md for what each kind takes"


def check_cases(
    cases: Sequence[Case], task: Task, outputs: Sequence[Output], directory: Path
) -> None:
    """Raise ``UsageError`` for an expectation that no answer can meet, and for a missing file."""
    for case in cases:
        try:
            check_answers(case, task, outputs)
        except ValueError as error:
            raise UsageError(f"package.toml: {error}", HINT) from error
        case_columns(case)
        if case.file is not None and not (directory / case.file).is_file():
            raise UsageError(
                f"package.toml: [[test.case]] {case.name!r}: expected a file at {case.file}, which "
                "does not exist",
                f"the path is relative to {directory}",
            )


def case_columns(case: Case) -> tuple[str, ...]:
    """The columns that ``case`` and its rule name; raise ``UsageError`` for an invalid rule."""
    term = case.rows_term
    if term is None or term.kind != "where":
        return case.columns
    try:
        return (*case.columns, *Rule.parse(term.text).columns)
    except ValueError as error:
        raise UsageError(
            f"package.toml: [[test.case]] {case.name!r}: `rows`: {error}",
            "write a condition on columns, for example where:carat >= 1.5",
        ) from error
