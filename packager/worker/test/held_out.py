"""The baseline of a package: statistics of the model on its held-out rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from monitoring.profile.profile import Profile
from monitoring.slices.slices import ALL
from packager.manifest.manifest import Schema
from packager.model.model import Model
from packager.model.predictions import Predictions, scalars
from packager.worker.job import Job
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.fairness import fairness_baseline, group_values
from packager.worker.test.group_codes import group_codes
from packager.worker.test.judged_rows import Judged, JudgedOutputs, JudgedRows, baseline_of
from packager.worker.test.policy_names import check_policy
from packager.worker.test.reference_effects import reference_effects
from packager.worker.train.dataset import Dataset

Mask = npt.NDArray[np.bool_]


def held_out_baseline(
    model: Model,
    dataset: Dataset,
    masks: Mapping[str, Mask],
    schema: Schema,
    profile: Profile,
    job: Job,
) -> Baseline:
    """The statistics of ``model`` on the held-out rows, for each slice that has any.

    Raise ``UsageError`` if ``[test]`` names an absent column, metric or slice.
    """
    every = {ALL: np.ones(len(dataset.test), np.bool_)}
    others = {name: mask for name, mask in masks.items() if name != ALL}
    answers = model.predict(dataset.test[list(dataset.features)])
    judged = _judged(answers, dataset, schema, job)
    found = baseline_of(judged, {**every, **others})
    effects = reference_effects(dataset, profile, schema, job, answers)
    found = found.model_copy(update={"reference_effects": effects})
    check_policy(job.test, found)
    if not isinstance(judged, JudgedRows):
        return found
    values = group_values(dataset.train, job.test.fairness)
    grouped = fairness_baseline(judged, dataset.test, values, found, job.test.fairness)
    return found.model_copy(update={"answers": class_baseline(judged), "fairness": grouped})


def _judged(found: Predictions, dataset: Dataset, schema: Schema, job: Job) -> Judged:
    names = list(dataset.features)
    groups = group_codes(dataset.test, job.test.groups)
    if job.task == "outputs":
        return JudgedOutputs.of(dataset.test, schema.outputs, found, names, groups)
    truth = scalars(dataset.test[dataset.target])
    return JudgedRows(job.task, truth, found, schema.classes, groups)
