"""The values that requests may leave out: defaults that ``[data.columns]`` declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packager.data.rows.column_converter import ColumnConverter, RowError, short
from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.manifest import Column


def with_defaults(
    columns: Sequence[Column], defaults: Mapping[str, Scalar], *, strict: bool
) -> tuple[Column, ...]:
    """``columns``, the features, with their defaults.

    Raises ``UsageError`` for a default that is no value of its column, that a ``strict`` model
    refuses, or of a column that is no feature.
    """
    names = [column.name for column in columns]
    for name in defaults:
        if name not in names:
            raise UsageError(
                f"[data.columns] {name}: expected a feature with `default`, got a column that the "
                "model does not get",
                "leave `default` out: only the model's inputs have one",
            )
    return tuple(
        column.model_copy(update={"default": _checked(column, defaults[column.name], strict)})
        if column.name in defaults
        else column
        for column in columns
    )


def _checked(column: Column, default: Scalar, strict: bool) -> Scalar:
    called = f"[data.columns] {column.name}: `default`"
    plan = ColumnConverter(column, strict=strict)
    try:
        values = plan.take([default])
    except RowError as error:
        raise UsageError(
            f"{called}: expected {error.expected}, got {error.got}", error.hint
        ) from error
    refusal = next(plan.refusals([*plan.anomalies(values)], [{column.name: default}]), None)
    if strict and refusal is not None:
        raise UsageError(
            f"{called}: expected {refusal.expected}, as the package is strict, "
            f"got {short(default)}",
            "name a value of the training data, or leave out `strict` under [serve]",
        )
    return default
