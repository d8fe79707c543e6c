"""Metamorphic cases: the project's own function says of each row whether a relation holds."""

from __future__ import annotations

from packager.data.rows.request_rows import RowChecker
from packager.errors import PackageError, UsageError
from packager.manifest.case import Case
from packager.manifest.manifest import Manifest
from packager.model.hosted_model import HostedModel
from packager.worker.test.cases.outcomes import RowVerdict
from packager.worker.test.cases.rows import CaseRows
from packager.worker.test.quoted_cells import without_quotes


def judge_relation(
    case: Case, rows: CaseRows, model: HostedModel, manifest: Manifest
) -> list[RowVerdict]:
    """The verdict of the function ``case.call`` on each row, in the model's process.

    Raise ``UsageError`` for rows that a server refuses, and ``PackageError`` if it raises.
    """
    assert case.call is not None
    try:
        checked = RowChecker(manifest.schema_).check(rows.rows)
    except UsageError as error:
        raise UsageError(f"case {case.name!r}: {error.message}", error.hint) from error
    frame = checked.frame[[column.name for column in manifest.schema_.features]]
    try:
        holds = model.relate(case.call, frame)
    except UsageError:
        raise
    except PackageError as error:
        why = without_quotes(error.message, manifest.schema_.features)
        raise PackageError(why, error.hint) from error
    why = f"{case.call} says that the relation does not hold"
    return [RowVerdict(one, 0.0 if one else 1.0, why) for one in holds]
