"""New data as the rows that a server would answer, with what is known about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.frames import FrameBuilder
from monitoring.slices.slices import SliceSet
from packager.data.csv_format_error import as_packaged
from packager.data.row_files import given_columns, read_rows, reader_for
from packager.data.rows.column_converter import ColumnConverter, RowError
from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of
from packager.model.predictions import scalars
from packager.worker.test.group_codes import group_codes
from packager.worker.test.quoted_cells import NOT_SHOWN
from packager.worker.train.source_data import SourceData, read_data

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
MAX_SHOWN = 10


@dataclass(frozen=True)
class InvalidCell:
    """A cell that a server refuses."""

    row: int
    """Position in the new data, from 0."""
    column: str
    expected: str
    got: str


@dataclass(frozen=True)
class NewRows:
    """The rows of new data; arrays and frames have the valid rows only, in their order."""

    manifest: Manifest
    read: int
    """Rows of the new data."""
    indices: Codes
    """The position of each valid row in the new data, shape (n,)."""
    served: pd.DataFrame
    """Features, then extras, in the types of training."""
    as_read: pd.DataFrame
    """Every column of the new data, as read."""
    flags: Sequence[Sequence[str]]
    """The flags of each row: ``carat:out_of_range``."""
    invalid: tuple[InvalidCell, ...]
    """One for each row that is left out."""
    truth: Sequence[Scalar | None]
    """The right answer of each row, None for rows without one; empty without a target column."""
    absent: tuple[str, ...] = ()
    """Features that the new data lack; then no row is valid."""
    unknown: tuple[str, ...] = ()
    """Columns that the package does not know."""

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def features(self) -> pd.DataFrame:
        """The model's input."""
        return self.served[[column.name for column in self.manifest.schema_.features]]

    @cached_property
    def labelled(self) -> Mask:
        """Whether each row has a right answer, shape (n,)."""
        if self.manifest.task == "outputs":
            names = targets_of(self.manifest.schema_.outputs)
            if not names or any(name not in self.as_read.columns for name in names):
                return np.zeros(len(self), np.bool_)
            return np.asarray(self.as_read[list(names)].notna().all(axis=1), np.bool_)
        if not self.truth:
            return np.zeros(len(self), np.bool_)
        return np.array([value is not None for value in self.truth], np.bool_)

    @cached_property
    def masks(self) -> dict[str, Mask]:
        """Declared slice → mask, shape (n,); ``__all__`` first."""
        slices = self.manifest.slices
        return SliceSet(slices.columns, slices.rules).masks(self.served)

    def groups(self, columns: Sequence[str]) -> Codes | None:
        """The group of each row by the equal values of ``columns``; None for no column."""
        return group_codes(self.as_read, columns)

    def where(self, mask: Mask) -> NewRows:
        """The valid rows of ``mask``, shape (n,)."""
        if mask.all():
            return self
        indices = np.flatnonzero(mask).tolist()
        return replace(
            self,
            indices=self.indices[mask],
            served=_rows(self.served, mask),
            as_read=_rows(self.as_read, mask),
            flags=[self.flags[row] for row in indices],
            truth=[self.truth[row] for row in indices] if self.truth else (),
        )


def read_new_rows(path: Path, manifest: Manifest) -> NewRows:
    """Read the rows at ``path`` as those of ``manifest``'s package; raises as ``new_rows``."""
    return new_rows(path, read_new_data(path, manifest).served, manifest)


def read_new_data(path: Path, manifest: Manifest) -> SourceData:
    """The rows at ``path`` in the format of the package's data, or in the usual one.

    Raise ``UsageError`` if they can't be read.
    """
    with as_packaged():
        return read_data(path, reader_for(path, manifest.schema_, manifest.reader))


def new_rows(path: Path, frame: pd.DataFrame, manifest: Manifest) -> NewRows:
    """The rows at ``path``, whose columns are ``frame`` as model input, as a server reads them.

    Rows with a cell that a server refuses are left out. Raise ``UsageError`` if the data can't be
    read.
    """
    schema, reader = manifest.schema_, manifest.reader
    columns = given_columns(path, schema, reader)
    absent = tuple(feature.name for feature in schema.features if feature.name not in columns)
    unknown = _unknown(manifest, columns)
    if absent:
        nothing = np.zeros(0, np.int64)
        empty = frame.iloc[:0]
        return NewRows(
            manifest, len(frame), nothing, empty, empty, (), (), (), absent=absent, unknown=unknown
        )
    target = () if schema.target is None else (schema.target,)
    named = schema.model_copy(update={"extras": (*schema.extras, *target)})
    rows = read_rows(path, named, reader)
    taken = _TypedCells.of(rows, manifest)
    valid = np.ones(len(rows), np.bool_)
    valid[[cell.row for cell in taken.invalid]] = False
    truth = right_answers([row.get(one.name) for row in rows for one in target], manifest)
    valid_rows = NewRows(
        manifest,
        len(rows),
        np.arange(len(rows)),
        taken.frame(manifest, valid),
        _rows(frame, valid),
        [taken.flags[row] for row in np.flatnonzero(valid)],
        tuple(taken.invalid),
        [truth[row] for row in np.flatnonzero(valid)] if _has_target(manifest, columns) else (),
        unknown=unknown,
    )
    return replace(valid_rows, indices=np.flatnonzero(valid))


@dataclass(frozen=True)
class _TypedCells:
    """Cells in the types of the schema."""

    columns: tuple[list[Any], ...]
    flags: list[list[str]]
    invalid: list[InvalidCell]
    """The first of each row."""

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], manifest: Manifest) -> _TypedCells:
        """Convert every cell; those that a server refuses become None."""
        columns: list[list[Any]] = []
        flags: list[list[str]] = [[] for _ in rows]
        invalid: dict[int, InvalidCell] = {}
        for column in manifest.schema_.features:
            plan = ColumnConverter(column, strict=manifest.serve.strict)
            values, wrong = _converted(plan, [row.get(column.name) for row in rows])
            for row, anomaly in plan.anomalies(values):
                if row in wrong:
                    continue
                flags[row].append(plan.flags[anomaly])
                if plan.is_barred(values[row], anomaly):
                    wrong[row] = plan.barred([values[row]])[0]
            for row, error in wrong.items():
                got = error.got if column.personal is None else NOT_SHOWN
                cell = InvalidCell(row, column.name, error.expected, got)
                invalid.setdefault(row, cell)
            columns.append(values)
        for column in manifest.schema_.extras:
            plan = ColumnConverter(column)
            columns.append(plan.take_any([row.get(column.name) for row in rows]))
        return cls(tuple(columns), flags, [invalid[row] for row in sorted(invalid)])

    def frame(self, manifest: Manifest, valid: Mask) -> pd.DataFrame:
        """The rows of ``valid`` in the types of training."""
        described = (*manifest.schema_.features, *manifest.schema_.extras)
        indices = np.flatnonzero(valid).tolist()
        columns = [[values[row] for row in indices] for values in self.columns]
        frame: pd.DataFrame = FrameBuilder(described).frame(columns, len(indices))
        return frame


def _converted(
    plan: ColumnConverter, cells: Sequence[Any]
) -> tuple[list[Any], dict[int, RowError]]:
    """The values of ``cells``, None for those that are refused, and the errors by row."""
    try:
        return plan.take(cells), {}
    except RowError:
        pass
    values: list[Any] = []
    wrong: dict[int, RowError] = {}
    for row, cell in enumerate(cells):
        try:
            values += plan.take([cell])
        except RowError as error:
            values.append(None)
            wrong[row] = error
    return values, wrong


def right_answers(cells: Sequence[Any], manifest: Manifest) -> list[Scalar | None]:
    """The right answers in the type of the training's; None for null."""
    target = manifest.schema_.target
    if target is None:
        return list(cells)
    plan = ColumnConverter(target.model_copy(update={"categories": None}))
    values, wrong = _converted(plan, cells)
    if wrong:
        row, error = next(iter(wrong.items()))
        raise UsageError(
            f"row {row}: expected {error.expected} in the target {target.name!r}, got {error.got}",
            f"correct the label, or leave it empty; {len(wrong)} labels are of another kind",
        )
    return list(scalars(values))


def _has_target(manifest: Manifest, columns: Sequence[str]) -> bool:
    target = manifest.schema_.target
    return target is not None and target.name in columns


def _unknown(manifest: Manifest, columns: Sequence[str]) -> tuple[str, ...]:
    schema = manifest.schema_
    known = {column.name for column in (*schema.features, *schema.extras)} | {*schema.unused}
    known |= {*targets_of(schema.outputs)}
    if schema.target is not None:
        known.add(schema.target.name)
    return tuple(name for name in columns if name not in known)


def _rows(frame: pd.DataFrame, mask: Mask) -> pd.DataFrame:
    taken = frame.loc[mask]
    taken.index = pd.RangeIndex(len(taken))
    return taken
