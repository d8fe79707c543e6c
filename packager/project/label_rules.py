"""Validation of ``[data] labels``."""

from __future__ import annotations

from packager.errors import UsageError
from packager.project.sections import DataSection

FILENAME = "package.toml"


def check_labels(data: DataSection, *, is_table: bool) -> None:
    """Raise ``UsageError`` for labels without a target column, or of data that is no table."""
    if data.labels is None:
        return
    if data.target is None:
        raise UsageError(
            f"{FILENAME}: `data.labels`: expected `data.target` with it, got none",
            'name the column that the labels become: target = "label"',
        )
    if not is_table:
        raise UsageError(
            f"{FILENAME}: `data.labels`: expected a table with versions as `data.source`, got "
            f"{data.source}",
            "labels are stored with a table: make one with `package data add FILE --table NAME`",
        )
