"""The rows a model is trained on and measured with: read, checked against the job, split."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices import SliceSet, declare
from packager.data import frames
from packager.data.csvfiles import read_csv
from packager.data.split import test_mask
from packager.errors import UsageError
from packager.manifest import Column, Schema, Slices
from packager.noun import FileEntry, Scalar, Task
from packager.worker.job import Job
from packager.worker.paths import Root


@dataclass(frozen=True)
class Source:
    """The data as it lies there: every row and column, and the files by digest."""

    frame: pd.DataFrame
    files: tuple[FileEntry, ...]
    options: dict[str, Any]
    """Options CSV was read with; empty where everything is Parquet."""


@dataclass(frozen=True)
class Dataset:
    """Training rows and held-out rows, with all columns, each with a fresh index."""

    train: pd.DataFrame
    test: pd.DataFrame
    features: tuple[str, ...]
    target: str
    unlabelled: int
    """Rows without a target, which are in neither part."""


def read_source(root: Root) -> Source:
    """Read everything under ``/data/source``; raise ``UsageError`` if it can't be read."""
    kind, paths = frames.source_files(root.source)
    files = tuple(FileEntry.of(path, path.relative_to(root.source).as_posix()) for path in paths)
    test_kinds = [frames.source_files(root.test)[0]] if _has_files(root.test) else []
    options = dict(frames.CSV_OPTIONS) if "csv" in (kind, *test_kinds) else {}
    return Source(frames.read(root.source), files, options)


def prepare(source: Source, job: Job, root: Root) -> Dataset:
    """Split the rows as the job says; rows without a target are left out, and said to be.

    Raise ``UsageError`` where the job names a column that isn't there, the target isn't what the
    task needs, or a part is empty.
    """
    target = _target_name(job)
    _check_columns(source.frame, job, target)
    features = feature_names(source.frame, job)
    if not features:
        raise UsageError(
            f"expected at least one feature, got only the target {target!r} and excluded columns",
            "shorten exclude under [data]",
        )
    labelled = _labelled(source.frame, target, job.task)
    if job.split.file is not None:
        train = labelled
        test = _labelled(held_out_file(source, job, root), target, job.task)
    else:
        mask = test_mask(labelled, job.split, features)
        train = labelled.loc[~mask].reset_index(drop=True)
        test = labelled.loc[mask].reset_index(drop=True)
    _check_kinds(train, features)
    unlabelled = len(source.frame) - len(labelled)
    if unlabelled:
        sys.stderr.write(f"{unlabelled} rows without {target!r} are left out\n")
    return Dataset(train, test, features, target, unlabelled)


def feature_names(frame: pd.DataFrame, job: Job) -> tuple[str, ...]:
    """The columns that the model gets to see, in the order of the data."""
    return tuple(name for name in frame.columns if name not in (job.target, *job.exclude))


def describe(dataset: Dataset, job: Job, classes: tuple[Scalar, ...] | None) -> Schema:
    """The schema as the training rows have it; ``classes`` are the model's own."""
    extras = [name for name in _slice_columns(job) if name in job.exclude]
    return Schema(
        features=frames.infer_columns(dataset.train[list(dataset.features)]),
        extras=frames.infer_columns(dataset.train[extras]) if extras else (),
        target=frames.infer_columns(dataset.train[[dataset.target]])[0],
        classes=classes,
    )


def declare_slices(dataset: Dataset, job: Job) -> Slices:
    """The slices of the job with the values that the training rows have."""
    # Sorted: the manifest keeps no order, and replay must declare the same ones.
    columns = sorted(job.slices_columns)
    try:
        return Slices(
            columns=declare(dataset.train, columns, len(job.slices_rules)),
            rules=job.slices_rules,
        )
    except ValueError as error:
        raise UsageError(f"[slices]: {error}", "name fewer columns or rules") from error


def slice_masks(rows: pd.DataFrame, slices: Slices) -> dict[str, npt.NDArray[np.bool_]]:
    """Slice name to which of ``rows`` are in it; raise ``UsageError`` if a rule doesn't apply."""
    try:
        return SliceSet(slices.columns, slices.rules).masks(rows)
    except ValueError as error:
        raise UsageError(
            f"[slices]: {error}", "a rule compares columns with like values"
        ) from error


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _target_name(job: Job) -> str:
    if job.target is None:
        raise UsageError(
            "[data] target: expected the name of a column, got nothing", "name the target column"
        )
    return job.target


def _slice_columns(job: Job) -> tuple[str, ...]:
    """The columns that slices read, sorted; raise ``UsageError`` for a rule that isn't one."""
    try:
        by_value = dict.fromkeys(job.slices_columns, ())
        return tuple(sorted(SliceSet(by_value, job.slices_rules).needs))
    except ValueError as error:
        raise UsageError(
            f"[slices]: {error}", 'a rule looks like: large = "carat >= 1.5"'
        ) from error


def _check_columns(frame: pd.DataFrame, job: Job, target: str) -> None:
    named = [("[data] target", (target,)), ("[data] exclude", job.exclude)]
    for key, names in [*named, ("[slices]", _slice_columns(job))]:
        _check_present(frame, key, names)
    if target in _slice_columns(job):
        raise UsageError(
            f"[slices]: expected columns that a request can hold, got the target {target!r}",
            "slice by features or by excluded columns",
        )
    features = feature_names(frame, job)
    for key, names in (("exclude", job.monitoring_exclude), ("include", job.monitoring_include)):
        _check_present(frame, f"[monitoring] {key}", names)
        if others := [name for name in names if name not in features]:
            raise UsageError(
                f"[monitoring] {key}: expected a feature, got {others[0]!r}, which the model"
                " never sees",
                "leave it out: only features are compared",
            )
    if target in job.exclude:
        raise UsageError(
            f"[data] exclude: expected other columns than the target, got {target!r}",
            "take it out of exclude: the model never sees the target anyway",
        )


def _check_present(frame: pd.DataFrame, key: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            known = ", ".join(repr(column) for column in list(frame.columns)[:20])
            raise UsageError(
                f"{key}: expected a column of the data, got {name!r}", f"the columns are {known}"
            )


def _labelled(frame: pd.DataFrame, target: str, task: Task) -> pd.DataFrame:
    """The rows that have a target, whose type is then what it is without the nulls."""
    present = frame[target].notna()
    labelled = frame if present.all() else frame.loc[present].reset_index(drop=True)
    if not len(labelled):
        raise UsageError(
            f"[data] target: expected values in {target!r}, got none in {len(frame)} rows",
            "name another column, or fill it",
        )
    labels = labelled[target]
    if len(labelled) < len(frame) and task == "classification":
        labels = _without_null_types(labels)
        labelled = labelled.copy()
        labelled[target] = labels
    _check_target(frames.infer_columns(labels.to_frame())[0], labels, task)
    return labelled


def _without_null_types(labels: pd.Series[Any]) -> pd.Series[Any]:
    """Nulls had made floats of integers and objects of booleans: undo that."""
    labels = labels.infer_objects()
    if pd.api.types.is_float_dtype(labels.dtype) and (labels % 1 == 0).all():
        return labels.astype("int64")
    return labels


def _check_target(column: Column, labels: pd.Series[Any], task: Task) -> None:
    numeric = column.kind in ("number", "integer")
    if task == "regression" and not numeric:
        raise UsageError(
            f"[data] target: expected numbers in {column.name!r} for regression, got {column.kind}",
            'name another column, or set task = "classification"',
        )
    fractions = column.kind == "number" and bool((labels % 1 != 0).any())
    if task == "classification" and (fractions or column.kind in ("datetime", "any")):
        found = "fractions" if fractions else column.kind
        raise UsageError(
            f"[data] target: expected class labels in {column.name!r}, got {found}",
            'name another column, or set task = "regression"',
        )


def _check_kinds(train: pd.DataFrame, features: Sequence[str]) -> None:
    """Refuse before training what no request could ever hold."""
    for column in frames.infer_columns(train[list(features)]):
        if column.kind == "any" and train[column.name].notna().any():
            raise UsageError(
                f"[data]: expected numbers, text, booleans or timestamps in {column.name!r},"
                f" got {pd.api.types.infer_dtype(train[column.name], skipna=True)}",
                "convert the column (dates to timestamps, decimals to floats), or exclude it",
            )


def held_out_file(source: Source, job: Job, root: Root) -> pd.DataFrame:
    """All rows of the split's own file, with the columns and types the training file has."""
    names = list(source.frame.columns)
    kind, paths = frames.source_files(root.test)
    if kind == "csv":
        # Text stays text, even where all of it looks like numbers in this file.
        columns = frames.infer_columns(source.frame)
        texts = {column.name: "str" for column in columns if column.kind == "string"}
        held_out = read_csv(paths, source.options, dtype=texts)
    else:
        held_out = frames.read(root.test)
    for name in names:
        if name not in held_out.columns:
            raise UsageError(
                f"[data] split: expected column {name!r} in {job.split.file!r}, which lacks it",
                "the held-out file needs the columns of the source",
            )
        wanted, found = source.frame[name].dtype, held_out[name].dtype
        widened = pd.api.types.is_float_dtype(wanted) and pd.api.types.is_integer_dtype(found)
        if widened or isinstance(wanted, pd.CategoricalDtype):
            held_out[name] = held_out[name].astype(wanted)
    return held_out[names]
