"""The input of a form for each column, from the schema alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packager.data.rows.column_converter import ColumnConverter
from packager.manifest.base import Scalar
from packager.manifest.manifest import Column, Schema

ControlKind = Literal[
    "number", "choice", "suggestion", "checkbox", "date", "time", "moment", "line", "text", "json",
    "file",
]  # fmt: skip
"""``choice``: a list to choose from; ``suggestion``: a line with known values to choose from;
``moment``: date and time without an offset."""
MAX_CHOICES = 200
"""Known values of a list to choose from; more are suggestions."""
MAX_SUGGESTIONS = 1_000
_BY_KIND: dict[str, ControlKind] = {
    "number": "number",
    "integer": "number",
    "boolean": "checkbox",
    "date": "date",
    "time": "time",
    "decimal": "line",
    "array": "json",
    "list": "json",
    "bytes": "file",
    "any": "line",
}
_WITH_NULL_BOX = frozenset(["any", "boolean", "bytes", "string"])
"""Kinds of columns whose empty input is a value."""


@dataclass(frozen=True)
class Control:
    """The input of one column."""

    number: int
    """Position among the controls: names of columns may be any text, those of fields are ours."""
    column: Column
    kind: ControlKind
    choices: tuple[Scalar, ...] = ()
    """Known values."""
    is_open: bool = True
    """Whether other values than ``choices`` may be sent."""
    takes_null: bool = True
    optional: bool = False
    """Whether a row may leave the column out, and then has its default."""
    extra: bool = False
    """Whether only slices read the column."""

    def field(self, part: str = "") -> str:
        """The name of the control's field in the form: ``c3``, or of a further one ``c3.null``."""
        return f"c{self.number}.{part}" if part else f"c{self.number}"

    @property
    def has_null_box(self) -> bool:
        """Whether null is a box of its own, because the empty input is a value."""
        return self.takes_null and self.column.kind in _WITH_NULL_BOX and self.kind != "choice"

    @property
    def needs_input(self) -> bool:
        """Whether an empty input would be refused: it would be null."""
        if self.takes_null or self.optional or self.extra:
            return False
        if self.kind == "choice":
            return not self.is_open
        return self.column.kind not in _WITH_NULL_BOX


def controls_of(schema: Schema, *, strict: bool) -> tuple[Control, ...]:
    """The controls of a form: of the features, then of the columns that only slices read.

    ``strict``: whether values that training lacked are refused.
    """
    features = [_control(at, column, strict=strict) for at, column in enumerate(schema.features)]
    extras = [
        _control(len(features) + at, column, strict=False, extra=True)
        for at, column in enumerate(schema.extras)
    ]
    return (*features, *extras)


def _control(number: int, column: Column, *, strict: bool, extra: bool = False) -> Control:
    kind, choices = _kind(column)
    return Control(
        number,
        column,
        kind,
        choices,
        is_open=not (strict or "unseen" in column.fatal),
        takes_null=extra or ColumnConverter(column, strict=strict).takes_null,
        optional=column.default is not None,
        extra=extra,
    )


def _kind(column: Column) -> tuple[ControlKind, tuple[Scalar, ...]]:
    known = column.categories
    if known and column.kind != "boolean":
        if len(known) <= MAX_CHOICES:
            return "choice", known
        if column.kind == "string":
            return "suggestion", known[:MAX_SUGGESTIONS]
    if column.kind == "datetime":
        # No input of a browser has an offset: a time with one is text.
        return ("line" if "," in column.dtype else "moment"), ()
    return _BY_KIND.get(column.kind, "text"), ()
