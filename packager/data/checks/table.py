"""The rows that a check examines, with derived data shared by the detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.array_column import ArrayDtype
from packager.data.checks.expectations import Expectations, smallest
from packager.data.checks.issue import Floats, Ints, Mask
from packager.data.drift import Hashes
from packager.data.fingerprint import row_hashes
from packager.manifest.base import Task
from packager.manifest.data_roles import Split

FIRST_VALUES = 20
"""Values of a column that show whether it holds bytes or lists."""


@dataclass(frozen=True)
class TextValues:
    """A column of text (or of mixed objects): ``values[codes[row]]``; code -1 is a null."""

    codes: npt.NDArray[np.int32]
    values: tuple[Any, ...]
    counts: Ints
    """Number of rows with each value."""

    def rows_with(self, mask: Mask) -> Mask:
        """Rows whose value is among ``values[mask]``: shape (rows,)."""
        return np.append(mask, False)[self.codes]


@dataclass(frozen=True)
class CheckedTable:
    """All rows: those of the source, then those of the held-out file if there is one."""

    frame: pd.DataFrame
    hashes: Hashes
    """Hash of each row over all columns."""
    features: tuple[str, ...]
    target: str | None = None
    task: Task | None = None
    held_out: Mask | None = None
    """Mask of the test rows; None if no split is known."""
    left_out: Mask | None = None
    """Mask of the rows that a split with a gap or groups puts in neither part; None for none."""
    source_rows: int = 0
    """Rows from this position on come from the held-out file."""
    split: Split = field(default_factory=Split)
    expected: Expectations = field(default_factory=Expectations)
    train_only: tuple[str, ...] = ()
    """Columns passed only to ``train``."""
    null_words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Text column → text that was read as null → number of rows."""
    thumbnails: dict[tuple[str, int], Floats | None] = field(default_factory=dict)
    """Column and row → the thumbnail of the image there, of those decoded so far; None for an image
    that is not decoded."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def trained(self) -> Mask:
        """Mask of the rows that are not held out, without those in neither part."""
        in_training = (
            np.ones(len(self.frame), np.bool_) if self.held_out is None else ~self.held_out
        )
        return in_training if self.left_out is None else in_training & ~self.left_out

    @cached_property
    def feature_hashes(self) -> Hashes:
        """Hash of each row over the features only."""
        return row_hashes(self.frame[list(self.features)])

    @cached_property
    def copies(self) -> Ints:
        """For each row the number of rows with the same features, itself included."""
        _, inverse, counts = np.unique(self.feature_hashes, return_inverse=True, return_counts=True)
        return np.asarray(counts[inverse], dtype=np.intp)

    @cached_property
    def fine_grained(self) -> bool:
        """Whether rows with equal features are rare, so that a coincidence is unlikely."""
        return len(self) > 1 and float((self.copies == 1).mean()) >= 0.9

    @cached_property
    def numbers(self) -> Mapping[str, Floats]:
        """The numeric columns as float64, nulls as NaN (booleans are not numbers)."""
        return {name: numbers_of(self.frame[name]) for name in self.numeric}

    @cached_property
    def numeric(self) -> tuple[str, ...]:
        """Names of the numeric columns."""
        types = pd.api.types
        return tuple(
            name
            for name, dtype in zip(self.frame.columns, self.frame.dtypes, strict=True)
            if types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)
        )

    @cached_property
    def arrays(self) -> frozenset[str]:
        """Names of the columns of arrays."""
        dtypes = zip(self.frame.columns, self.frame.dtypes, strict=True)
        return frozenset(name for name, dtype in dtypes if isinstance(dtype, ArrayDtype))

    @cached_property
    def texts(self) -> Mapping[str, TextValues]:
        """The columns of text, categories or mixed objects, as codes."""
        return {
            name: _texts(self.frame[name])
            for name, dtype in zip(self.frame.columns, self.frame.dtypes, strict=True)
            if name not in self.arrays
            and not pd.api.types.is_numeric_dtype(dtype)
            and not pd.api.types.is_datetime64_any_dtype(dtype)
        }

    def holds(self, name: str, kind: type) -> bool:
        """Whether the first values of a column are of this type: bytes or list."""
        column = self.frame[name]
        if column.dtype != object:
            return False
        first = column.iloc[: 10 * FIRST_VALUES].dropna().iloc[:FIRST_VALUES]
        return bool(len(first)) and all(isinstance(value, kind) for value in first)

    def distinct(self, name: str) -> int:
        """Number of distinct values of a column, without nulls."""
        if name in self.texts:
            return len(self.texts[name].values)
        return int(self.frame[name].nunique())

    def sample(self, most: int, among: Mask | None = None) -> Ints:
        """At most ``most`` positions (``among`` a mask), ascending: rows with the smallest hashes.

        Selected by content, so the rows are the same in any order of rows.
        """
        indices = np.arange(len(self)) if among is None else np.flatnonzero(among)
        return np.asarray(indices[smallest(self.hashes[indices], most)])


def numbers_of(series: pd.Series[Any]) -> Floats:
    """A numeric column as float64, nulls as NaN: shape (rows,)."""
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def nanoseconds(series: pd.Series[Any]) -> Floats:
    """A datetime column as float64, in its own unit since 1970, nulls as NaN: shape (rows,)."""
    ticks = np.asarray(series.astype("int64"), dtype=np.float64)
    return np.asarray(np.where(series.isna(), np.nan, ticks))


def table_of(frame: pd.DataFrame, target: str | None = None, **more: Any) -> CheckedTable:
    """A table of ``frame`` whose features are all columns but the target."""
    features = more.pop("features", None) or tuple(n for n in frame.columns if n != target)
    hashes = more.pop("hashes", None)
    hashes = row_hashes(frame) if hashes is None else hashes
    return CheckedTable(frame, hashes, tuple(features), target, source_rows=len(frame), **more)


def _texts(series: pd.Series[Any]) -> TextValues:
    cells = series.astype(object)
    try:
        codes, values = pd.factorize(cells)
    except TypeError:  # lists and objects aren't hashable; their text distinguishes them
        codes, values = pd.factorize(cells.map(_written, na_action="ignore"))
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    return TextValues(codes.astype(np.int32), tuple(values), counts)


def _written(value: Any) -> str:
    return str(value.tolist() if isinstance(value, np.ndarray) else value)
