"""Summary of a table's columns from one pass over its blocks, and drift between two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.derived.measures import MAX_MEASURES
from monitoring.profile.profile import Profile
from monitoring.stats.binning import build_profile
from packager.data.array_column import array_column
from packager.data.canonical import MASK
from packager.data.drift import (
    ColumnDrift,
    Counts,
    comparable,
    drift_of,
    drifts_of_column,
    is_categorical,
    shared_rows,
)
from packager.data.fingerprint import cell_hashes, row_hashes
from packager.data.frames import infer_columns
from packager.manifest.base import FrozenModel, Kind

MAX_SAMPLE_ROWS = 50_000
"""Sample for comparing distributions: the rows with the smallest hashes, hence random ones."""
MAX_VALUES = 1_000
"""Maximum number of distinct values stored per column."""

Hashes = npt.NDArray[np.uint64]


class ColumnSummary(FrozenModel):
    """Counts over all rows of one column."""

    kind: Kind
    """Inferred from the sampled rows."""
    nulls: int
    distinct: int | None
    """None above ``MAX_VALUES``."""
    minimum: float | None
    maximum: float | None
    mean: float | None


@dataclass(frozen=True)
class Summary:
    """Summary of a table."""

    rows: int
    columns: dict[str, ColumnSummary]
    values: dict[str, frozenset[str]]
    """The distinct texts of text columns with at most ``MAX_VALUES``."""
    hashes: Hashes
    """Hash of every row: shape (rows,)."""
    sample: pd.DataFrame
    sample_hashes: Hashes
    """Hashes of the rows of ``sample``."""


def summarise(frames: Iterable[pd.DataFrame]) -> Summary:
    """The summary of a table given in blocks with the same columns."""
    sample, sample_hashes = pd.DataFrame(), np.empty(0, np.uint64)
    columns: dict[str, _Column] = {}
    hashes: list[Hashes] = []
    for frame in frames:
        for name in frame.columns:
            columns.setdefault(name, _Column()).update(frame[name])
        frame_hashes = row_hashes(frame)
        hashes.append(frame_hashes)
        limit = sample_hashes.max() if len(sample_hashes) >= MAX_SAMPLE_ROWS else np.uint64(MASK)
        near = frame_hashes <= limit
        sample = pd.concat([sample, frame.loc[near]]) if len(sample) else frame.loc[near]
        sample_hashes = np.concatenate([sample_hashes, frame_hashes[near]])
        if len(sample_hashes) > 2 * MAX_SAMPLE_ROWS:
            order = np.argpartition(sample_hashes, MAX_SAMPLE_ROWS)[:MAX_SAMPLE_ROWS]
            sample, sample_hashes = sample.iloc[order], sample_hashes[order]
    if len(sample_hashes) > MAX_SAMPLE_ROWS:
        order = np.argpartition(sample_hashes, MAX_SAMPLE_ROWS)[:MAX_SAMPLE_ROWS]
        sample, sample_hashes = sample.iloc[order], sample_hashes[order]
    sample = sample.reset_index(drop=True)
    kinds = {column.name: column.kind for column in infer_columns(sample)}
    every: Hashes = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    return Summary(
        len(every),
        {name: column.result(kinds[name]) for name, column in columns.items()},
        {name: frozenset(c.values) for name, c in columns.items() if c.values and c.is_text},
        every,
        sample,
        sample_hashes,
    )


def column_drifts(before: Summary, after: Summary) -> list[ColumnDrift]:
    """Drift of every column that both tables have with comparable kinds, largest PSI first."""
    names = [name for name in before.columns if _comparable(name, before, after)]
    kinds = [(name, before.columns[name].kind) for name in names]
    profile = build_profile(before.sample, kinds, max_features=MAX_MEASURES * len(names))
    shared = shared_rows(before.sample_hashes, after.sample_hashes)
    drifts = [one for name in names for one in _drift(name, profile, before, after, shared)]
    return sorted(drifts, key=lambda drift: -drift.psi)


def _comparable(name: str, before: Summary, after: Summary) -> bool:
    if name not in after.columns or not len(before.sample) or not len(after.sample):
        return False
    return comparable(before.columns[name].kind, after.columns[name].kind)


def _drift(
    name: str, profile: Profile, before: Summary, after: Summary, shared: int
) -> list[ColumnDrift]:
    """The drift of a column, or of each number derived from it."""
    features = [feature for feature in profile.features if feature.column == name]
    drifts = drifts_of_column(features, after.sample[name], shared)
    if not drifts:  # all in one bin: only nulls can have changed
        reference, live = (_nulls(table.sample[name]) for table in (before, after))
        drifts = [drift_of(name, live, reference, shared)]
    known = before.values.get(name, frozenset())
    news = known and is_categorical(len(known), before.rows)
    new = after.values.get(name, frozenset()) - known if news else frozenset()
    first = drifts[0].model_copy(update={"unseen": tuple(sorted(new)[:10])})
    return [first, *drifts[1:]]


def _nulls(column: pd.Series[Any]) -> Counts:
    nulls = int(column.isna().sum())
    return np.array([nulls, len(column) - nulls])


class _Column:
    """Running counts of one column."""

    def __init__(self) -> None:
        self.values: set[str] | None = set()
        self.is_text = False
        self._distinct: set[Any] | None = set()
        self._nulls = self._count = 0
        self._sum = 0.0
        self._low, self._high = np.inf, -np.inf

    def update(self, series: pd.Series[Any]) -> None:
        """Add the cells of a block."""
        present = series.dropna()
        self._nulls += len(series) - len(present)
        if self._distinct is not None:
            self._remember(present)
        boolean = pd.api.types.is_bool_dtype(series.dtype)
        if pd.api.types.is_numeric_dtype(series.dtype) and not boolean:
            numbers = present.to_numpy(dtype=np.float64)
            numbers = numbers[np.isfinite(numbers)]
            if len(numbers):
                self._count += len(numbers)
                self._sum += float(numbers.sum())
                self._low = min(self._low, float(numbers.min()))
                self._high = max(self._high, float(numbers.max()))

    def result(self, kind: Kind) -> ColumnSummary:
        """The summary of the cells added so far."""
        distinct = None if self._distinct is None else len(self._distinct)
        numbers = self._count > 0
        return ColumnSummary(
            kind=kind,
            nulls=self._nulls,
            distinct=distinct,
            minimum=float(self._low) if numbers else None,
            maximum=float(self._high) if numbers else None,
            mean=self._sum / self._count if numbers else None,
        )

    def _remember(self, present: pd.Series[Any]) -> None:
        if self._distinct is None:
            return
        if array_column(present) is not None:
            present = pd.Series(cell_hashes(present, ""))
        # Lists and similar values aren't hashable; their text distinguishes them.
        plain = pd.api.types.infer_dtype(present) not in ("mixed", "unknown-array")
        distinct = set((present if plain else present.map(repr)).unique().tolist())
        self._distinct |= distinct
        if isinstance(next(iter(distinct), None), str) and plain:
            self.is_text = True
            self.values = (self.values or set()) | {str(value) for value in distinct}
        if len(self._distinct) > MAX_VALUES:
            self._distinct = self.values = None
