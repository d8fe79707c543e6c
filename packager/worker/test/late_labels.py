"""Right answers that come later than their rows, in a file of their own, joined by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data import frames
from packager.data.csv_format_error import as_packaged
from packager.data.model_input import to_model_input
from packager.data.row_files import fitting_reader, read_rows
from packager.errors import UsageError
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of
from packager.text import did_you_mean
from packager.worker.test.new_rows import NewRows, right_answers

LABEL = "label"
PROBABILITY = "selection_probability"
"""Column of ``package data label-queue``: with which probability a row was chosen for a label."""

MIN_PROBABILITY = 1e-12
"""A row that stands for more rows than there can be is a damaged one; its square would overflow."""


@dataclass(frozen=True)
class LateLabels:
    """The labels of a file, and where they belong."""

    rows: NewRows
    """With the labels."""
    probabilities: npt.NDArray[np.float64] | None
    """Of each row, shape (n,), NaN without a label; None if rows were not chosen."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LabelsFile:
    """A file with right answers, as read."""

    path: Path
    frame: pd.DataFrame
    """Its columns; the target has its own name."""

    @classmethod
    def read(cls, path: Path, manifest: Manifest) -> LabelsFile:
        """Read ``path``; raise ``UsageError`` if it can't be read, or lacks a target."""
        targets = _targets(manifest)
        with as_packaged():
            reader = fitting_reader(path, {*targets, LABEL}, manifest.reader)
            frame = to_model_input(frames.read(path, reader), reader)
        frame = _named_as_target(frame, targets)
        for name in targets:
            if name not in frame.columns:
                raise UsageError(
                    f"--labels: expected the column {name!r} in {path}, got "
                    f"{_named(frame.columns)}",
                    "the file needs the key and the target",
                )
        return cls(path, frame)

    def check_columns(self, rows: NewRows, keys: Sequence[str]) -> None:
        """Raise ``UsageError`` if ``rows`` or the file lack one of the columns ``keys``."""
        for side, frame in (("the new data", rows.as_read), ("--labels", self.frame)):
            absent = next((name for name in keys if name not in frame.columns), None)
            if absent is not None:
                columns = list(map(str, frame.columns))
                raise UsageError(
                    f"--on {absent}: expected a column of {side}, which lacks it",
                    did_you_mean(absent, columns) or f"its columns are {', '.join(columns[:20])}",
                )


def with_labels(rows: NewRows, file: LabelsFile, keys: Sequence[str]) -> LateLabels:
    """``rows`` with the right answers of ``file``, joined by the columns ``keys``, which both have.

    Labels of rows that the new data lack are noted. Raise ``UsageError`` for a key that is not
    unique in either file, or no label that belongs to a row.
    """
    manifest, labels = rows.manifest, file.frame
    targets = _targets(manifest)
    indices = _row_indices(rows, labels, keys)
    matched = indices >= 0
    if not matched.any():
        raise UsageError(
            f"--labels: expected labels of the new rows, got none that has their {_named(keys)}",
            "name the column that identifies a row in both files with --on",
        )
    features = rows.as_read.drop(columns=[*targets], errors="ignore")
    picked = labels.iloc[np.where(matched, indices, 0)].reset_index(drop=True)
    picked = picked[list(targets)].astype(object).where(matched[:, np.newaxis])
    truth: Sequence[Any] = ()
    if manifest.schema_.target is not None:
        every = _truth(file.path, manifest)
        truth = [every[index] if index >= 0 else None for index in indices.tolist()]
    beside = features.assign(**{name: picked[name].infer_objects() for name in targets})
    replaced = tuple(name for name in targets if name in rows.as_read.columns)
    unused = len(labels) - int(matched.sum())
    belong = "label belongs" if unused == 1 else "labels belong"
    notes = [f"{unused:,} {belong} to no row that is judged"] if unused else []
    notes += [f"--labels replaces the column {name!r} of the new data" for name in replaced]
    return LateLabels(
        replace(rows, as_read=beside, truth=truth), _probabilities(labels, indices), tuple(notes)
    )


def _named_as_target(labels: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """``labels``, whose column ``label``, which a label queue writes, gets the target's name."""
    if len(targets) == 1 and targets[0] not in labels.columns and LABEL in labels.columns:
        return labels.rename(columns={LABEL: targets[0]})
    return labels


def _targets(manifest: Manifest) -> tuple[str, ...]:
    target = manifest.schema_.target
    return targets_of(manifest.schema_.outputs) if target is None else (target.name,)


def _row_indices(rows: NewRows, labels: pd.DataFrame, keys: Sequence[str]) -> npt.NDArray[np.int64]:
    """The label of each row, shape (n,); -1 for none."""
    sides = []
    for side, frame in (("the new data", rows.as_read), ("--labels", labels)):
        # As text: a file may have 7 where the other has "7".
        key = pd.MultiIndex.from_arrays([frame[name].map(_text) for name in keys])
        known = np.asarray(frame[[*keys]].notna().all(axis=1), np.bool_)
        if not key[known].is_unique:
            # Reports are shown to more people than keys are, which are often those of people.
            second = int(np.flatnonzero(known)[key[known].duplicated()][0])
            first = int(np.flatnonzero(known & (key == key[second]))[0])
            raise UsageError(
                f"--on {_named(keys)}: expected another key in every row of {side}, "
                f"got the same one in rows {first} and {second}",
                "name more columns",
            )
        sides.append((key, known))
    (rows_key, rows_known), (labels_key, labels_known) = sides
    # A row without a key is no other row without a key.
    indices = np.flatnonzero(labels_known)
    matches = labels_key[labels_known].get_indexer(rows_key)
    return np.asarray(np.where((matches >= 0) & rows_known, indices[matches], -1), np.int64)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _named(keys: Iterable[object]) -> str:
    return ",".join(map(str, keys))


def _truth(path: Path, manifest: Manifest) -> Sequence[Any]:
    """The right answers in the file, in its order and the type of the training's."""
    target = manifest.schema_.target
    assert target is not None
    alone = manifest.schema_.model_copy(update={"features": (), "extras": (target,)})
    named = target.model_copy(update={"name": LABEL})
    both = alone.model_copy(
        update={"extras": (target,) if target.name == LABEL else (target, named)}
    )
    rows = read_rows(path, both, manifest.reader)
    cells = [row[target.name] if target.name in row else row.get(LABEL) for row in rows]
    return right_answers(cells, manifest)


def _probabilities(
    labels: pd.DataFrame, indices: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64] | None:
    if PROBABILITY not in labels.columns:
        return None
    values = pd.to_numeric(labels[PROBABILITY], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~((values >= MIN_PROBABILITY) & (values <= 1)))
    if len(wrong):
        raise UsageError(
            f"--labels: row {wrong[0]}: expected a {PROBABILITY} above 0 "
            f"({MIN_PROBABILITY:g} at least), at most 1, got {labels[PROBABILITY].iloc[wrong[0]]}",
            "keep the column as `package data label-queue` wrote it",
        )
    probabilities = values[np.maximum(indices, 0)]
    return np.asarray(np.where(indices >= 0, probabilities, np.nan))
