"""Rows of the input example that MLflow saved with a model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from packager.confinement import refuse_leaving, small_text
from packager.errors import UsageError
from packager.project.mlflow.saved_model import MLMODEL, MlflowModel

MAX_ROWS = 8
"""As many as a package has examples."""


def example_rows(model: Path, saved: MlflowModel) -> tuple[dict[str, Any], ...]:
    """Its first rows, by the columns of the signature; none without an example that is a table.

    A column that the signature does not require is null where the example lacks it.
    Raises ``UsageError`` if it lacks a column of the signature, or is no such table.
    """
    if saved.example is None:
        return ()
    file = model / saved.example
    refuse_leaving(file, model)
    if not file.is_file():
        raise UsageError(f"{file}: no such file, though {MLMODEL} names it", "copy it too")
    try:
        table = json.loads(small_text(file, saved.example))
        columns, rows = list(table["columns"]), list(table["data"])
        named = [dict(zip(columns, row, strict=True)) for row in rows[:MAX_ROWS]]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise UsageError(
            f"{file}: expected `columns` and `data` of a table, got {error or 'another form'}",
            f"save the model again, or remove saved_input_example_info from {MLMODEL}",
        ) from error
    absent = [name for name in saved.columns if name not in {*columns, *saved.optional}]
    if absent:
        raise UsageError(
            f"{file}: expected the columns of the signature, got none called {absent[0]!r}",
            "save the model again with an input_example that fits its signature",
        )
    return tuple({name: _plain(row.get(name)) for name in saved.columns} for row in named)


def _plain(value: Any) -> Any:
    """A value of a request: what is no number is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
