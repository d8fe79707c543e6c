"""The baseline of a package: statistics of the model on its held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.slices.slices import ALL
from packager.errors import UsageError
from packager.manifest.manifest import Schema
from packager.model.model import Model
from packager.model.predictions import scalars
from packager.worker.job import Job
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.fairness import fairness_baseline, group_values
from packager.worker.test.judged_rows import Judged, JudgedOutputs, JudgedRows, baseline_of
from packager.worker.test.policy_names import check_policy
from packager.worker.train.dataset import Dataset

Mask = npt.NDArray[np.bool_]


def held_out_baseline(
    model: Model, dataset: Dataset, masks: Mapping[str, Mask], schema: Schema, job: Job
) -> Baseline:
    """The statistics of ``model`` on the held-out rows, for each slice that has any.

    Raise ``UsageError`` if ``[test]`` names an absent column, metric or slice.
    """
    every = {ALL: np.ones(len(dataset.test), np.bool_)}
    others = {name: mask for name, mask in masks.items() if name != ALL}
    judged = _judged(model, dataset, schema, job)
    found = baseline_of(judged, {**every, **others})
    check_policy(job.test, found)
    if not isinstance(judged, JudgedRows):
        return found
    values = group_values(dataset.train, job.test.fairness)
    grouped = fairness_baseline(judged, dataset.test, values, found, job.test.fairness)
    return found.model_copy(update={"answers": class_baseline(judged), "fairness": grouped})


def _judged(model: Model, dataset: Dataset, schema: Schema, job: Job) -> Judged:
    names = list(dataset.features)
    found = model.predict(dataset.test[names])
    groups = group_codes(dataset.test, job.test.groups)
    if job.task == "outputs":
        return JudgedOutputs.of(dataset.test, schema.outputs, found, names, groups)
    truth = scalars(dataset.test[dataset.target])
    return JudgedRows(job.task, truth, found, schema.classes, groups)


def group_codes(rows: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """The group of each row by the equal values of ``columns``, shape (n,); None for no column."""
    if not columns:
        return None
    for name in columns:
        if name not in rows.columns:
            raise UsageError(
                f"[test] groups: expected the column {name!r} in the data, which lack it",
                "without it, rows that belong together would count as independent",
            )
    codes = rows.groupby(list(columns), dropna=False, sort=False).ngroup()
    return np.asarray(codes, np.int64)
