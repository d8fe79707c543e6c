"""Training and held-out rows: validated against the job, and split."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.text import display_value
from monitoring.slices.slices import SliceSet, slice_values
from packager.data import frames
from packager.data.preview import refuse_reserved, refuse_unservable
from packager.data.split import split_parts
from packager.errors import UsageError
from packager.manifest.base import Scalar, Task
from packager.manifest.manifest import Column, Schema, Slices
from packager.manifest.outputs import Output
from packager.manifest.read_options import toml_text
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.train.defaults import with_defaults
from packager.worker.train.output_targets import check_targets
from packager.worker.train.source_data import (
    SourceData,
    labels_read_as_null,
    read_held_out,
    rows_of,
)

MAX_LOST = 5
MAX_LOST_SHARE = 0.01
"""A build fails if more labels than both limits are text that is read as null."""


@dataclass(frozen=True)
class Dataset:
    """Training rows and held-out rows, with all columns, each with a new index."""

    train: pd.DataFrame
    test: pd.DataFrame
    features: tuple[str, ...]
    targets: tuple[str, ...]
    """The columns with right answers: one, unless the job has other outputs."""
    outputs: tuple[Output, ...] = ()
    """As the job declares them."""
    metrics: str | None = None
    embedding: str | None = None
    """``module:function`` of the project's own metrics, and of the embedding that is watched."""
    train_only: tuple[str, ...] = ()
    """Columns that only the ``train`` function gets."""
    unlabelled: dict[str, int] = field(default_factory=dict)
    """Text of the target's cell, "" if empty → rows of the source that are in neither part."""

    @property
    def target(self) -> str:
        """The only target, of a classification or regression."""
        (name,) = self.targets
        return name


def prepare(source: SourceData, job: Job, root: Root) -> Dataset:
    """Split the rows as the job declares; drop rows without a target and report them on stderr.

    Raise ``UsageError`` if the job names an absent column, the target doesn't fit the task, too
    many labels are text that is read as null, or a part is empty.
    """
    targets = _target_names(job)
    frame = source.served
    _check_columns(frame, job, targets)
    features = feature_names(frame, job)
    if not features:
        raise UsageError(
            f"expected at least one feature, got only {', '.join(map(repr, targets))} and excluded"
            " columns",
            "shorten exclude under [data]",
        )
    unlabelled: dict[str, int] = {}
    for target in targets:
        absent = int(frame[target].isna().sum())
        null_labels = labels_read_as_null(source, root, target, absent)
        _report_unlabelled(null_labels, target, len(frame), job)
        unlabelled = {
            text: max(count, unlabelled.get(text, 0)) for text, count in null_labels.items()
        }
    labelled = _labelled(frame, targets, job.task)
    check_targets(labelled, job.serve.outputs)
    if job.split.file is not None:
        train = labelled
        test = _labelled(read_held_out(source, job, root).served, targets, job.task)
    else:
        parts = split_parts(labelled, job.split, features)
        train, test = rows_of(labelled, parts.train), rows_of(labelled, parts.test)
        if neither := len(labelled) - len(train) - len(test):
            sys.stderr.write(f"{neither} rows are neither trained on nor held out: [data] split\n")
    refuse_unservable(train, features, job.reader)
    own = None if job.recipe == "none" else job.recipe.metrics
    excluded = (own, job.embedding, job.train_only, unlabelled)
    return Dataset(train, test, features, targets, job.serve.outputs, *excluded)


def feature_names(frame: pd.DataFrame, job: Job) -> tuple[str, ...]:
    """The model's input columns, in the order of the data."""
    other = (*job.targets, *job.exclude, *job.train_only)
    return tuple(
        name
        for name in frame.columns
        if name not in other and (not job.include or name in job.include)
    )


def describe(
    dataset: Dataset,
    job: Job,
    classes: tuple[Scalar, ...] | None,
    outputs: tuple[Output, ...] = (),
) -> Schema:
    """Infer the schema from the training rows; ``classes`` and ``outputs`` are the model's."""
    extras = [name for name in slice_columns(job) if name not in dataset.features]
    features = frames.infer_columns(dataset.train[list(dataset.features)], job.reader)
    return Schema(
        features=with_defaults(features, job.defaults, strict=job.serve.strict),
        extras=frames.infer_columns(dataset.train[extras], job.reader) if extras else (),
        unused=_unused(dataset, extras),
        target=_target_column(dataset),
        classes=classes,
        outputs=outputs,
    )


def _target_column(dataset: Dataset) -> Column | None:
    """The only target."""
    names = list(dataset.targets)
    return frames.infer_columns(dataset.train[names])[0] if len(names) == 1 else None


def _unused(dataset: Dataset, extras: Sequence[str]) -> tuple[str, ...]:
    """Columns that are neither the target nor part of a request."""
    taken = {*dataset.features, *extras, *dataset.targets}
    return tuple(str(name) for name in dataset.train.columns if name not in taken)


def declare_slices(dataset: Dataset, job: Job) -> Slices:
    """The slices of the job, with the values found in the training rows."""
    # Sorted, because the manifest keeps no order and a replay must declare the same slices.
    columns = sorted(job.slices_columns)
    try:
        return Slices(
            columns=slice_values(dataset.train, columns, len(job.slices_rules)),
            rules=job.slices_rules,
        )
    except ValueError as error:
        raise UsageError(f"[slices]: {error}", "name fewer columns or rules") from error


def slice_masks(rows: pd.DataFrame, slices: Slices) -> dict[str, npt.NDArray[np.bool_]]:
    """Slice name → mask of ``rows``, shape (n,); raise ``UsageError`` if a rule doesn't apply."""
    try:
        return SliceSet(slices.columns, slices.rules).masks(rows)
    except ValueError as error:
        raise UsageError(
            f"[slices]: {error}", "a rule compares columns with like values"
        ) from error


def _target_names(job: Job) -> tuple[str, ...]:
    if job.target is None and job.task != "outputs":
        raise UsageError(
            "[data] target: expected the name of a column, got nothing", "name the target column"
        )
    return job.targets


def slice_columns(job: Job) -> tuple[str, ...]:
    """The columns that slices read, sorted; raise ``UsageError`` for an invalid rule."""
    try:
        by_value = dict.fromkeys(job.slices_columns, ())
        return tuple(sorted(SliceSet(by_value, job.slices_rules).needs))
    except ValueError as error:
        raise UsageError(
            f"[slices]: {error}", 'a rule looks like: large = "carat >= 1.5"'
        ) from error


def _check_columns(frame: pd.DataFrame, job: Job, targets: Sequence[str]) -> None:
    own = "[data] target" if job.target is not None else "[outputs] target"
    named = [(own, tuple(targets)), ("[data] exclude", job.exclude)]
    named += [("[data] include", job.include), ("[data] train_only", job.train_only)]
    named += [("[test.fairness] columns", job.test.fairness.columns)]
    named += [("[test] groups", job.test.groups)]
    for key, names in [*named, ("[slices]", slice_columns(job))]:
        _check_present(frame, key, names)
    for target in targets:
        if target in slice_columns(job):
            raise UsageError(
                f"[slices]: expected columns that a request can hold, got the target {target!r}",
                "slice by features or by excluded columns",
            )
        if target in job.exclude:
            raise UsageError(
                f"[data] exclude: expected other columns than the target, got {target!r}",
                "take it out of exclude: the model never sees the target anyway",
            )
    features = feature_names(frame, job)
    refuse_reserved(features)
    for key, names in (("exclude", job.monitoring_exclude), ("include", job.monitoring_include)):
        _check_present(frame, f"[monitoring] {key}", names)
        if others := [name for name in names if name not in features]:
            raise UsageError(
                f"[monitoring] {key}: expected a feature, got {others[0]!r}, which the model"
                " never sees",
                "leave it out: only features are compared",
            )


def _report_unlabelled(unlabelled: dict[str, int], target: str, rows: int, job: Job) -> None:
    """Report the dropped rows; raise ``UsageError`` if too much text is read as null."""
    if not unlabelled:
        return
    words = {text: count for text, count in unlabelled.items() if text}
    shown = [f"{count} with the text {display_value(text)}" for text, count in words.items()]
    if blank := unlabelled.get(""):
        shown.append(f"{blank} with an empty cell")
    total, lost = sum(unlabelled.values()), sum(words.values())
    declared = job.reader.columns.get(target)
    is_declared = any(one is not None and one.null is not None for one in (job.reader, declared))
    if lost > MAX_LOST and lost > MAX_LOST_SHARE * rows and not is_declared:
        nulls = ", ".join(toml_text(text) for text in words)
        name = target if target.replace("_", "").isalnum() else toml_text(target)
        classes = f'{name} = {{ kind = "string" }} if it is a class, or '
        raise UsageError(
            f"[data] target: expected labels in {target!r}, got text that is read as null in "
            f"{lost} of {rows} rows: {', '.join(shown)}",
            f"set under [data.columns] of package.toml: "
            f"{classes if job.task == 'classification' else ''}"
            f"{name} = {{ null = [{nulls}] }} if such rows have no label",
        )
    sys.stderr.write(f"{total} rows without {target!r} are left out: {', '.join(shown)}\n")


def _check_present(frame: pd.DataFrame, key: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame.columns:
            known = ", ".join(repr(column) for column in list(frame.columns)[:20])
            raise UsageError(
                f"{key}: expected a column of the data, got {name!r}", f"the columns are {known}"
            )


def _labelled(frame: pd.DataFrame, targets: Sequence[str], task: Task) -> pd.DataFrame:
    """The rows with every target; a target gets the type it has without nulls."""
    present = frame[list(targets)].notna().all(axis=1)
    labelled = rows_of(frame, present.to_numpy(dtype=bool))
    if not len(labelled):
        names = ", ".join(map(repr, targets))
        raise UsageError(
            f"[data] target: expected values in {names}, got none in {len(frame)} rows",
            "name another column, or fill it",
        )
    if task == "outputs":
        if len(labelled) < len(frame):
            labelled = labelled.assign(**{n: _without_null_types(labelled[n]) for n in targets})
        return labelled
    (target,) = targets
    labels = labelled[target]
    if len(labelled) < len(frame) and task == "classification":
        labels = _without_null_types(labels)
        labelled = labelled.copy()
        labelled[target] = labels
    _check_target(frames.infer_columns(labels.to_frame())[0], labels, task)
    return labelled


def _without_null_types(labels: pd.Series[Any]) -> pd.Series[Any]:
    """Undo the type changes caused by nulls: integers to floats, booleans to objects."""
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
        got = "fractions" if fractions else column.kind
        raise UsageError(
            f"[data] target: expected class labels in {column.name!r}, got {got}",
            'name another column, or set task = "regression"',
        )
